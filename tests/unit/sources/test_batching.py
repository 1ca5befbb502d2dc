"""When a batch may be made, and what is learnt from one that failed."""

import pytest

from extension.references import secret_resource
from extension.sources.batching import BatchMemories, BatchMemory, chunks, grouped
from tests.unit.hand_clock import HandClock
from tests.unit.sources.scripted import DENIED, MALFORMED, MISSING, SERVER_ERROR, THROTTLED, TIMED_OUT

A, B, C = [secret_resource(name) for name in "abc"]
GOOD = object()


def fall_back(results, memory=None):
    """A memory after a batch of these sank and its single calls came to that."""
    memory = memory or BatchMemory(HandClock())
    fallback = memory.sank(list(results))
    for resource, result in results.items():
        fallback.note(resource, result)
    return memory


def test_at_first_a_batch_may_be_made_of_anything():
    memory = BatchMemory(HandClock())

    assert (True, False) == (memory.usable, memory.alone(A))


@pytest.mark.parametrize(
    ("results", "usable", "alone"),
    [
        ({A: GOOD, B: GOOD, C: GOOD}, False, ""),  # nobody was refused alone: it is the batch action that is
        ({A: GOOD, B: DENIED, C: GOOD}, True, "b"),
        ({A: GOOD, B: MALFORMED, C: GOOD}, True, "b"),
        ({A: DENIED, B: DENIED, C: DENIED}, True, "abc"),
        ({A: GOOD, B: MISSING, C: GOOD}, False, ""),  # a missing name sinks no batch
        ({A: GOOD, B: TIMED_OUT, C: GOOD}, True, ""),  # it might have been this one: nothing is learnt
        ({A: GOOD, B: THROTTLED, C: GOOD}, True, ""),
        ({A: GOOD, B: SERVER_ERROR, C: DENIED}, True, "c"),
        ({A: SERVER_ERROR}, True, ""),
        ({A: GOOD}, False, ""),
    ],
)
def test_the_single_calls_tell_whose_fault_it_was(results, usable, alone):
    memory = fall_back(results)

    assert usable is memory.usable
    assert list(alone) == [resource.name for resource in (A, B, C) if memory.alone(resource)]


def test_nothing_is_learnt_before_the_last_single_call_is_through():
    memory = BatchMemory(HandClock())
    fallback = memory.sank([A, B])
    fallback.note(A, DENIED)

    assert (True, False) == (memory.usable, memory.alone(A))
    fallback.note(B, GOOD)
    assert (True, True) == (memory.usable, memory.alone(A))


def test_a_denied_batch_is_remembered_for_the_life_of_the_process():
    clock = HandClock()
    memory = fall_back({A: GOOD}, BatchMemory(clock))

    clock.advance(365 * 86400)

    assert not memory.usable


def test_a_name_that_sank_a_batch_stays_alone_even_where_it_comes_good():
    memory = fall_back({A: DENIED, B: GOOD})

    fall_back({A: GOOD, B: MISSING, C: DENIED}, memory)

    assert [True, False, True] == [memory.alone(resource) for resource in (A, B, C)]


@pytest.mark.parametrize(("seconds", "usable"), [(0, False), (59.999, False), (60, True), (61, True)])
def test_a_throttled_batch_is_left_alone_for_a_minute(seconds, usable):
    clock = HandClock()
    memory = BatchMemory(clock)

    memory.throttled()
    clock.advance(seconds)

    assert usable is memory.usable


def test_throttling_again_begins_the_minute_anew_and_says_nothing_of_names():
    clock = HandClock()
    memory = BatchMemory(clock)
    memory.throttled()
    clock.advance(59)
    memory.throttled()
    clock.advance(59)

    assert (False, False) == (memory.usable, memory.alone(A))
    clock.advance(1)
    assert memory.usable


def test_a_thousand_names_are_remembered_and_the_first_goes_then():
    memory = BatchMemory(HandClock())
    names = [secret_resource(f"name-{number}") for number in range(1002)]

    memory.learn(names)

    assert names[:2] == [name for name in names if not memory.alone(name)]


def test_each_role_in_each_region_has_a_memory_of_its_own():
    memories = BatchMemories(HandClock())
    fall_back({A: GOOD}, memories.of("here", "role"))

    assert not memories.of("here", "role").usable
    assert memories.of("here", "").usable
    assert memories.of("there", "role").usable


@pytest.mark.parametrize(
    ("count", "expected"), [(0, []), (1, [1]), (9, [9]), (10, [10]), (11, [10, 1]), (30, [10, 10, 10])]
)
def test_chunks_are_full_but_for_the_last_and_nothing_is_lost(count, expected):
    pieces = chunks(list(range(count)), 10)

    assert expected == [len(piece) for piece in pieces]
    assert list(range(count)) == [item for piece in pieces for item in piece]


def test_groups_keep_their_order_and_that_of_their_items():
    assert [["b1", "b2"], ["a1"], ["c1"]] == grouped(["b1", "a1", "b2", "c1"], lambda text: text[0])
    assert [] == grouped([], lambda text: text)
