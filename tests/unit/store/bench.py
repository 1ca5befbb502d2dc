"""A store whose calls to AWS are answered by hand, at the moment that a test chooses."""

from typing import Any

from extension.aws import outcome
from extension.references import parse_list, secret_resource
from extension.resolution import Resolver
from extension.settings import Settings
from extension.sources.secrets_manager import Secret
from extension.store import Store
from tests.unit.doubles import double
from tests.unit.hand_clock import HandClock

REGION, ACCOUNT = "eu-west-1", "123456789012"
TTL = 100.0  # due from 72 to 80, by chance
VARIABLES = {"secretsmanager": "PREHEAT_SECRETS", "ssm": "PREHEAT_PARAMETERS", "s3": "PREHEAT_S3"}

MISSING = outcome.failure(outcome.NOT_FOUND, "ResourceNotFoundException", "can't find it")
DENIED = outcome.failure(outcome.DENIED, "AccessDeniedException", "not authorized")
MALFORMED = outcome.failure(outcome.MALFORMED, "ValidationException", "malformed")
THROTTLED = outcome.failure(outcome.THROTTLED, "ThrottlingException", "Rate exceeded")
TIMED_OUT = outcome.failure(outcome.TIMEOUT, "", "no answer in time")
LASTING = {"denied": DENIED, "not found": MISSING, "malformed": MALFORMED}
PASSING = {"throttled": THROTTLED, "timeout": TIMED_OUT}


def arn_of(name, suffix="-AbCdEf"):
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}{suffix}"


def secret(name="a", version="1", **changes):
    document = {"ARN": arn_of(name), "Name": name, "VersionId": version, "SecretString": f"{name} {version}", **changes}
    return Secret(document)


A, B = secret_resource("a"), secret_resource("b")
A_ARN = secret_resource(arn_of("a"))
A_PARTIAL = secret_resource(arn_of("a", ""))


class Call:
    """What a source plans."""

    action, host = "GetSecretValue", "secretsmanager"

    def __init__(self, resources):
        self.resources = tuple(resources)


class Source:
    """Plans one call for each resource, or one for all. ``make`` makes them; ``error``: what planning raises."""

    def __init__(self, batch):
        self.batch = batch
        self.planned = []
        self.error = None
        self.make: Any = Call

    def plan(self, resources, *, deferred=False):
        if self.error is not None:
            raise self.error
        self.planned.append([resource.label for resource in resources])
        return [self.make(resources)] if self.batch else [self.make([resource]) for resource in resources]

    def needs(self, resource):
        return "secretsmanager:GetSecretValue"


class Fetcher:
    """Holds jobs until a test answers them."""

    def __init__(self):
        self.jobs = []
        self.dropped = []
        self.waiting = []

    def submit(self, job):
        job.round.add(job)
        self.jobs.append(job)

    def drop(self, job):
        job.cancelled = True
        self.dropped.append(job)
        self.jobs.remove(job)
        self.end(job)

    def ahead(self, work):
        self.waiting.append(work)

    @staticmethod
    def end(job):
        job.end()


class Reader:
    """One who asks, and what came of it."""

    def __init__(self, bench, resource, **options):
        self.results = []
        answer = bench.store.read(resource, self.results.append, **options)
        self.pending = answer if hasattr(answer, "abandon") else None
        if self.pending is None:
            self.results.append(answer)

    @property
    def waits(self):
        return not self.results

    @property
    def result(self):
        (result,) = self.results
        return result

    @property
    def text(self):
        """The value that was read, or the error's code."""
        return self.result.value.string if hasattr(self.result, "value") else self.result.code

    @property
    def how(self):
        return self.result.how


class Bench:
    """The store and everything around it."""

    def __init__(
        self, *, secrets="", parameters="", s3="", batch=False, account=ACCOUNT, freezes=True, allow="any", **settings
    ):
        self.clock = HandClock()
        self.logged = []
        self.source = Source(batch)
        self.fetcher = Fetcher()
        lists = {"secretsmanager": secrets, "ssm": parameters, "s3": s3}
        self.settings = Settings(
            **{
                "region": REGION,
                "entries": tuple(
                    e for service, text in lists.items() for e in parse_list(service, text, VARIABLES[service])
                ),
                "ttl": dict.fromkeys(lists, TTL),
                "stale_if_error": 50.0,
                "fetch_timeout": dict.fromkeys(lists, 5.0),
                **settings,
            }
        )
        self.resolver = Resolver(self.settings.entries, REGION, account, allow == "listed")
        sources = dict.fromkeys(lists, self.source)
        self.store = Store(
            self.settings, sources, double(self.fetcher), self.resolver, self.clock, double(self), freezes=freezes
        )

    # What the log does

    def info(self, event, **fields):
        self.logged.append((event, fields))

    error = warn = fault = info

    def events(self, event):
        return [fields for name, fields in self.logged if name == event]

    # What a test does

    def read(self, resource=A, **options):
        return Reader(self, resource, **options)

    @property
    def calls(self):
        """The labels of what is under way, in the order in which it was submitted."""
        return [[resource.label for resource in job.call.resources] for job in self.fetcher.jobs]

    def answer(self, *results, job=0, sent=None):
        """Give the job's resources these results in their order; ``sent``: now, unless told otherwise."""
        job = self.fetcher.jobs.pop(job)
        for resource, result in zip(job.call.resources, results, strict=True):
            job.deliver(resource, result, sent or self.clock.now())
        self.fetcher.end(job)
        assert job.fault == ""

    def load(self, resource=A, value=None):
        """Have it in the store, fresh, and nobody has read it."""
        self.store.fetch([resource], self.store.round())
        self.answer(value or secret(resource.name))

    def run_ahead(self):
        """Do what waits for a free worker."""
        waiting, self.fetcher.waiting = self.fetcher.waiting, []
        for work in waiting:
            work()
        return len(waiting)
