"""The checks at the door, in the contract's order (§3): forwarded, then token. The connection limit comes before
them, in the loop; route and method come after them, in the router."""

from __future__ import annotations

import _thread
from _operator import _compare_digest as compare_digest

from extension.aws.call import Budget
from extension.errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from extension.aws.credentials import CredentialStore
    from extension.clock import Clock
    from extension.fetcher import Fetcher
    from extension.http1.request import Request

_NAMES = ("AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "PREHEAT_TOKEN")
_RENEW_EVERY = 1.0  # seconds
_RENEW_WITHIN = 1.0
TOKEN_HEADERS = (b"x-aws-parameters-secrets-token", b"x-vault-token")
_HOSTS = (b"localhost", b"127.0.0.1", b"[::1]", b"sandbox.localdomain")


def forwarded(request: Request) -> bool:
    """Whether the request did not come straight from this machine: it carries ``X-Forwarded-For``, or names another
    host (DNS rebinding), or none, or two."""
    if request.get(b"x-forwarded-for") is not None:
        return True
    hosts = request.count(b"host")
    if hosts == 0:
        return request.http11
    if hosts > 1:
        return True
    host = request.get(b"host") or b""
    name, colon, port = host.rpartition(b":")
    if not colon or host.endswith(b"]"):
        name, port = host, b""
    return name.lower() not in _HOSTS or (bool(port) and not port.isdigit())


class Tokens:
    """What a caller may show: the function's session token, current or the one before, and what the operator has
    set."""

    __slots__ = ("_clock", "_credentials", "_fetcher", "_fixed", "_lock", "_renewed", "_waiting")

    def __init__(
        self, environ: Mapping[str, str], credentials: CredentialStore, fetcher: Fetcher, clock: Clock
    ) -> None:
        self._fixed = tuple([environ[name].encode("utf-8", "surrogateescape") for name in _NAMES if environ.get(name)])
        self._credentials = credentials
        self._fetcher = fetcher
        self._clock = clock
        self._renewed = float("-inf")
        self._lock = _thread.allocate_lock()
        self._waiting: list[Callable[[], None]] | None = None  # for what is being read; None: nothing is

    @property
    def any(self) -> bool:
        """Whether there is one at all; without, nothing but ``/ping`` can be asked."""
        return bool(self._fixed) or self._credentials.rotates

    def accept(self, request: Request) -> bool:
        """Whether one of the request's token headers holds one of them. Each comparison takes the same time whatever
        the bytes are, and all of them are made."""
        found = False
        for name in TOKEN_HEADERS:
            shown = request.get(name)
            if not shown:
                continue
            for token in self._fixed:
                found |= compare_digest(shown, token)
            for text in self._credentials.session_tokens():
                found |= compare_digest(shown, text.encode("utf-8", "surrogatepass"))
        return found

    def renew(self, then: Callable[[], None]) -> bool:
        """The function may have got newer credentials than ours from the container endpoint: read them anew, at most
        once a second, and call ``then`` from a worker; False where there is nothing to read. Who comes while they are
        being read waits for the same."""
        now = self._clock.monotonic()
        with self._lock:
            if self._waiting is not None:
                self._waiting.append(then)
                return True
            if not self._credentials.rotates or now - self._renewed < _RENEW_EVERY:
                return False
            self._renewed = now
            self._waiting = [then]
        self._fetcher.ahead(self._read)
        return True

    def _read(self) -> None:
        try:
            self._credentials.reload(Budget(_RENEW_WITHIN))
        except SourceError:
            pass  # the endpoint does not answer: the token is as unknown as before
        finally:
            with self._lock:
                waiting, self._waiting = self._waiting or [], None
            for then in waiting:
                then()
