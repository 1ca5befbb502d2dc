"""The bounded store of entries: two bounds, the least recently read goes first, and whoever goes is named."""

import random

import pytest

from extension.cache import OVERHEAD, Entry, EntryCache
from extension.clock import Instant
from extension.freshness import DUE, FRESH, LAPSED, Policy
from extension.references import secret_resource

PLENTY = 1 << 30


class Value:
    """Something of a size."""

    etag = version = "1"

    def __init__(self, size):
        self.size = size


class Bench:
    """A cache that tells who was evicted. Sizes are what the bound counts: the overhead is part of them."""

    def __init__(self, items=1000, memory=PLENTY):
        self.evicted = []
        self.cache = EntryCache(items, memory, lambda entry: self.evicted.append(entry.key))

    def entry(self, key, size=OVERHEAD):
        entry = Entry(key, secret_resource(str(key)))
        entry.value = Value(size - OVERHEAD)
        return entry

    def put(self, key, size=OVERHEAD):
        return self.cache.put(self.entry(key, size))

    @property
    def keys(self):
        return {entry.key for entry in self.cache}


def test_an_entry_that_was_put_can_be_read_and_peeked_at():
    bench = Bench()
    entry = bench.entry("a", OVERHEAD + 100)

    assert bench.cache.put(entry)

    assert bench.cache.read("a") is entry
    assert bench.cache.peek("a") is entry
    assert (1, OVERHEAD + 100) == (len(list(bench.cache)), bench.cache.used)


def test_what_is_not_there_is_none():
    bench = Bench()

    assert (None, None) == (bench.cache.read("a"), bench.cache.peek("a"))
    assert (0, 0) == (len(list(bench.cache)), bench.cache.used)


def test_at_the_bound_of_items_the_least_recently_read_goes():
    bench = Bench(items=3)
    for key in "abc":
        bench.put(key)
    bench.cache.read("a")

    bench.put("d")

    assert (["b"], {"a", "c", "d"}) == (bench.evicted, bench.keys)


def test_peeking_and_iterating_do_not_count_as_reading():
    bench = Bench(items=3)
    for key in "abc":
        bench.put(key)
    bench.cache.peek("a")
    list(bench.cache)

    bench.put("d")

    assert ["a"] == bench.evicted


def test_putting_an_entry_again_counts_as_reading_it():
    bench = Bench(items=2)
    entry = bench.entry("a")
    bench.cache.put(entry)
    bench.put("b")
    bench.cache.put(entry)

    bench.put("c")

    assert ["b"] == bench.evicted


def test_the_bound_of_memory_counts_the_overhead_and_is_itself_allowed():
    bench = Bench(memory=3000)
    for key in "abc":
        bench.put(key, 1000)
    assert [] == bench.evicted
    assert 3000 == bench.cache.used

    bench.put("d", 1001)

    assert (["a", "b"], {"c", "d"}, 2001) == (bench.evicted, bench.keys, bench.cache.used)


@pytest.mark.parametrize(("size", "stored"), [(2999, True), (3000, True), (3001, False)])
def test_what_alone_is_larger_than_the_bound_is_not_stored_and_evicts_nobody(size, stored):
    bench = Bench(memory=3000)
    bench.put("a", 600)

    assert stored is bench.put("big", size)

    assert ({"big"} if stored else {"a"}) == bench.keys
    assert (["a"] if stored else []) == bench.evicted


def test_an_entry_that_grows_beyond_the_bound_goes_and_is_named():
    bench = Bench(memory=3000)
    entry = bench.entry("a", 1000)
    bench.cache.put(entry)
    bench.put("b", 1000)

    entry.value = Value(3000)

    assert not bench.cache.put(entry)
    assert (["a"], {"b"}, 1000) == (bench.evicted, bench.keys, bench.cache.used)


def test_an_entry_that_grows_makes_no_more_room_than_it_needs():
    """Its old size is given back: 900 held, 100 more wanted, 1000 allowed, so nobody has to go."""
    bench = Bench(memory=3 * 900 + 100)
    entry = bench.entry("a", 900)
    bench.cache.put(entry)
    bench.put("b", 900)
    bench.put("c", 900)

    entry.value = Value(1000 - OVERHEAD)

    assert bench.cache.put(entry)
    assert ([], {"a", "b", "c"}, 2800) == (bench.evicted, bench.keys, bench.cache.used)


@pytest.mark.parametrize(
    ("size", "gone"), [(1000, []), (1300, ["b"]), (2100, ["b"]), (2101, ["b", "c"]), (3000, ["b", "c"])]
)
def test_an_entry_that_grows_is_never_the_one_that_goes_for_it(size, gone):
    """Being named would tear its spellings from it, though it was the least recently read one."""
    bench = Bench(memory=3000)
    entry = bench.entry("a", 900)
    bench.cache.put(entry)
    bench.put("b", 900)
    bench.put("c", 900)

    entry.value = Value(size - OVERHEAD)

    assert bench.cache.put(entry)
    assert (gone, {"a", "b", "c"} - set(gone)) == (bench.evicted, bench.keys)
    assert 900 * (2 - len(gone)) + size == bench.cache.used


def test_an_entry_that_shrinks_gives_its_memory_back():
    bench = Bench(memory=3000)
    entry = bench.entry("a", 2000)
    bench.cache.put(entry)

    entry.value = Value(1000 - OVERHEAD)
    bench.cache.put(entry)

    assert 1000 == bench.cache.used


def test_another_entry_under_the_same_key_takes_its_place():
    bench = Bench()
    bench.put("a", 1000)
    other = bench.entry("a", 700)
    bench.cache.put(other)

    assert bench.cache.peek("a") is other
    assert (1, 700) == (len(list(bench.cache)), bench.cache.used)


def test_removing_names_the_entry_and_what_is_not_there_names_nobody():
    bench = Bench()
    bench.put("a")

    bench.cache.remove("a")
    bench.cache.remove("a")
    bench.cache.remove("never")

    assert (["a"], 0, 0) == (bench.evicted, len(list(bench.cache)), bench.cache.used)


def test_one_item_is_a_bound_too():
    bench = Bench(items=1)

    assert bench.put("a")
    assert bench.put("b")

    assert (["a"], {"b"}) == (bench.evicted, bench.keys)


def test_whatever_happens_both_bounds_hold_and_everyone_who_goes_is_named_once():
    random_ = random.Random(3)
    bench = Bench(items=7, memory=8000)
    present = {}
    for _ in range(3000):
        key = random_.randrange(12)
        action = random_.randrange(10)
        before = len(bench.evicted)
        if action < 6:
            entry = bench.cache.peek(key) or bench.entry(key)
            entry.value = Value(random_.choice([0, 100, 1000, 3000, 8000 - OVERHEAD, 8001 - OVERHEAD]))
            stored = bench.cache.put(entry)
            assert stored is (key not in bench.evicted[before:] and entry.size <= 8000)
            if stored:
                present[key] = entry
        elif action < 9:
            bench.cache.read(key)
        else:
            bench.cache.remove(key)
        for gone in bench.evicted[before:]:
            present.pop(gone)  # a KeyError: named twice, or while it stays
        assert set(present) == bench.keys
        assert len(list(bench.cache)) <= 7
        assert bench.cache.used == sum(entry.size for entry in bench.cache) <= 8000


def test_the_age_and_state_of_an_entry_are_those_of_its_question():
    entry = Entry("a", secret_resource("a"))
    entry.sent, entry.policy = Instant(1000.0, 50.0), Policy(100.0, 0.0, 60.0)

    assert 90.0 == entry.age(Instant(1090.0, 70.0))
    assert (FRESH, DUE) == (entry.state(Instant(1079.0, 60.0)), entry.state(Instant(1090.0, 60.0)))
    assert (LAPSED, LAPSED) == (entry.state(Instant(998.0, 60.0)), entry.state(Instant(1100.0, 60.0)))
    entry.expired = True
    assert LAPSED == entry.state(Instant(1001.0, 51.0))
