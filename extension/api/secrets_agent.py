"""The paths, bodies and errors of AWS's Secrets Manager Agent (Workload Credentials Provider), to the byte.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/secrets-manager-agent.html and the source of
https://github.com/aws/aws-workload-credentials-provider. Its answers never carry a Content-Type. Loaded when the first
such path is asked for.
"""

from __future__ import annotations

import binascii

from extension import jsontext
from extension.api.parameters_and_secrets import SECRET_PATH
from extension.api.questions import versioned_secret
from extension.api.reading import answer_with
from extension.api.target import flag, parameters
from extension.aws import outcome
from extension.errors import SourceError
from extension.http1.connection import Response
from extension.naming import check_role
from extension.percent import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.api.questions import Question
    from extension.http1.connection import Reply
    from extension.reading import Reading
    from extension.resolution import Resolver
    from extension.sources.secrets_manager import Secret
    from extension.store import Store

PREFIX = "/v1/"
FORWARDED = Response(400, [], b"Forwarded")
UNAUTHORIZED = Response(403, [], b"Bad Token")
NOT_ALLOWED = Response(405, [], b"Not allowed")
NOT_FOUND = Response(404, [], b"Not found")
_OPTIONS = ("versionId", "versionStage", "refreshNow", "roleArn")
_BAD_ROLE = "invalid roleArn format, expected arn:<partition>:iam::<account>:role/<name>"


class Malformed(Exception):
    """A request that is not understood; the text is the answer's body."""


def ask(resolver: Resolver, path: str, query: str) -> Question | None:
    """``/v1/<secretId>`` or ``/secretsmanager/get``; None for a path that is neither. ``Malformed``, or ``ValueError``
    where what is asked for can be no secret."""
    by_path = path.startswith(PREFIX)
    if not by_path and path.removesuffix("/") != SECRET_PATH:
        return None
    asked = {"secretId": decode(path[len(PREFIX) :])} if by_path else {}
    if by_path and not asked["secretId"]:
        raise Malformed("missing secret ID")
    force = False
    for name, value in parameters(query):
        if not name and not value:
            continue  # nothing between two &
        if name not in _OPTIONS and (by_path or name != "secretId"):
            raise Malformed("unknown parameter: " + name)
        if name == "refreshNow":
            force = _refresh(value)
        asked[name] = value  # the last of a repeated one counts
    if not asked.get("secretId"):
        raise Malformed("missing parameter secretId")
    role = asked.get("roleArn")
    if role is not None:
        _check_role(role)
    return versioned_secret(
        resolver,
        asked["secretId"],
        stage=asked.get("versionStage", ""),
        version=asked.get("versionId", ""),
        role=role or "",
        force=force,
    )


def _refresh(text: str) -> bool:
    try:
        return flag(text)
    except ValueError:
        raise Malformed("invalid refreshNow value") from None


def _check_role(role: str) -> None:
    try:
        check_role(role or "none")
    except ValueError:
        raise Malformed(_BAD_ROLE) from None


def answer(store: Store, question: Question, reply: Reply) -> None:
    """The secret, or AWS's error."""

    def render(result: Reading | SourceError) -> Response:
        if isinstance(result, SourceError):
            return failed(result)
        if question.stage and question.stage not in result.value.stages:
            return _error(400, "ResourceNotFoundException", "This version of the secret is not at that stage.")
        return Response(200, [], secret_body(result.value))

    answer_with(store, question.resources[0], reply, render, force=question.force)


def malformed(error: Exception) -> Response:
    """What a request comes to that is not understood; where the agent would leave it to AWS to say so, in its words."""
    if isinstance(error, Malformed):
        return Response(400, [], str(error).encode())
    return _error(400, "ValidationException", str(error))


def failed(error: SourceError) -> Response:
    """An error of AWS's with its own status, or what became of a call that AWS did not answer."""
    if error.role and not error.transient:
        return _error(403, "AccessDeniedException", f"Failed to create caching client from role: {error.role}")
    if error.answered:
        return _error(error.answered, error.code, error.message)
    if error.kind in (outcome.TIMEOUT, outcome.FROZEN):
        return _error(504, "TimeoutError", "Timeout")
    if error.kind == outcome.CONNECTION:
        return _error(502, "ConnectionError", "Read Error")
    if error.code == "Unknown":
        return _error(502, "ConnectionError", "Response Error")
    return _error(error.status, error.code, error.message)


def _error(status: int, code: str, message: str) -> Response:
    if code == "Unknown":
        code = "InternalFailure"
    if code == "InternalFailure":
        return Response(status, [], jsontext.dumps({"__type": code}))
    return Response(status, [], jsontext.dumps({"__type": code, "message": message}))


def secret_body(secret: Secret) -> bytes:
    """The agent's own document: what is absent is left out, and the date is seconds since the epoch, as a string."""
    document: dict[str, object] = {"ARN": secret.arn, "Name": secret.name, "VersionId": secret.version or None}
    if secret.string is not None:
        document["SecretString"] = secret.string
    if secret.binary is not None:
        document["SecretBinary"] = binascii.b2a_base64(secret.binary, newline=False).decode("ascii")
    if secret.stages:
        document["VersionStages"] = secret.stages
    document["CreatedDate"] = None if secret.created is None else _seconds(secret.created)
    return jsontext.dumps(document)


def _seconds(moment: float) -> str:
    """As Rust prints a number of millisecond precision: no zeros at its end."""
    milliseconds = round(moment * 1000)
    fraction = f"{milliseconds % 1000:03d}".rstrip("0")
    return f"{milliseconds // 1000}.{fraction}" if fraction else str(milliseconds // 1000)
