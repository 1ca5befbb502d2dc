"""A client that answers from a script, and a way to run a source's calls to their end as the fetcher does."""

from extension import jsontext
from extension.aws import outcome
from extension.aws.call import Answer
from extension.aws.client import _nonsense, _parsed
from extension.aws.directory import Directory
from extension.errors import SourceError
from extension.files import Files
from extension.rounds import Job, Round
from extension.settings import Settings
from extension.sources.s3 import S3
from tests.unit.hand_clock import HandClock

REGION = "us-east-1"
ACCOUNT = "123456789012"
TIMEOUTS = {"secretsmanager": 5.0, "ssm": 5.0, "s3": 5.0}

THROTTLED = outcome.failure(outcome.THROTTLED, "ThrottlingException", "Rate exceeded")
DENIED = outcome.failure(outcome.DENIED, "AccessDeniedException", "User is not authorized")
MALFORMED = outcome.failure(outcome.MALFORMED, "ValidationException", "1 validation error detected")
MISSING = outcome.failure(outcome.NOT_FOUND, "ResourceNotFoundException", "can't find it")
SERVER_ERROR = outcome.failure(outcome.TRANSIENT, "InternalServiceError", "oops")
TIMED_OUT = outcome.failure(outcome.TIMEOUT, "", "no answer in time")


class Asked:
    """One call as it was made: the action and what it asked for."""

    def __init__(self, call):
        self.call = call
        self.headers = dict(call.headers)
        self.action = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        self.payload = jsontext.loads(call.body) if call.body else {}

    def __repr__(self):
        return f"<{self.action or self.call.path} {self.payload or self.call.query}>"


class ScriptedClient:
    """Gives each call to ``script``, which returns a document, (status, headers, body), or an error to raise.

    Every call takes a second of its clock, so that "sent" tells them apart.
    """

    def __init__(self, script, clock=None):
        self.script = script
        self.clock = clock or HandClock()
        self.asked = []

    @property
    def actions(self):
        return [asked.action for asked in self.asked]

    @property
    def payloads(self):
        return [asked.payload for asked in self.asked]

    def perform(self, call, budget, sink=None):
        asked = Asked(call)
        self.asked.append(asked)
        sent = self.clock.now()
        self.clock.advance(1)
        result = self.script(asked)
        if isinstance(result, SourceError):
            raise result
        status, headers, body = result if isinstance(result, tuple) else (200, {}, result)
        if not isinstance(body, bytes):
            body = jsontext.dumps(body)
        if sink is not None and status == 200:
            sink.begin(headers)
            sink.write(body)
            body = b""
        answer = Answer(status, headers, body, sent)
        if not _parsed(call, answer):
            raise _nonsense(outcome.TRANSIENT, call.host, "its body")
        return answer


def directory(**settings):
    return Directory(Settings(**{"region": REGION, **settings}))


def s3_source(client, held=lambda resource: None, most_bytes=1 << 20, most_names=1000, files="/nowhere", **settings):
    """A source of objects. ``files``: where they may be, and then each of them is one."""
    return S3(
        client,
        directory(**settings),
        held,
        most_bytes,
        most_names,
        wants_file=lambda resource: files != "/nowhere",
        make_files=lambda: Files(str(files), HandClock().monotonic),
        lend=lambda host, work: None,
    )


def plan_and_run(source, resources, clock):
    """(outcome by resource, calls that were made). Fails where a resource gets none, or two."""
    outcomes, calls = {}, []

    def deliver(job, resource, result, sent):
        assert resource not in outcomes, f"{resource} has two outcomes"
        outcomes[resource] = result

    waiting = [Job(call, Round(TIMEOUTS), deliver) for call in source.plan(resources)]
    while waiting:
        job = waiting.pop(0)
        calls.append((job.call.action, len(job.call.resources)))
        waiting += job.run(clock)
        assert job.fault == "", job.fault
    assert set(resources) <= set(outcomes)
    return outcomes, calls


def named(outcomes):
    """The outcomes as they are easily compared: label -> value's text, or the error's code."""
    return {resource.label: _text(result) for resource, result in outcomes.items()}


def _text(result):
    if isinstance(result, SourceError):
        return result.code
    return getattr(result, "string", None) or getattr(result, "value", result)
