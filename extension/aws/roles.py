"""Roles that the function's own keys may assume: STS AssumeRole, and the keys that it gave, while they last.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html. Loaded when the first role is asked for.
"""

from __future__ import annotations

import _thread

from extension import dates, freshness
from extension.aws import outcome, xml
from extension.aws.call import Budget, Call
from extension.aws.credentials import Credentials
from extension.errors import SourceError
from extension.percent import UNRESERVED, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from extension.aws.client import Client
    from extension.aws.endpoints import Endpoint
    from extension.clock import Clock, Instant

MOST_ROLES = 20  # as the Secrets Manager Agent's max_roles
RENEWED_EARLY = 300.0  # seconds before a role's keys expire
FAILED_FOR = 5.0  # seconds that a refusal is believed, as with names
_FAILURES_MOST = 256
_SESSION_CHARACTERS = UNRESERVED.replace("~", "") + "+=,@"
_SESSION_LENGTH = 64


def session_name(function: str) -> str:
    """What CloudTrail shows as the session: ``preheat-FUNCTION``, in STS's own pattern, ``[\\w+=,.@-]{2,64}``."""
    name = f"preheat-{function}" if function else "preheat"
    return "".join([part if part in _SESSION_CHARACTERS else "-" for part in name[:_SESSION_LENGTH]])


def assume_role(
    client: Client, endpoint: Endpoint, region: str, role: str, session: str, budget: Budget
) -> Credentials:
    """Temporary keys of ``role`` (an ARN), asked for with the function's own; ``SourceError`` where that is refused."""
    form = f"Action=AssumeRole&Version=2011-06-15&RoleArn={encode(role)}&RoleSessionName={encode(session)}"  # for 1 h
    headers = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
    answer = client.perform(Call("sts", region, endpoint, headers=headers, body=form.encode("ascii")), budget)
    try:
        fields = dict(xml.leaves(answer.body))
        keys = fields["AccessKeyId"], fields["SecretAccessKey"], fields["SessionToken"]
    except (ValueError, KeyError):
        raise outcome.failure(outcome.TRANSIENT, "", "AssumeRole was answered with nonsense") from None
    expires = dates.from_iso(fields.get("Expiration", ""))
    if expires is None:
        return Credentials(*keys)
    # By STS's clock, which need not be ours.
    answered = dates.from_http(answer.headers.get("date", ""))
    return Credentials(*keys, expires=expires if answered is None else answer.sent.wall + expires - answered)


class AssumedRoles:
    """The keys of the roles in use. Thread-safe; only so many are held, and the least recently used leaves, to come
    back when it is asked for again."""

    __slots__ = ("_assume", "_clock", "_failures", "_held", "_lock", "_under_way")

    def __init__(self, assume: Callable[[str, Budget], Credentials], clock: Clock) -> None:
        self._assume = assume
        self._clock = clock
        self._lock = _thread.allocate_lock()  # guards all that follows
        self._held: dict[str, Credentials] = {}  # the least recently used first
        self._failures: dict[str, tuple[SourceError, Instant]] = {}  # the last one of each role, for a few seconds
        self._under_way: dict[str, _Assuming] = {}

    def current(self, role: str, budget: Budget) -> Credentials:
        """Keys of the role. Who asks while it is being assumed waits for the same outcome, a failure too."""
        until = min(self._clock.monotonic() + budget.timeout, budget.expires)
        while True:
            with self._lock:
                known = self._known(role)
                if known is not None:
                    return known
                assuming = self._under_way.get(role)
                leads = assuming is None
                if assuming is None:
                    assuming = self._under_way[role] = _Assuming(spare=role in self._held)
            left = until - self._clock.monotonic()
            if leads:
                self._lead(role, assuming, Budget(left, budget.cancel, budget.expires))
            elif not assuming.wait(left):
                raise outcome.failure(outcome.TIMEOUT, "", "no time was left to assume the role")
            if assuming.error is not None:
                raise assuming.error.with_traceback(None)
            if assuming.keys is not None:
                return assuming.keys
            if budget.cancel.cancelled:
                raise outcome.failure(outcome.CONNECTION, "", "cancelled")
            # Who led was called off, for a reason of its own.

    def renew(self, role: str) -> None:
        """Its keys were refused: assume it anew next time."""
        with self._lock:
            self._held.pop(role, None)

    def forget(self) -> None:
        """Assume every role anew: what is held is from before a snapshot."""
        with self._lock:
            self._held.clear()
            self._failures.clear()

    def _known(self, role: str) -> Credentials | None:
        """Its keys where they do; raises where it was refused just now."""
        now = self._clock.now()
        keys = self._held.get(role)
        left = keys.expires - now.wall if keys is not None else 0.0
        if left <= 0.0:
            self._held.pop(role, None)
        if left <= RENEWED_EARLY:
            error, since = self._failures.get(role, (None, now))
            if error is None or freshness.age(now, since) >= FAILED_FOR or freshness.stepped_back(now, since):
                return None
            if not error.transient:
                raise error.with_traceback(None)
            if left <= 0.0:
                return None
        assert keys is not None
        self._held[role] = self._held.pop(role)  # the most recently used one now
        return keys

    def _lead(self, role: str, assuming: _Assuming, budget: Budget) -> None:
        """Assume it, for everyone who waits for that."""
        if assuming.spare:
            budget.timeout /= 2  # the keys that there are do for some minutes: time must be left to use them
        try:
            assuming.keys = self._assume(role, budget)
        except SourceError as error:
            error.role = role
            if not budget.cancel.cancelled:
                assuming.error = error
        finally:
            with self._lock:
                self._settle(role, assuming)
            assuming.done.release()

    def _settle(self, role: str, assuming: _Assuming) -> None:
        del self._under_way[role]
        error = assuming.error
        if assuming.keys is not None:
            self._failures.pop(role, None)
            self._held.pop(role, None)
            self._held[role] = assuming.keys
            if len(self._held) > MOST_ROLES:
                del self._held[next(iter(self._held))]
        elif error is not None:
            self._failures.pop(role, None)
            self._failures[role] = (error, self._clock.now())
            if len(self._failures) > _FAILURES_MOST:
                del self._failures[next(iter(self._failures))]
            if not error.transient:
                self._held.pop(role, None)
            elif role in self._held:
                assuming.keys, assuming.error = self._held[role], None


class _Assuming:
    """One AssumeRole under way; ``spare``: there are keys that still do. Without keys and without error once ``done``:
    it was called off."""

    __slots__ = ("done", "error", "keys", "spare")

    def __init__(self, spare: bool) -> None:
        self.spare = spare
        self.keys: Credentials | None = None
        self.error: SourceError | None = None
        self.done = _thread.allocate_lock()
        self.done.acquire()

    def wait(self, seconds: float) -> bool:
        """Until it is done; False where that takes longer."""
        if not self.done.acquire(timeout=max(seconds, 0.0)):
            return False
        self.done.release()
        return True
