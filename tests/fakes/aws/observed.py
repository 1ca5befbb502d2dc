"""What a test can see of the stand-in: the calls, how many at once, and holding them back."""

from __future__ import annotations

from tests.fakes.aws.calls import Call, CallLog
from tests.fakes.aws.hold import Hold
from tests.fakes.aws.matching import Match, Matcher


class Observed:
    """The watching side of FakeAws."""

    def __init__(self) -> None:
        self._log = CallLog()
        self._holds: list[Hold] = []

    @property
    def calls(self) -> list[Call]:
        return self._log.all()

    def count(self, action: str | None = None) -> int:
        """How many calls there were: all, or those of an action, service, role or resource (see Call.matches)."""
        return len([call for call in self.calls if action is None or call.matches(action)])

    def wait_calls(self, count: int, match: Match = None, timeout: float = 10.0) -> list[Call]:
        """Until that many matching calls have come in (finished or not); raises Timeout."""
        return self._log.wait(Matcher(match), count, timeout, f"{count} calls of {match or 'any kind'}")

    def wait_finished(self, count: int, match: Match = None, timeout: float = 10.0) -> list[Call]:
        """Until that many matching calls are over (answered or abandoned); raises Timeout."""
        matches = Matcher(match)
        return self._log.wait(
            lambda call: call.t_out is not None and matches(call), count, timeout, f"{count} finished calls"
        )

    def clear_calls(self) -> None:
        """Forget all calls so far, and the maximum in flight."""
        self._log.clear()

    @property
    def in_flight(self) -> int:
        return self._log.in_flight

    @property
    def max_in_flight(self) -> int:
        return self._log.max_in_flight

    def hold(self, count: int | None = None, match: Match = None, *, timeout: float = 5.0) -> Hold:
        """Keep answers back until `count` matching requests are in flight at once; None: until release().

        After `timeout` seconds what waits is answered 500 and `hold_failed` is true.
        """
        hold = Hold(count, timeout, match)
        self._holds.append(hold)
        return hold

    @property
    def hold_failed(self) -> bool:
        return any(hold.failed for hold in self._holds)

    def find_hold(self, call: Call) -> Hold | None:
        """The hold that this call is to wait at, if any."""
        return next((hold for hold in self._holds if not hold.is_over and hold.matches(call)), None)

    def discard_holds(self) -> None:
        """Let everything through and give the descriptors back."""
        for hold in self._holds:
            hold.discard()
