"""A sidecar's store, prefetch, refresher and restore in virtual time, and a model of contract §4 beside them.

Every read and every round is compared with what the model says.
"""

import random
from typing import Any

from extension.prefetch import Prefetch
from extension.references import parameter_resource, secret_resource
from extension.refresher import Refresher
from extension.restore import Restore
from extension.store import Store
from tests.unit.doubles import double
from tests.unit.store.bench import Bench
from tests.unit.store.changing_aws import Aws
from tests.unit.store.freshness_model import FETCH, NO, PERHAPS, YES, Known
from tests.unit.store.virtual_time import VirtualFetcher, VirtualTime

WEEK = 7 * 86400.0
GAPS = (0.001, 0.5, 3.0, 20.0, 70.0, 90.0, 400.0, 4000.0, 40_000.0)  # seconds
STEPS = (-3600.0, -30.0, -2.0, -0.5, 0.5, 2.0, 30.0, 3600.0)
TTL, LONG, SHORT = 100.0, 3000.0, 5.0
SECRETS = f"a,b?ttl={LONG:.0f}s,c?ttl=0,d"
PARAMETERS = f"/p,/q?ttl={SHORT:.0f}s"
TTLS = {"a": TTL, "b": LONG, "c": 0.0, "d": TTL, "/p": TTL, "/q": SHORT, "unlisted": TTL, "/unlisted": TTL}


def resource_of(name):
    return parameter_resource(name) if name.startswith("/") else secret_resource(name)


class Nothing:
    """The pool and the credentials, which a restore renews and nobody needs here."""

    def __getattr__(self, name):
        return lambda: None


class World:
    """One function from INIT to the end of the week."""

    def __init__(self, seed, *, freezes=True):
        self.freezes = freezes
        self.random = chance = random.Random(seed)
        self.time = VirtualTime()
        stale = {
            "stale_while_revalidate": chance.choice([0.0, 0.0, 30.0]),
            "stale_if_error": chance.choice([0.0, 50.0, 3600.0]),
        }
        bench = Bench(
            secrets=SECRETS,
            parameters=PARAMETERS,
            batch=chance.random() < 0.7,
            initialization_type=chance.choice(["on-demand", "snap-start"]) if freezes else "lambda-managed-instances",
            snapstart=chance.choice(["defer", "include"]),
            **stale,
        )
        self.settings = bench.settings
        self.model = {
            resource_of(name): Known(ttl=ttl, listed="unl" not in name, freezes=freezes, **stale)
            for name, ttl in TTLS.items()
        }
        self.aws = Aws(chance, self.model)
        self.by_round = {}  # resource under way -> whether a round asked for it
        self.waiting = []  # readers
        self.last_forced = {}
        self.withholds = False
        self.reads = 0
        self.wrong = []  # answers; an assertion in a reader's callback would be caught by the store
        self.fetcher = VirtualFetcher(self.time, self.aws.ask, self)
        sources = dict.fromkeys(self.settings.ttl, bench.source)
        self.store = Store(
            self.settings, sources, double(self.fetcher), bench.resolver, self.time, double(bench), freezes=freezes
        )
        self.prefetch = Prefetch(self.store, self.settings, self.time, double(self))
        self.refresher = Refresher(self.store, lambda: None, lambda _: None, self.time, double(bench))
        self.restore = Restore(self.store, double(Nothing()), double(Nothing()), self.time)
        self.first = True
        self.expected_round = None

    def warn(self, event, **fields):
        assert ("prefetch.ttl_0", 1) == (event, fields["skipped"])

    # What the fetcher tells

    def landed(self, resource, result, sent):
        """Before the store knows; its readers are checked when it has told them."""
        known, now = self.model[resource], self.time.now()
        readers = [reader for reader in self.waiting if reader.joins(resource, sent)]
        self.waiting = [reader for reader in self.waiting if reader not in readers]
        by_round = self.by_round.pop(resource, NO)
        if hasattr(result, "transient"):
            known.failed(result, now, by_round=by_round)
        elif not (self.withholds and resource.service == "secretsmanager"):
            known.fetched(str(result.version), sent, read=bool(readers))
        else:
            known.wanted = False
        for reader in readers:
            reader.expect(result, known, now)

    def cut(self, job):
        assert not [reader for reader in self.waiting if reader.resource in job.call.resources and not reader.force]
        for resource in job.call.resources:
            self.model[resource].again(self.by_round.pop(resource))

    # What happens

    def read(self):
        resource = self.random.choice(list(self.model))
        force = self.random.random() < 0.05 and self.time.monotonic() - self.last_forced.get(resource, -99.0) > 2.0
        if force:
            self.last_forced[resource] = self.time.monotonic()
        max_age = self.random.choice([None, None, None, None, 0.0, 10.0])
        self.reads += 1
        Read(self, resource, force, None if force else max_age).ask()

    def initialize(self):
        self.prefetch.start()
        self.withholds = self.prefetch.defers
        for resource, known in self.model.items():
            if known.listed and known.ttl:
                if self.prefetch.defers and resource.service == "secretsmanager":
                    known.wanted = True
                else:
                    self.by_round[resource] = YES
        assert sorted(map(str, self.fetcher.aloft)) == sorted(map(str, self.by_round))
        for _ in range(self.random.randrange(4)):  # the function's static code
            self.time.after(self.random.random(), self.read)
        self.prefetch.wait(self.time.monotonic() + self.random.choice([0.1, 8.0]))
        self.settle()
        if self.settings.snapshots:
            self.restore.arm()
            self.time.freeze(self.random.choice([60.0, 3600.0, 14 * 86400.0]))

    def invoke(self):
        self.aws.change()
        if self.random.random() < 0.1:
            self.time.step(self.random.choice(STEPS))
        if self.random.random() < 0.2:
            self.read()  # the handler is quicker than the event
        if self.restore.pending:
            self.restore.invoked()
            self.withholds = False
            for known in self.model.values():
                known.expired = True
        timeout = self.random.choice([0.4, 0.9, 3.0, 30.0])
        for _ in range(self.random.randrange(6)):
            self.time.after(self.random.random() * min(timeout, 2.0), self.read)
        self.round(timeout)
        self.settle()

    def round(self, timeout):
        """The INVOKE event as this process sees it."""
        began, now = self.time.monotonic(), self.time.now()
        limit = min(1.0, timeout - 0.5)
        self.expect_round(first=self.first, any_time=limit > 0)
        self.first = self.first and limit <= 0
        self.refresher.invoke((now.wall + timeout) * 1000)
        self.check_round()
        assert self.time.monotonic() - began <= max(limit, 0.0) + 1e-6
        for job in self.fetcher.jobs:
            assert [reader for reader in self.waiting if reader.resource in job.call.resources], "a call for nobody"

    def wait_for_round(self, round_, timeout):
        """In place of ``Round.wait``."""
        self.check_round()
        return self.time.run(timeout, lambda: round_.finished)

    def expect_round(self, *, first=False, any_time=True):
        """Note what the round that begins now has to fetch; nothing where there is no time for it."""
        now = self.time.now()
        known = self.model if any_time else {}
        fetched = {resource: known[resource].next_round(now, first=first) for resource in known}
        self.expected_round = fetched, set(self.fetcher.aloft)

    def check_round(self):
        """What the round has just begun to fetch is what the contract says, neither more nor less."""
        if self.expected_round is None:
            return
        (fetched, under_way), self.expected_round = self.expected_round, None
        begun = set(self.fetcher.aloft) - under_way
        for resource, certainty in fetched.items():
            if resource not in under_way:
                assert resource in begun or certainty != YES, f"{resource} is due and was not fetched"
                assert resource not in begun or certainty != NO, f"{resource} is not due and was fetched"
            if resource in begun or (resource in under_way and certainty):
                self.model[resource].wanted = False
                self.by_round[resource] = YES if resource in begun else certainty
        assert begun <= set(fetched)

    def settle(self):
        """The handler comes to its end, and the environment may freeze."""
        assert self.time.run(60.0, lambda: not self.waiting and not self.time.busy)
        assert [] == self.fetcher.jobs

    def live(self):
        self.initialize()
        until = self.time.wall() + WEEK
        while self.time.wall() < until:
            gap = self.random.choice(GAPS) * self.random.random()
            (self.time.freeze if self.random.random() < 0.5 else self.time.advance)(gap)
            self.invoke()


class Read:
    """One who asks, and what has to come of it."""

    def __init__(self, world, resource, force, max_age):
        self.world = world
        self.resource = resource
        self.force = force
        self.max_age = max_age
        self.asked = world.time.monotonic()
        self.expected: Any = None  # how, and what
        self.old = False

    def ask(self):
        known, now = self.world.model[self.resource], self.world.time.now()
        marked = known.marked
        expected = known.read_now(now, force=self.force, max_age=self.max_age)
        self.old = known.version is not None and not self.force
        if expected == FETCH:
            self.world.waiting.append(self)
            answer = self.world.store.read(self.resource, self.check, force=self.force, max_age=self.max_age)
            assert hasattr(answer, "abandon"), answer
        else:
            self.expected = expected
            self.check(self.world.store.read(self.resource, self.check, max_age=self.max_age))
            if not self.world.freezes and known.marked:
                self.world.time.after(0, lambda: self.refreshes(certainly=(NO, YES) == (marked, known.marked)))

    def refreshes(self, *, certainly):
        """Where nothing freezes, who is served what is due has started its refresh."""
        world, resource = self.world, self.resource
        assert resource in world.fetcher.aloft or not certainly
        if resource in world.fetcher.aloft:
            alone = not [reader for reader in world.waiting if reader.resource == resource]
            world.by_round[resource] = max(world.by_round.get(resource, NO), YES if certainly or alone else PERHAPS)

    def joins(self, resource, sent):
        """Whether the call that was sent then is his."""
        return resource == self.resource and (not self.force or sent.monotonic >= self.asked)

    def expect(self, result, known, now):
        """What the call that he waits for came to."""
        if not hasattr(result, "transient"):
            self.expected = "fetched", str(result.version)
            return
        old = known.after_failure(now) if self.old and result.transient else None
        self.expected = ("stale", old) if old is not None else ("error", result)

    def check(self, answer):
        if not self.is_right(answer):
            self.world.wrong.append((self.resource, self.expected, answer))

    def is_right(self, answer):
        how, what = self.expected
        if how == "error":
            return what is answer
        if hasattr(answer, "transient") or what != str(answer.value.version):
            return False
        if how == "fetched":
            return answer.how in ("miss", "coalesced")
        return how == answer.how and (how != "hit" or answer.age < answer.ttl)
