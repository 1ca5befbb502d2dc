"""With ``requests``, as AWS documents it for its Parameters and Secrets extension: the same paths, header and answers.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

import requests

from order_pricing.readers import Unreadable

if TYPE_CHECKING:
    from order_pricing.readers import Reader

_TIMEOUT = (1, 10)  # seconds to connect, and between bytes


class RequestsReader:
    """Code written for AWS's extension, unchanged; only S3, which that one does not have, is a path of Preheat's."""

    def __init__(self) -> None:
        self._port = os.environ.get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT") or os.environ.get("PREHEAT_PORT") or 2773
        self._session = requests.Session()
        self._session.trust_env = False  # neither a proxy nor .netrc is for localhost

    def secret(self, name: str) -> str:
        """See ``Reader``."""
        answer = self._get("/secretsmanager/get", name, secretId=name)
        return str(answer.json()["SecretString"])

    def parameter(self, name: str) -> str:
        """See ``Reader``."""
        answer = self._get("/systemsmanager/parameters/get", name, name=name, withDecryption="true")
        return str(answer.json()["Parameter"]["Value"])

    def object(self, uri: str) -> bytes:
        """See ``Reader``."""
        return self._get("/s3/" + quote(uri.removeprefix("s3://")), uri).content

    def _get(self, path: str, what: str, **parameters: str) -> requests.Response:
        url = f"http://localhost:{self._port}{path}"
        headers = {"X-Aws-Parameters-Secrets-Token": os.environ.get("AWS_SESSION_TOKEN", "")}
        try:
            answer = self._session.get(url, params=parameters, headers=headers, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise Unreadable(
                f"{what}: no answer from the extension on port {self._port} ({type(error).__name__});"
                " is Preheat's layer attached to the function?"
            ) from None
        if answer.status_code != 200:
            # AWS's extension answers every failure with the same 400; Preheat says in a header what is behind it.
            cause = answer.headers.get("Preheat-Error", "the extension's log says why")
            raise Unreadable(f"{what}: the extension answered {answer.status_code} ({cause})")
        return answer


def make() -> Reader:
    """The reader."""
    return RequestsReader()
