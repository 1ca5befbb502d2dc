"""What can go wrong, as a small tree of exceptions whose texts say what to do. None holds a value or a token."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from preheat.answers import Answer

    What = tuple[object, ...]

_MOST_TEXT = 600  # characters of what the sidecar says
_SHORTEST_TOKEN = 8  # characters; a shorter one is somebody's test, and part of ordinary words


class PreheatError(Exception):
    """Base of all that this package raises, but for ``ValueError`` and ``TypeError`` where a call makes no sense.

    ``status`` is the HTTP status behind it (None: there was no answer), ``code`` AWS's or Preheat's code ("" where
    there is none), ``resource`` the name as the sidecar understood it.
    """

    def __init__(self, message: str, *, status: int | None = None, code: str = "", resource: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.resource = resource


class SidecarUnavailable(PreheatError):
    """Nothing listens on the port, or what answers there is not Preheat. The text says which layer to attach, or
    which variable to look at."""


class SidecarTimeout(SidecarUnavailable):
    """The sidecar took the question and did not answer within the client's timeout."""


class BadToken(PreheatError):
    """The sidecar does not know the token (401)."""


class BadRequest(PreheatError):
    """The sidecar did not understand the question: a malformed name or option (400 and its like)."""


class AccessDenied(PreheatError):
    """IAM or ``PREHEAT_ALLOW`` forbids it (403); the text names the action to grant."""


class NotFound(PreheatError):
    """There is no such secret, parameter, object, version or field (404)."""


class RowNotFound(NotFound, KeyError):
    """The table has no row with that key."""

    __str__ = Exception.__str__  # a KeyError would show its text as a key


class Throttled(PreheatError):
    """AWS throttles, or too many connections are open to the sidecar (429). Another try later may succeed."""


class Unavailable(PreheatError):
    """AWS failed or timed out, or the sidecar ends (500 to 504). Another try later may succeed."""


class TransformFailed(PreheatError):
    """``transform`` could not make anything of the value."""


def called(what: What) -> str:
    """How texts call a thing, of which the first two members are its kind and its name."""
    return f"{what[0]} {what[1]!r}"


_CLASSES: dict[int, type[PreheatError]] = {403: AccessDenied, 404: NotFound, 429: Throttled}


def refusal(what: str, answer: Answer, token: str = "") -> PreheatError:
    """The exception for an answer that is no success; ``what`` was asked for, as it is named to people."""
    if answer.media_type == "application/problem+json":
        import json

        try:
            return from_problem(what, json.loads(answer.body), token)
        except ValueError:
            pass
    elif answer.status == 429:  # the connection limit, which the sidecar answers in the words of AWS's agent
        return Throttled(f"{what}: too many connections are open to the sidecar", status=429)
    return SidecarUnavailable(
        f"{what}: what answers on Preheat's port is not Preheat (status {answer.status}); is another extension bound"
        " to it? PREHEAT_PORT moves both sides",
        status=answer.status,
    )


def from_problem(what: str, document: object, token: str = "") -> PreheatError:
    """The exception for a problem document (RFC 9457); ``ValueError`` where it is none."""
    if not isinstance(document, dict):
        raise ValueError("no object")
    status = document.get("status")
    if not isinstance(status, int) or not 400 <= status <= 599:
        raise ValueError("no status of an error")
    if status == 401:
        where = "the session token that the environment holds" if token else "a question without session token"
        advice = "in Lambda it is AWS_SESSION_TOKEN; elsewhere set the same PREHEAT_TOKEN for both sides"
        return BadToken(f"{what}: the sidecar does not accept {where}: {advice}", status=401)
    detail, code, resource = [_plain(document.get(name), token) for name in ("detail", "code", "resource")]
    message = f"{what}: {detail or _plain(document.get('title'), token)}" + (f" ({code})" if code else "")
    kind = RowNotFound if code == "RowNotFound" else _CLASSES.get(status, BadRequest if status < 500 else Unavailable)
    return kind(message, status=status, code=code, resource=resource)


def _plain(text: object, token: str) -> str:
    """Words for one line of a log, whoever wrote them: bounded, printable, without the token."""
    if not isinstance(text, str):
        return ""
    if len(token) >= _SHORTEST_TOKEN:
        text = text.replace(token, "[token]")
    return "".join([character if character.isprintable() else " " for character in text[:_MOST_TEXT]])
