"""Errors of our own paths: ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from extension import jsontext
from extension.http1.connection import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.errors import SourceError
    from extension.references import Resource

_TITLES = {
    400: "Bad request",
    401: "Bad session token",
    403: "Not permitted",
    404: "Not found",
    405: "Method not allowed",
    413: "Too large",
    414: "Target too long",
    416: "Range not satisfiable",
    429: "Throttled",
    431: "Header too large",
    500: "Internal fault",
    501: "Not implemented",
    502: "AWS failed",
    503: "Not ready",
    504: "AWS timed out",
    505: "HTTP version not supported",
}
TEXT = (b"Content-Type", b"text/plain")
JSON = (b"Content-Type", b"application/json")
PROBLEM = (b"Content-Type", b"application/problem+json")


def problem(
    status: int,
    detail: str,
    *,
    code: str = "",
    resource: str = "",
    title: str = "",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Response:
    """An error as an answer; ``detail`` is for people and holds no value."""
    return answer(document(status, detail, code=code, resource=resource, title=title), headers)


def missing_field(resource: Resource) -> dict[str, object]:
    """What a ``field`` that is not in the secret comes to; names neither keys nor value."""
    detail = "the secret is no JSON object with such a key"
    return document(404, detail, code="FieldNotFound", resource=resource.label)


def document(status: int, detail: str, *, code: str = "", resource: str = "", title: str = "") -> dict[str, object]:
    """An error as a problem document."""
    members: dict[str, object] = {"status": status, "title": title or _TITLES.get(status, "Error"), "detail": detail}
    if code:
        members["code"] = code
    if resource:
        members["resource"] = resource
    return members


def answer(members: dict[str, object], headers: tuple[tuple[bytes, bytes], ...] = ()) -> Response:
    """A problem document as an answer."""
    status = members["status"]
    assert isinstance(status, int)
    return Response(status, [PROBLEM, (b"Cache-Control", b"no-store"), *headers], jsontext.dumps(members))


def source_problem(error: SourceError, resource: Resource, needs: str) -> dict[str, object]:
    """What a failed read comes to; ``needs`` is the IAM action and ARN that it takes."""
    detail = error.message
    if error.status == 403 and error.code != "NotListed":
        # Without s3:ListBucket, S3 says 403 for a key that does not exist.
        if resource.service == "s3" and not error.role:
            detail = f"missing, or not permitted: grant {needs}, and s3:ListBucket to be told which. {detail}"
        else:
            detail = f"not permitted: grant {needs}. {detail}"
    return document(error.status, detail, code=error.code, resource=resource.label)
