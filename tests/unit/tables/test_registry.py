"""Which version of a table is there: what is asked for, what is made of the answer, what becomes of the files."""

import gzip
import os
import shutil
import signal
import threading
import time

import pytest

from extension.aws.call import Budget
from extension.errors import SourceError
from extension.files import NoRoom
from extension.references import parse_list
from extension.sources.object import NotModified
from extension.tables import files
from extension.tables.registry import Tables
from tests.unit.doubles import double
from tests.unit.hand_clock import HandClock

# 3.12 and later warn where other threads are, as in the sidecar itself.
pytestmark = pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")

SMALL = b"k,v\nEUR,1\nUSD,2\n"
LARGE = b"k,v\n" + b"".join([b"%d,%d\n" % (number, number) for number in range(50_000)])


class Bench:
    """One listed table, and S3's answers to its questions."""

    def __init__(self, folder, reference="s3://bucket/a.csv?table=t&key=k", *, memory=1 << 22, seconds=8.0):
        self.logged = []
        (entry,) = parse_list("s3", reference, "PREHEAT_S3")
        self.tables = Tables({entry.resource: entry}, str(folder), memory, seconds, HandClock(), double(self))
        self.listed = self.tables.get(entry.resource)
        self.held = None

    def warn(self, event, **fields):
        self.logged.append((event, fields))

    def answer(self, body, etag, budget=None, meanwhile=lambda: None):
        """S3 answers 200; the table, which is held from now on."""
        taker = self.listed.taker(self.held)
        place = taker.place(len(body))
        file = place.create("key", len(body))
        file.write(body, 0)
        meanwhile()
        try:
            self.held = taker.changed({"etag": f'"{etag}"'}, file, "sha1", budget or Budget(5.0))
        finally:
            if not file.kept:
                place.discard(file)
        return self.held

    def not_modified(self, budget=None):
        """S3 answers 304; the table, or the note that the one that is held is right."""
        return self.listed.taker(self.held).unchanged(budget or Budget(5.0))

    @property
    def asks_with(self):
        return self.listed.taker(self.held).etag

    @property
    def names(self):
        """The files, by their endings."""
        return sorted(name.rpartition(".")[2] for name in os.listdir(self.tables.folder.path))


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.tables.close()


def cancelled():
    budget = Budget(5.0)
    budget.cancel.cancel()
    return budget


def failing(work, *arguments):
    with pytest.raises(SourceError) as caught:
        work(*arguments)
    assert caught.value.transient  # so that the version before goes on answering
    return caught.value.code


@pytest.mark.parametrize("body", [SMALL, LARGE, gzip.compress(SMALL), gzip.compress(LARGE)], ids=len)
def test_a_version_is_made_and_then_asked_for(bench, body):
    assert "" == bench.asks_with
    table = bench.answer(body, "one")
    row = b'{"k":"EUR","v":"1"}' if len(body) < 100 else b'{"k":"49999","v":"49999"}'
    assert row == table.get(("EUR" if len(body) < 100 else "49999",))
    assert (body, "sha1") == (bytes(table.body), table.checksum)
    assert "one" == bench.asks_with
    assert ["index", "object"] == [name for name in bench.names if name != "data"]
    assert ("data" in bench.names) == (body[:2] == b"\x1f\x8b")


def test_unchanged_is_what_is_held(bench):
    table = bench.answer(SMALL, "one")
    result = bench.not_modified()
    assert isinstance(result, NotModified)
    assert table is result.held


def test_an_evicted_one_is_opened_again(bench):
    bench.answer(SMALL, "one")
    bench.held = None
    assert b'{"k":"EUR","v":"1"}' == bench.not_modified().held.get(("EUR",))


def test_files_that_somebody_removed_are_fetched_again(bench):
    bench.answer(SMALL, "one")
    bench.held = None
    for name in os.listdir(bench.tables.folder.path):
        os.unlink(f"{bench.tables.folder.path}/{name}")
    assert "" == bench.asks_with
    assert b'{"k":"EUR","v":"1"}' == bench.answer(SMALL, "one").get(("EUR",))


def test_a_folder_that_somebody_removed_is_made_again(bench):
    first = bench.answer(SMALL, "one")
    path = bench.tables.folder.path
    shutil.rmtree(path)
    assert isinstance(bench.not_modified(), NotModified)
    assert b'{"k":"EUR","v":"1"}' == first.get(("EUR",))
    assert b'{"k":"7","v":"7"}' == bench.answer(LARGE, "two").get(("7",))
    assert (path, 0o700) == (bench.tables.folder.path, os.stat(path).st_mode & 0o777)
    shutil.rmtree(path)
    bench.held = None
    assert "" == bench.asks_with


def test_what_is_held_outlives_its_files_and_the_next_version(bench):
    first = bench.answer(LARGE, "one")
    second = bench.answer(LARGE.replace(b",7\n", b",seven\n"), "two")
    assert [b'{"k":"7","v":"7"}', b'{"k":"7","v":"seven"}'] == [table.get(("7",)) for table in (first, second)]
    path = bench.tables.folder.path
    bench.tables.close()
    assert [] == os.listdir(os.path.dirname(path))
    assert "TableNoRoom" == failing(bench.answer, SMALL, "three")
    assert not os.path.exists(path)
    assert [b'{"k":"9","v":"9"}', b'{"k":"9","v":"9"}'] == [table.get(("9",)) for table in (first, second)]


def test_one_that_is_being_made_when_its_round_ends_is_taken_up_by_the_next(bench):
    assert "TableNotReady" == failing(bench.answer, LARGE, "one", cancelled())
    assert "one" == bench.asks_with
    assert b'{"k":"7","v":"7"}' == bench.not_modified().get(("7",))


def test_a_newer_version_ends_the_one_that_is_being_made(bench):
    failing(bench.answer, LARGE, "one", cancelled())
    assert b'{"k":"EUR","v":"1"}' == bench.answer(SMALL, "two").get(("EUR",))
    assert "two" == bench.asks_with


def test_one_that_nobody_could_wait_for_is_there_for_who_comes_later(bench):
    """Two rounds wait for the same one."""
    failing(bench.answer, LARGE, "one", cancelled())
    found = []
    waiting = [bench.listed.taker(None) for _ in range(2)]
    threads = [threading.Thread(target=lambda each=each: found.append(each.unchanged(Budget(5.0)))) for each in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [b'{"k":"7","v":"7"}'] * 2 == [each.get(("7",)) for each in found]


def test_what_can_be_no_table_is_not_fetched_twice(bench):
    first = bench.answer(SMALL, "one")
    assert "TableInvalid" == failing(bench.answer, b"a,b\n", "two")
    assert "two" == bench.asks_with
    assert "TableInvalid" == failing(bench.not_modified)
    assert b'{"k":"EUR","v":"1"}' == first.get(("EUR",))
    assert b'{"k":"EUR","v":"1"}' == bench.answer(SMALL, "three").get(("EUR",))
    assert ["index", "object"] == bench.names


def test_a_full_disk_is_told_and_may_be_over_later(bench, tmp_path, monkeypatch):
    bench.answer(SMALL, "one")

    def fill():
        monkeypatch.setattr(files, "HEADROOM", 1 << 60)

    packed = gzip.compress(LARGE)
    assert "TableNoRoom" == failing(bench.answer, packed, "two", None, fill)
    with pytest.raises(NoRoom, match=f"^{len(LARGE)} bytes, where {tmp_path} has room for 0$"):
        bench.answer(LARGE, "two")
    assert "one" == bench.asks_with
    assert ["index", "object"] == bench.names
    monkeypatch.undo()
    assert b'{"k":"7","v":"7"}' == bench.answer(packed, "two").get(("7",))


def test_no_place_for_files_at_all(tmp_path):
    bench = Bench(tmp_path / "absent")
    assert "TableNoRoom" == failing(bench.answer, SMALL, "one")


def test_an_index_that_is_too_large_for_the_memory_is_refused(tmp_path):
    bench = Bench(tmp_path, memory=100_000)
    assert "TableTooLarge" == failing(bench.answer, LARGE, "one")
    bench.tables.close()


def test_what_takes_too_long_is_refused(tmp_path):
    bench = Bench(tmp_path, "s3://bucket/a.csv.gz?table=t&key=k", memory=1 << 30, seconds=0.1)  # a second at least
    body = gzip.compress(b"k\n" + b"".join([b"%d\n" % number for number in range(1000)]) * 8000, 1)
    started = time.monotonic()
    assert "TableTooLarge" == failing(bench.answer, body, "one")
    assert time.monotonic() - started < 40
    assert "one" == bench.asks_with
    bench.tables.close()


def test_a_child_that_is_killed_is_tried_again(bench):
    failing(bench.answer, LARGE * 20, "one", cancelled())
    os.kill(bench.listed._making._pid, signal.SIGKILL)
    assert "TableNoRoom" == failing(bench.not_modified)
    assert "" == bench.asks_with


def test_closing_ends_the_child(bench, tmp_path):
    failing(bench.answer, LARGE * 20, "one", cancelled())
    pid = bench.listed._making._pid
    bench.tables.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert [] == list(tmp_path.iterdir())


def test_where_no_process_can_be_had_it_is_made_here(bench, monkeypatch):
    def fork():
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", fork)
    assert b'{"k":"7","v":"7"}' == bench.answer(LARGE, "one").get(("7",))


def test_what_goes_into_a_folder_that_somebody_removed_is_not_looked_for_in_the_next_one(bench):
    gone = bench.listed.taker(None).place(1)
    file = gone.create("key", 1)
    shutil.rmtree(gone.path)
    new = bench.listed.taker(None).place(1).create("key", 1)
    gone.discard(file)
    assert new.reachable
    assert file.name != new.name
    with pytest.raises(OSError, match="Bad file descriptor"):
        gone.create("key", 1)


def test_a_folder_in_use_is_not_shared(tmp_path):
    first, second = Bench(tmp_path), Bench(tmp_path)
    first.answer(SMALL, "one")
    assert "" == second.asks_with
    assert first.tables.folder.path != second.tables.folder.path
    for each in (first, second):
        each.tables.close()


def test_no_row_is_in_a_repr(bench):
    table = bench.answer(SMALL, "one")
    assert "<Table of 2 rows>" == repr(table)
