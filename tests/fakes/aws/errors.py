"""AWS's errors and how each protocol writes them: JSON 1.1, S3's XML, the query protocol's XML."""

from __future__ import annotations

import base64
import json
import os
import uuid
from typing import Any
from xml.sax.saxutils import escape

from tests.fakes.http_message import Reply

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


class AwsError(Exception):
    """One refusal. `spelling` is the member of a JSON body that holds the text: the services do not agree on it."""

    def __init__(
        self,
        code: str,
        message: str | None = None,
        status: int = 400,
        *,
        spelling: str = "Message",
        extra: dict[str, str] | None = None,
        headers: list[tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status
        self.spelling = spelling
        self.extra = extra or {}
        self.headers = headers or []


# What each service answers when it throttles or fails by itself: (status, code, text, spelling).
THROTTLED = {
    "secretsmanager": (400, "ThrottlingException", "Rate exceeded", "message"),
    "ssm": (400, "ThrottlingException", "Rate exceeded", "message"),
    "s3": (503, "SlowDown", "Please reduce your request rate.", "Message"),
    "sts": (400, "Throttling", "Rate exceeded", "Message"),
}
ERROR_500 = {
    "secretsmanager": (500, "InternalServiceError", "An error occurred on the server side.", "Message"),
    "ssm": (500, "InternalServerError", "An error occurred on the server side.", "Message"),
    "s3": (500, "InternalError", "We encountered an internal error. Please try again.", "Message"),
    "sts": (500, "InternalFailure", "The request processing has failed because of an unknown error.", "Message"),
}
ERROR_503 = {
    "secretsmanager": (503, "ServiceUnavailableException", "Service is unable to handle request.", "message"),
    "ssm": (503, "ServiceUnavailableException", "Service is unable to handle request.", "message"),
    "s3": (503, "ServiceUnavailable", "Service is unable to handle request.", "Message"),
    "sts": (503, "ServiceUnavailable", "Service is unable to handle request.", "Message"),
}


def service_error(table: dict[str, tuple[int, str, str, str]], service: str) -> AwsError:
    """The entry of one of the tables above as an error."""
    status, code, text, spelling = table.get(service, table["secretsmanager"])
    return AwsError(code, text, status, spelling=spelling)


def render_error(error: AwsError, service: str) -> Reply:
    """An error in the protocol of that service."""
    if service == "s3":
        return s3_error(error)
    if service == "sts":
        return query_error(error)
    document: dict[str, Any] = {"__type": error.code}
    if error.message is not None:
        document[error.spelling] = error.message
    return json_answer(document, status=error.status, headers=error.headers)


def json_answer(document: dict[str, Any], *, status: int = 200, headers: list[tuple[str, str]] | None = None) -> Reply:
    """An answer of a JSON 1.1 service, compact as AWS writes it."""
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    fixed = [("x-amzn-RequestId", str(uuid.uuid4())), ("Content-Type", "application/x-amz-json-1.1")]
    return Reply(status, [*fixed, *(headers or [])], body)


def s3_headers() -> list[tuple[str, str]]:
    """The two identifiers that every S3 answer carries."""
    return [
        ("x-amz-id-2", base64.b64encode(os.urandom(42)).decode()),
        ("x-amz-request-id", uuid.uuid4().hex[:16].upper()),
        ("Server", "AmazonS3"),
    ]


def s3_error(error: AwsError) -> Reply:
    """S3's error document; a 304 and an answer to HEAD have none."""
    headers = s3_headers()
    request_id, host_id = headers[1][1], headers[0][1]
    members = {"Code": error.code, "Message": error.message or "", **error.extra}
    members |= {"RequestId": request_id, "HostId": host_id}
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())
    headers += [("Content-Type", "application/xml"), *error.headers]
    return Reply(error.status, headers, (XML + f"<Error>{inner}</Error>").encode())


def query_error(error: AwsError) -> Reply:
    """STS's error document."""
    fault = "Sender" if error.status < 500 else "Receiver"
    request_id = str(uuid.uuid4())
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
        f"  <Error>\n    <Type>{fault}</Type>\n    <Code>{escape(error.code)}</Code>\n"
        f"    <Message>{escape(error.message or '')}</Message>\n  </Error>\n"
        f"  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
    )
    return Reply(error.status, [("x-amzn-RequestId", request_id), ("Content-Type", "text/xml")], body.encode())
