"""Parts: who fetches which, what happens to one that fails, and that nothing of a half object is left."""

import os
import threading
from collections import Counter

import pytest

from extension.aws import outcome
from extension.aws.call import Budget, Enough
from extension.errors import SourceError
from extension.files import Files
from extension.sources import ranged
from extension.sources.ranged import Download
from tests.unit.hand_clock import HandClock

PART = 100
BODY = os.urandom(1050)
BROKEN = outcome.failure(outcome.CONNECTION, "", "broken")
CHANGED = outcome.failure(outcome.TRANSIENT, "PreconditionFailed", "another")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(ranged, "PART", PART)


class Bench:
    """S3 with one object, and helpers that work when they are told to."""

    def __init__(self, folder, body=BODY, etag='"e1"'):
        self.body = body
        self.files = Files(str(folder), HandClock().monotonic)
        self.asked = []
        self.offers = []
        self.errors = {}  # first byte -> what is raised instead, once
        self.answers = {}  # first byte -> (Content-Range, bytes)
        self.budget = Budget(5.0)
        self.download = Download(self, self.files, "bucket/key", etag, len(body), self.budget)
        self.sent = 0

    # What S3 and the fetcher do

    def ask(self, headers, budget, body):
        conditions = dict(headers)
        start, end = [int(number) for number in conditions["Range"].removeprefix("bytes=").split("-")]
        self.asked.append((start, end))
        assert '"e1"' == conditions["If-Match"]
        if start in self.errors:
            error = self.errors.pop(start)
            if callable(error):
                error()
            else:
                raise error
        said, data = self.answers.get(start, (f"bytes {start}-{end}/{len(self.body)}", self.body[start : end + 1]))
        body.begin({"content-range": said})
        for at in range(0, len(data), 30):
            body.write(data[at : at + 30])

    def lend(self, work):
        self.offers.append(work)

    # What a test does

    def help(self, count=1):
        for _ in range(count):
            self.offers.pop(0)()

    def send(self, count, piece=40):
        """Let the first answer go on; False where it has had enough."""
        try:
            for _ in range(count):
                data = self.body[self.sent : self.sent + piece]
                self.sent += len(data)
                self.download.write(data)
        except Enough:
            return False
        return True

    def finish(self):
        file = self.download.finish()
        found = b"".join(file.chunks())
        file.kept = True
        self.download.close()
        return found

    @property
    def left(self):
        return os.listdir(self.files.path)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_without_help_the_first_answer_brings_everything(bench):
    assert bench.send(27)
    assert (BODY, []) == (bench.finish(), bench.asked)


def test_help_is_called_for_at_most_three_times_and_by_nobody_for_one_part(tmp_path):
    counts = {size: len(Bench(tmp_path, bytes(size)).offers) for size in (0, 1, 100, 101, 200, 201, 400, 401, 1050)}

    assert {0: 0, 1: 0, 100: 0, 101: 1, 200: 1, 201: 2, 400: 3, 401: 3, 1050: 3} == counts


def test_without_an_etag_nobody_helps(tmp_path):
    """A part would be of any version."""
    bench = Bench(tmp_path, etag="")

    assert [] == bench.offers
    assert bench.send(27)
    assert BODY == bench.finish()


def test_helpers_begin_at_the_end_and_the_first_answer_goes_as_far_as_nobody_else_has(bench):
    bench.help(3)
    assert [(1000, 1049), (900, 999), (800, 899)] == bench.asked
    assert 3 == len(bench.offers)
    bench.help(3)

    assert not bench.send(100)
    assert 500 <= bench.sent < 540
    assert BODY == bench.finish()
    assert 6 == len(bench.asked)


def test_a_helper_that_comes_late_finds_nothing_to_do(bench):
    bench.send(27)
    bench.finish()
    bench.help(3)

    assert ([], []) == (bench.asked, bench.offers)


def test_what_the_first_answer_did_not_bring_is_fetched_by_ranges(bench):
    bench.send(3)
    with pytest.raises(Enough):
        bench.download.begin_again('"e1"')

    assert BODY == bench.finish()
    assert (120, 199) == bench.asked[0]
    assert 10 == len(bench.asked)


def test_a_part_that_a_helper_fails_to_bring_is_taken_again(bench):
    bench.errors = {1000: BROKEN, 900: BROKEN}
    bench.help(3)
    assert 1 == len(bench.offers)  # who failed is not asked again
    bench.send(100)

    assert BODY == bench.finish()
    assert {(1000, 1049): 2, (900, 999): 2} == Counter(bench.asked)


def test_a_fault_of_ours_in_a_helper_leaves_no_hole(bench):
    bench.errors = {1000: ZeroDivisionError()}
    with pytest.raises(ZeroDivisionError):
        bench.help()
    bench.send(100)

    assert BODY == bench.finish()


def test_a_part_that_can_not_be_had_fails_the_whole_and_nothing_is_left(bench):
    bench.send(3)
    bench.errors = {1000: BROKEN}
    with pytest.raises(SourceError, match="broken"):
        bench.download.finish()
    bench.download.close()

    assert [] == bench.left


@pytest.mark.parametrize("by_helper", [True, False])
def test_an_object_that_has_changed_is_of_no_use(bench, by_helper):
    bench.errors = {1000: CHANGED}
    if by_helper:
        bench.help()
        assert not bench.send(1)
    assert bench.download.finish() is None
    bench.download.close()

    assert [] == bench.left


def test_another_version_in_the_second_answer_is_a_change(bench):
    with pytest.raises(Enough):
        bench.download.begin_again('"e2"')

    assert bench.download.finish() is None


@pytest.mark.parametrize(
    ("said", "data", "problem"),
    [
        ("", b"", "another range"),
        ("bytes 900-999/2000", BODY[900:1000], "another range"),
        ("bytes 0-1049/1050", BODY, "another range"),
        ("bytes 900-999/1050", BODY[900:999], "less than the range"),
        ("bytes 900-999/1050", BODY[900:1001], "more than the range"),
    ],
)
def test_an_answer_that_is_not_the_range_is_refused(bench, said, data, problem):
    bench.answers = {900: (said, data)}
    with pytest.raises(SourceError, match=problem):
        bench.download.finish()


def test_the_end_waits_for_helpers_and_ends_them(bench):
    begun = threading.Event()

    def hang():
        begun.set()
        for budget in bench.download._flying:
            with pytest.raises(Exception, match="cancelled"):
                budget.cancel.pause(10.0)
        raise BROKEN

    bench.errors = {1000: hang}
    helper = threading.Thread(target=bench.help)
    helper.start()
    assert begun.wait(10)
    bench.download.close()

    assert ([], []) == (bench.left, bench.download._flying)
    helper.join()


def test_a_disk_that_fails_in_the_middle_is_told(bench, monkeypatch):
    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", broken)
    with pytest.raises(SourceError, match="no file can be written: No space left on device") as caught:
        bench.send(1)
    bench.download.close()

    assert (413, "EntityTooLarge", True) == (caught.value.status, caught.value.code, caught.value.transient)
    assert [] == bench.left
