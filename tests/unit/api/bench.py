"""The API over a store that is answered by hand; requests go in as the parser gives them."""

import json
from typing import Any

from extension.api import Api
from extension.api.guards import Tokens
from extension.health import Health
from extension.http1.request import Request
from extension.sources.parameter import Parameter
from tests.unit.doubles import double
from tests.unit.store.bench import REGION
from tests.unit.store.bench import Bench as StoreBench

TOKEN = "the token"


class NoCredentials:
    """No keys that rotate."""

    rotates = False

    def session_tokens(self):
        return ()


class NoRestore:
    """Not a SnapStart function."""

    pending = False

    def __init__(self):
        self.invocations = 0

    def invoked(self):
        self.invocations += 1


class Reply:
    """Takes the answer, once."""

    def __init__(self):
        self.response: Any = None
        self.abandon: Any = None

    def __call__(self, response):
        if self.response is None:
            self.response = response

    def resume(self, work):
        work()


def request(method="GET", target="/", headers=(), body=b"", *, host="localhost:2773", token=TOKEN):
    fields = [(b"host", host.encode())] if host is not None else []
    if token is not None:
        fields.append((b"x-aws-parameters-secrets-token", token.encode()))
    fields += [(name.lower().encode(), value.encode()) for name, value in headers]
    return Request(method.encode(), target.encode(), True, fields, body)


class Bench(StoreBench):
    """Also has the API in front of it."""

    def __init__(self, *, agent=False, **options):
        super().__init__(**options)
        self.health = Health()
        self.restore = NoRestore()
        self.tokens = Tokens({"PREHEAT_TOKEN": TOKEN}, double(NoCredentials()), double(self.fetcher), self.clock)
        self.api = Api(
            self.store, self.tokens, self.health, double(self.restore), self.clock, double(self), agent=agent
        )
        self._known = {}

    def ask(self, target, method="GET", headers=(), body=b"", **options):
        """Its reply, whose response may still be to come."""
        reply = Reply()
        asked = request(method, target, headers, body, **options)
        if not body:  # the same bytes are the same object, as the parser has it
            asked = self._known.setdefault((asked.method, asked.target, *asked.headers), asked)
        self.api.answer(asked, double(reply))
        return reply

    def get(self, target, *headers, **options):
        """(status, headers, body) of what is answered at once."""
        return parts(self.ask(target, headers=headers, **options).response)

    def problem(self, target, *headers, **options):
        """(status, code) of what has to be a problem document."""
        return problem(self.ask(target, headers=headers, **options).response)


def parts(response):
    headers = {name.decode(): value.decode("latin-1") for name, value in response.headers}
    assert len(headers) == len(response.headers), "a header comes twice"
    return response.status, headers, response.body if response.stretch is None else response.stretch


def problem(response):
    status, headers, body = parts(response)
    document = json.loads(body)
    assert "application/problem+json" == headers["Content-Type"]
    assert "no-store" == headers["Cache-Control"]
    assert status == document["status"]
    assert {"status", "title", "detail"} <= set(document) <= {"status", "title", "detail", "code", "resource"}
    return status, document.get("code", "")


def parameter(name="/app/x", value="v", decrypted=True, **changes):
    arn = f"arn:aws:ssm:{REGION}:123456789012:parameter/{name.strip('/')}"
    document = {"Name": name, "Value": value, "Type": "String", "ARN": arn, "Version": 3, "LastModifiedDate": 1.5}
    return Parameter({**document, **changes}, decrypted)
