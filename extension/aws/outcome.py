"""What an AWS error code means for a reader: the table of contract §4, as data."""

from __future__ import annotations

from extension import jsontext
from extension.aws import xml
from extension.errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

THROTTLED = "throttled"
SKEWED_CLOCK = "skewed_clock"
CREDENTIALS = "credentials"
DENIED = "denied"
NOT_FOUND = "not_found"
MALFORMED = "malformed"
TRANSIENT = "transient"
TIMEOUT = "timeout"
CONNECTION = "connection"
FROZEN = "frozen"  # the environment, in the middle of a call
TOO_LARGE = "too_large"  # for PREHEAT_CACHE_MEMORY, or for /tmp

# kind -> (status of our answer, worth a retry and a stale value)
ANSWERS = {
    THROTTLED: (429, True),
    SKEWED_CLOCK: (502, True),
    CREDENTIALS: (502, True),
    DENIED: (403, False),
    NOT_FOUND: (404, False),
    MALFORMED: (400, False),
    TRANSIENT: (502, True),
    TIMEOUT: (504, True),
    CONNECTION: (502, True),
    FROZEN: (504, True),
    TOO_LARGE: (413, True),  # no other try helps, but what is held from before is as good as ever
}

_KINDS = {
    THROTTLED: (
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "SlowDown",
        "ProvisionedThroughputExceededException",
    ),
    SKEWED_CLOCK: (
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "RequestTimeTooSkewed",
        "RequestExpired",
    ),
    CREDENTIALS: (
        "ExpiredToken",
        "ExpiredTokenException",
        "UnrecognizedClientException",
        "InvalidToken",
        "InvalidClientTokenId",  # STS's and S3's names for the same
        "InvalidAccessKeyId",
    ),
    DENIED: (
        "AccessDenied",
        "AccessDeniedException",
        "DecryptionFailure",
        "InvalidKeyId",
        "InvalidObjectState",
        "AllAccessDisabled",
    ),
    NOT_FOUND: (
        "ResourceNotFoundException",
        "ParameterNotFound",
        "ParameterVersionNotFound",
        "NoSuchKey",
        "NoSuchBucket",
        "NoSuchVersion",
    ),
    MALFORMED: (
        "ValidationException",
        "ValidationError",  # STS's name for the same
        "InvalidParameterException",
    ),
}
_KIND_OF_CODE = {code: kind for kind, codes in _KINDS.items() for code in codes}


def kind_of(code: str, status: int, message: str = "") -> str:
    """The class of an error answer; ``code`` is AWS's bare code, "" where the answer carried none."""
    kind = _KIND_OF_CODE.get(code)
    if kind:
        return kind
    if code.startswith("KMS") and status < 500:  # KMSAccessDeniedException, KMSDisabledException, … as the services
        return THROTTLED if "Throttl" in code else DENIED  # pass them on
    if code == "InvalidRequestException" and "marked for deletion" in message:
        return NOT_FOUND
    if status == 429:
        return THROTTLED
    if status >= 500:
        return TRANSIENT
    if not code and status in (403, 404):  # answers without a body: HEAD, or somebody between us and AWS
        return DENIED if status == 403 else NOT_FOUND
    return TRANSIENT


def failure(kind: str, code: str, message: str, answered: int = 0) -> SourceError:
    """The error of that class; ``message`` is for the log and the problem's detail and holds no value. ``answered``:
    the status of the answer that says so."""
    status, transient = ANSWERS[kind]
    return SourceError(status, transient=transient, code=code, message=message, kind=kind, answered=answered)


def from_answer(status: int, headers: Mapping[str, str], body: bytes) -> SourceError:
    """The error that an answer of 300 or above stands for.

    JSON services (AWS JSON 1.1 protocol): the code is ``__type``, between what a ``#`` and a ``:`` may set apart; S3
    and STS: an XML ``<Code>``.
    """
    code = message = ""
    if body.lstrip()[:1] == b"{":
        try:
            document = jsontext.loads(body)
        except ValueError:
            document = {}
        if isinstance(document, dict):
            code = _text(document.get("__type")) or _text(document.get("code"))
            message = _text(document.get("message")) or _text(document.get("Message"))
    else:
        try:
            fields = dict(reversed(xml.leaves(body)))  # the outermost of a repeated name comes first
        except ValueError:
            fields = {}
        code, message = fields.get("Code", ""), fields.get("Message", "")
    code = code or headers.get("x-amzn-errortype", "")
    code = code.partition(":")[0].rpartition("#")[2]
    return failure(kind_of(code, status, message), code, message or f"AWS answered {status}", status)


def from_item(code: str, message: str) -> SourceError:
    """The error of one item of a batch, which has a code and no status of its own: that of a single call."""
    return failure(kind_of(code, 400, message), code, message, 400)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
