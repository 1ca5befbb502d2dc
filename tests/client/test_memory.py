"""The bounds of layer 1, and what it does not show."""

from __future__ import annotations

import os

import pytest

from preheat.memory import LARGEST, MOST_BYTES, MOST_ENTRIES, Entry, Memory
from tests.client.stand_in import ok


def entry(size: int = 10, value: str = "s3cr3t") -> Entry:
    return Entry(value, size, 1, 300, 1000.0, 50.0)


def used(memory: Memory) -> int:
    return sum(each.size for each in memory.entries.values())


def test_it_holds_a_bounded_number_of_entries_and_drops_the_oldest():
    memory = Memory()
    for number in range(MOST_ENTRIES + 10):
        memory.hold(number, entry())

    assert list(range(10, MOST_ENTRIES + 10)) == list(memory.entries)


def test_it_holds_a_bounded_number_of_bytes_and_drops_the_oldest():
    memory = Memory()
    for number in range(50):
        memory.hold(number, entry(LARGEST))

    assert MOST_BYTES >= used(memory) > MOST_BYTES - 2 * LARGEST
    assert 49 in memory.entries
    assert 0 not in memory.entries


def test_replacing_an_entry_again_and_again_drops_no_other():
    memory = Memory()
    memory.hold("other", entry())
    for _ in range(100):
        memory.hold("large", entry(LARGEST))

    assert ["other", "large"] == list(memory.entries)


def test_room_is_given_back_where_an_entry_is_replaced_by_a_smaller_one():
    memory = Memory()
    for number in range(7):
        memory.hold(number, entry(LARGEST))
    for number in range(7):
        memory.hold(number, entry(1))
    for number in range(7, 13):
        memory.hold(number, entry(LARGEST))

    assert list(range(13)) == list(memory.entries)


def test_a_value_that_is_too_large_is_not_held():
    memory = Memory()
    memory.hold("large", entry(LARGEST + 1))

    assert {} == memory.entries


def test_a_large_object_is_read_from_the_sidecar_each_time(stand_in):
    stand_in.usual = lambda connection, request: ok(b"x" * (LARGEST + 1))
    client = stand_in.client()

    assert client.get_object("s3://b/k") == client.get_object("s3://b/k") == b"x" * (LARGEST + 1)
    assert 2 == len(stand_in.requests)


def test_nobody_waits_where_another_thread_is_just_adding():
    """As after a fork in that moment: the lock is never given back."""
    memory = Memory()
    memory.hold("old", entry())
    memory._lock.acquire()

    memory.hold("new", entry())

    assert ["old"] == list(memory.entries)


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_child_forked_in_that_moment_has_a_memory_of_its_own(stand_in):
    client = stand_in.client()
    client.get_secret("before")
    client._memory._lock.acquire()

    child = os.fork()
    if child == 0:
        status = 1
        try:
            client.get_secret("after")
            status = 0 if [("secret", "after", None, None)] == list(client._memory.entries) else 2
        finally:
            os._exit(status)

    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_values_are_not_shown(stand_in):
    stand_in.usual = lambda connection, request: ok("s3cr3t")
    client = stand_in.client()
    client.get_secret("db")
    memory = client._memory

    shown = (
        f"{client!r} {memory!r} {list(memory.entries.values())!r} {client._channel!r} {client._channel._local.idle!r}"
    )

    assert "s3cr3t" not in shown
    assert "token" not in shown
