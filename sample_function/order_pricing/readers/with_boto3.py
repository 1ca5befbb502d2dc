"""With boto3 and no extension: what the others are compared with.

Fetches at the first use, one after another, and keeps what it got for as long as the environment lives: the usual
code, which does not notice a rotation.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from order_pricing.readers import translating

if TYPE_CHECKING:
    from order_pricing.readers import Reader


class Boto3Reader:
    """A client for each service, a call for each thing."""

    def __init__(self) -> None:
        self._secrets_manager = boto3.client("secretsmanager")
        self._ssm = boto3.client("ssm")
        self._s3 = boto3.client("s3")
        # An exception is not kept: the next invocation tries again.
        self.secret = cache(self._secret)
        self.parameter = cache(self._parameter)
        self.object = cache(self._object)

    def _secret(self, name: str) -> str:
        with translating(BotoCoreError, ClientError, what=name):
            return str(self._secrets_manager.get_secret_value(SecretId=name).get("SecretString"))

    def _parameter(self, name: str) -> str:
        with translating(BotoCoreError, ClientError, what=name):
            return str(self._ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])

    def _object(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        with translating(BotoCoreError, ClientError, what=uri):
            content: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            return content


def make() -> Reader:
    """The reader."""
    return Boto3Reader()
