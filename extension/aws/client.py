"""Signed calls to AWS under one deadline, with retries inside it.

No SDK: importing boto3 with three clients takes 380 ms and 71 MB. What a retry may do follows contract §4's table of
classes; full jitter as in https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
"""

from __future__ import annotations

import os

from extension import dates
from extension.aws import outcome, sigv4
from extension.aws.call import Budget, TooLarge
from extension.aws.connection import CONNECT_LIMIT, ConnectionFailed
from extension.aws.endpoints import signing_region
from extension.aws.exchange import Exchange, Thawed
from extension.errors import SourceError
from extension.http1.fields import BadMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.aws.call import Answer, Call, Sink
    from extension.aws.credentials import CredentialProvider
    from extension.aws.pool import Pool
    from extension.clock import Clock

_BACKOFF_FIRST = 0.1  # seconds; doubled with each attempt, and a random share of it waited
_BACKOFF_MOST = 2.0
_MENDABLE = (outcome.CREDENTIALS, outcome.SKEWED_CLOCK, outcome.FROZEN)
_UNTRUSTED = "UntrustedCertificate"
_REFUSED = "ProxyRefused"
_TOO_LARGE = "EntityTooLarge"
# Trying again does not make a certificate good, nor a bucket move; where a redirect helps it was followed before.
_HOPELESS = (
    _TOO_LARGE,
    _UNTRUSTED,
    _REFUSED,
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "InvalidRange",
    "PreconditionFailed",
)
_FROZEN = "the environment was frozen in the middle of the call"
_SKEW_TOLERATED = 240.0  # seconds; AWS refuses a signature that is 5 minutes off


class Client:
    """Performs calls. Thread-safe; blocks the calling thread for at most the call's budget."""

    __slots__ = ("_clock", "_credentials", "_memory_limit", "_pool", "calls", "skew")

    def __init__(self, pool: Pool, credentials: CredentialProvider, clock: Clock, memory_limit: int) -> None:
        self._pool = pool
        self._credentials = credentials
        self._clock = clock
        self._memory_limit = memory_limit
        self.skew = 0.0  # seconds that AWS's clock is ahead of ours, learnt from a refused signature
        self.calls = 0

    def perform(self, call: Call, budget: Budget, sink: Sink | None = None) -> Answer:
        """The answer to ``call``; ``SourceError`` where AWS refuses, fails, or does not answer within the budget."""
        try:
            return self._attempts(call, budget, sink)
        except SourceError as error:
            # The frames that it comes from hold it and what has come so far, a file say: for as long as nobody collects
            # such a circle.
            error.__context__ = None
            raise error.with_traceback(None) from None

    def _attempts(self, call: Call, budget: Budget, sink: Sink | None) -> Answer:
        started = self._clock.monotonic() - budget.waited
        mended: set[str] = set()  # what is put right once: refused keys, a skewed clock, a freeze
        attempt = 0
        before: SourceError | None = None  # what the last attempt failed with
        while True:
            skew = self.skew
            deadline = min(started + budget.timeout, budget.expires)
            answer, error = self._try(call, budget, deadline, sink)
            if error is None:
                assert answer is not None
                budget.waited = 0.0  # AWS answers: what comes next, another page, has all the time again
                return answer
            if error.kind == outcome.TIMEOUT and before is not None:
                error = before  # the little time that was left says less than what AWS said
            moved = call.elsewhere(answer, error.code) if answer is not None and call.elsewhere is not None else None
            if moved is not None:
                call = moved
                continue
            if error.kind in _MENDABLE:
                if error.kind in mended or not self._mend(error, call, answer, skew):
                    raise error
                mended.add(error.kind)
                if error.kind == outcome.FROZEN:
                    started = self._clock.monotonic()  # done once more, freshly signed, with all its time
                    if budget.expires <= started:  # that was an invocation before
                        budget.expires = float("inf")
                continue
            pause = backoff(attempt) * _random()
            attempt += 1
            hopeless = not error.transient or budget.cancel.cancelled or error.code in _HOPELESS
            hopeless = hopeless or (error.kind == outcome.THROTTLED and not call.patient)
            if hopeless or self._clock.monotonic() + pause >= min(deadline, budget.expires):
                raise error
            before = error
            try:
                budget.cancel.pause(pause)
            except ConnectionFailed:
                raise error from None

    def _try(
        self, call: Call, budget: Budget, deadline: float, sink: Sink | None
    ) -> tuple[Answer | None, SourceError | None]:
        """One attempt: the answer, the error that it or its failure stands for, or both."""
        before = self._clock.wall()
        try:
            answer = self._attempt(call, budget, deadline, sink)
        except Thawed:
            return None, outcome.failure(outcome.FROZEN, "", _FROZEN)
        except ConnectionFailed as failed:
            if self._clock.wall() - before > budget.timeout + CONNECT_LIMIT:  # while connecting
                return None, outcome.failure(outcome.FROZEN, "", _FROZEN)
            kind = outcome.TIMEOUT if failed.timed_out else outcome.CONNECTION
            code = _UNTRUSTED if failed.untrusted else _REFUSED if failed.refused else ""
            return None, outcome.failure(kind, code, str(failed))
        except BadMessage as bad:
            return None, _nonsense(outcome.CONNECTION, call.host, bad.reason)
        except TooLarge as large:
            return None, outcome.failure(outcome.TOO_LARGE, _TOO_LARGE, str(large))
        except SourceError as error:  # no keys to sign with
            return None, error
        if answer.status < 300 or answer.status == 304:
            parsed = _parsed(call, answer)
            return (answer, None) if parsed else (None, _nonsense(outcome.TRANSIENT, call.host, "its body"))
        return answer, outcome.from_answer(answer.status, answer.headers, answer.body)

    def _mend(self, error: SourceError, call: Call, answer: Answer | None, skew: float) -> bool:
        """Put right what made the attempt fail, signed with that skew; False where that is not in our hands."""
        if error.kind == outcome.CREDENTIALS:
            self._credentials.renew(call.role)
            return answer is not None  # refused by AWS; where there are none, asking again makes none
        if error.kind == outcome.SKEWED_CLOCK:
            return answer is not None and self._learn_skew(answer, skew)
        return True

    def _attempt(self, call: Call, budget: Budget, deadline: float, sink: Sink | None) -> Answer:
        """One attempt, and one more on a fresh connection where a pooled one turns out to be dead: the request was not
        answered by a single byte, so nothing was done twice that is not safe to do twice (all our calls only read)."""
        while True:
            limit = deadline - self._clock.monotonic()
            if limit <= 0:
                raise ConnectionFailed("no time was left to ask", timed_out=True)
            credentials = self._credentials.current(call.role, Budget(limit, budget.cancel, budget.expires))
            connection = self._pool.acquire(call.endpoint, call.host, limit, budget.cancel)
            exchange = Exchange(connection, self._clock, budget, deadline)
            reusable = False
            try:
                now = self._clock.now()
                headers = sigv4.sign(
                    method=call.method,
                    host=call.host_header,
                    path=call.path,
                    query=call.query,
                    headers=call.headers,
                    body=call.body,
                    service=call.service,
                    region=signing_region(call.region),
                    access_key=credentials.access_key,
                    secret_key=credentials.secret_key,
                    session_token=credentials.session_token,
                    timestamp=now.wall + self.skew,
                )
                target = call.path + "?" + call.query if call.query else call.path
                self.calls += 1
                answer, reusable = exchange.run(call.method, target, headers, call.body, now, sink, self._memory_limit)
                return answer
            except ConnectionFailed as failed:
                if not connection.reused or exchange.begun or failed.timed_out or budget.cancel.cancelled:
                    raise
            finally:
                budget.cancel.attach(None)
                if reusable:
                    self._pool.release(call.endpoint, call.host, connection)
                else:
                    connection.close()

    def _learn_skew(self, answer: Answer, signed_with: float) -> bool:
        """Whether the server's clock is so far from what was signed that this is why it refused; then sign with its
        time. Another call may have learnt it meanwhile."""
        server = dates.from_http(answer.headers.get("date", ""))
        if server is None:
            return False
        skew = server - self._clock.wall()
        if abs(skew - signed_with) < _SKEW_TOLERATED:
            return False
        self.skew = skew
        return True


def _parsed(call: Call, answer: Answer) -> bool:
    """Whether the body says what it is to say; then the answer's ``content`` is that."""
    if call.parse is not None and answer.status < 300:
        try:
            answer.content = call.parse(answer.body)
        except ValueError:
            return False
    return True


def _nonsense(kind: str, host: str, what: str) -> SourceError:
    return outcome.failure(kind, "", f"{host} answered nonsense: {what}")


def _random() -> float:
    """From 0 to 1. Not from a generator: a SnapStart snapshot would clone its state into every environment."""
    return int.from_bytes(os.urandom(4), "big") / 2**32


def backoff(attempt: int) -> float:
    """Seconds that the pause after that attempt (the first is 0) takes at most."""
    return min(_BACKOFF_FIRST * 2.0**attempt, _BACKOFF_MOST)
