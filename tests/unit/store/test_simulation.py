"""Anything that can happen, in any order: every reader gets exactly one answer, and one that he may have.

Readers of several spellings and stages, forced and not; answers, failures, cuts, evictions, restores, secrets that are
made anew under the same name, readers who go away. What a secret is worth grows with time, so each answer tells when it
was asked for.
"""

import random

import pytest

from extension.references import secret_resource
from tests.unit.store.bench import DENIED, MISSING, THROTTLED, TIMED_OUT, Bench, Reader, arn_of, secret

NAMES = ("a", "b", "c")
STAGE = "stage:AWSPENDING"
SUFFIXES = ("-AbCdEf", "-XyZ123")
REASONS = {error.code for error in (DENIED, MISSING, THROTTLED, TIMED_OUT)}


class World:
    """One run: a store, the secrets behind it, and all who ever asked."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.bench = Bench(
            secrets="a,b",
            batch=self.random.random() < 0.5,
            freezes=self.random.random() < 0.7,
            cache_items=self.random.choice([1, 2, 100]),
            stale_while_revalidate=self.random.choice([0.0, 20.0]),
        )
        self.readers = []
        self.forced = {}  # reader -> when he asked
        self.suffix = dict.fromkeys(NAMES, SUFFIXES[0])
        self.asked_at = {}  # job -> when it was seen first

    def spelling(self):
        name = self.random.choice(NAMES)
        forms = [name, arn_of(name), arn_of(name, ""), arn_of(name, SUFFIXES[1])]
        resource = secret_resource(self.random.choice(forms))
        return resource.replaced(selector=STAGE) if self.random.random() < 0.2 else resource

    def value(self, resource, asked_at):
        """The secret as it was when the call began."""
        name = resource.name[:1]
        arn = resource.arn if resource.full_arn else arn_of(name, self.suffix[name])
        return secret(name, version=str(asked_at), ARN=arn)

    def note_jobs(self):
        now = self.bench.clock.monotonic()
        for job in self.bench.fetcher.jobs:
            self.asked_at.setdefault(job, (now, self.bench.clock.now()))

    # What can happen

    def read(self):
        force = self.random.random() < 0.25
        reader = Reader(self.bench, self.spelling(), force=force)
        self.readers.append(reader)
        if force and reader.waits:
            self.forced[reader] = self.bench.clock.monotonic()

    def go_away(self):
        waiting = [reader for reader in self.readers if reader.pending and reader.waits]
        if waiting:
            reader = self.random.choice(waiting)
            reader.pending.abandon()
            self.readers.remove(reader)
            self.forced.pop(reader, None)

    def answer(self):
        jobs = self.bench.fetcher.jobs
        if not jobs:
            return
        number = self.random.randrange(len(jobs))
        job = jobs[number]
        moment, sent = self.asked_at[job]
        results = [
            self.random.choice([DENIED, MISSING, THROTTLED, TIMED_OUT])
            if self.random.random() < 0.3
            else self.value(resource, moment)
            for resource in job.call.resources
        ]
        self.bench.answer(*results, job=number, sent=sent)

    def round(self):
        store = self.bench.store
        due = store.due(first=self.random.random() < 0.5)
        store.fetch(due or [secret_resource("a"), secret_resource("b")], store.round())

    def cut(self):
        self.bench.store.cut()
        for job in self.bench.fetcher.jobs:
            assert any(flight.waiters for flight in self.bench.store._flights._aloft.values()), job

    def pass_time(self):
        self.bench.clock.advance(self.random.choice([0.1, 1.0, 6.0, 40.0, 90.0]))

    def make_anew(self):
        self.suffix[self.random.choice(NAMES)] = self.random.choice(SUFFIXES)

    def restore(self):
        self.bench.store.expire()

    def run(self, steps):
        actions = [self.read] * 8 + [self.answer] * 6 + [self.pass_time] * 3
        actions += [self.round, self.cut, self.go_away, self.make_anew, self.restore, self.bench.run_ahead]
        for _ in range(steps):
            self.random.choice(actions)()
            self.note_jobs()
        while self.bench.fetcher.jobs or self.bench.fetcher.waiting:
            self.bench.run_ahead()
            self.note_jobs()
            self.answer()
            self.note_jobs()


@pytest.mark.parametrize("seed", range(60))
def test_every_reader_gets_exactly_one_answer(seed):
    world = World(seed)
    world.run(120)

    store = world.bench.store
    assert [] == [reader for reader in world.readers if len(reader.results) != 1]
    assert ({}, {}) == (store._flights._aloft, store._flights._by_key)
    assert world.bench.store.cut() == 0
    for reader in world.readers:
        assert hasattr(reader.result, "value") or reader.text in REASONS


@pytest.mark.parametrize("seed", range(60, 110))
def test_a_reader_gets_what_he_asked_for_and_a_forced_one_nothing_older_than_his_question(seed):
    world = World(seed)
    world.run(120)

    for reader in world.readers:
        if hasattr(reader.result, "value"):
            value = reader.result.value
            assert value.string.startswith(value.name)
            asked_at = world.forced.get(reader)
            # One second: of forced refreshes that soon after another one only the first is a call of its own.
            assert asked_at is None or float(value.version) > asked_at - 1.0


@pytest.mark.parametrize("seed", range(110, 130))
def test_whatever_happened_the_next_reader_is_served(seed):
    world = World(seed)
    world.run(120)
    world.bench.clock.advance(1e6)

    for name in NAMES:
        for resource in (secret_resource(name), secret_resource(arn_of(name)), secret_resource(arn_of(name, ""))):
            reader = Reader(world.bench, resource, force=True)
            world.note_jobs()
            while world.bench.fetcher.jobs:
                world.bench.answer(*[secret(name) for _ in world.bench.fetcher.jobs[0].call.resources])
            assert f"{name} 1" == reader.text
            world.bench.clock.advance(2)
