"""What an INVOKE does besides fetching."""

from extension.refresher import Refresher
from tests.unit.doubles import double
from tests.unit.hand_clock import HandClock


class Store:
    """One in which nothing is due."""

    def begin_invocation(self, deadline):
        pass

    def due(self, *, first):
        return []

    def cut(self):
        return 0


def test_the_files_that_were_replaced_before_it_may_go_at_each_invoke():
    released, clock = [], HandClock()
    refresher = Refresher(double(Store()), double(None), released.append, clock, double(None))
    moments = []
    for _ in range(2):
        clock.advance(10)
        moments.append(clock.monotonic())
        refresher.invoke(0)

    assert moments == released
