"""No value reaches a repr: reprs end in tracebacks, in assertion messages, in a log line that somebody adds later."""

import _socket
import importlib
import inspect
import random
import string
from pathlib import Path

import pytest

from extension.api.questions import Question
from extension.aws.call import Answer, Call, Memory
from extension.aws.credentials import ContainerCredentials, Credentials, CredentialStore, EnvironmentCredentials
from extension.aws.endpoints import Endpoint
from extension.cache import Entry, EntryCache
from extension.clock import Instant
from extension.freshness import Policy
from extension.http1.connection import Response
from extension.http1.request import Request
from extension.proxies import Proxy
from extension.reading import Reading
from extension.references import Resource, parse_list, secret_resource
from extension.settings import Settings
from extension.settings.documents import Number
from extension.sources.object import NotModified, Object
from extension.sources.parameter import Parameter
from extension.sources.secrets_manager import Secret
from extension.tables.table import Table
from tests.unit.doubles import double
from tests.unit.hand_clock import HandClock

ROOT = Path(__file__).parents[2] / "extension"
NOW = Instant(1.0, 1.0)
ENDPOINT = Endpoint("http", "127.0.0.1", 80, custom=True)
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:name-AbCdEf"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def secret(value):
    return Secret({"ARN": ARN, "Name": "name", "SecretString": value})


def binary_secret(value):
    found = secret("")
    found.string, found.binary = None, value.encode()
    return found


def table(value):
    found = Table.__new__(Table)
    found.rows, found.body = 1, value.encode()
    return found


def entry(value):
    found = Entry("key", secret_resource("name"))
    found.value, found.sent, found.policy = secret(value), NOW, Policy(1.0, 0.0, 0.0)
    return found


def cache(value):
    found = EntryCache(10, 1 << 20, lambda gone: None)
    found.put(entry(value))
    return found


def credential_store(value):
    found = CredentialStore(EnvironmentCredentials(dict.fromkeys(KEYS, value)), double(None), HandClock())
    found.current("", double(None))
    return found


def memory(value):
    found = Memory(1000)
    found.write(value.encode())
    return found


# What holds a value, a key or a token, and how it gets there.
HOLDERS = {
    "Secret": secret,
    "Secret (binary)": binary_secret,
    "Parameter": lambda value: Parameter({"Name": "/name", "Value": value, "Type": "SecureString"}, True),
    "Object": lambda value: Object("bucket/key", {"etag": "e"}, value.encode()),
    "NotModified": lambda value: NotModified(Object("bucket/key", {}, value.encode())),
    "Reading": lambda value: Reading(secret(value), 1.0, 1.0, "hit"),
    "Entry": entry,
    "EntryCache": cache,
    "_Lru": lambda value: cache(value)._lru,
    "Answer": lambda value: Answer(200, {"x": value}, value.encode(), NOW),
    "Call": lambda value: Call("ssm", "r", ENDPOINT, headers=[("X", value)], body=value.encode()),
    "Memory": memory,
    "Credentials": lambda value: Credentials(value, value, value),
    "EnvironmentCredentials": lambda value: EnvironmentCredentials(double(dict.fromkeys(KEYS, value))),
    "ContainerCredentials": lambda value: ContainerCredentials(ENDPOINT, "/", value, double(None), HandClock()),
    "CredentialStore": credential_store,
    "Request": lambda value: Request(b"GET", b"/" + value.encode(), True, [(b"x", value.encode())], value.encode()),
    "Response": lambda value: Response(200, [(b"X", value.encode())], value.encode()),
    "Settings": lambda value: Settings(token=value, https_proxy=f"http://user:{value}@proxy"),
    "Proxy": lambda value: Proxy("host", 80, authorization=value),
    "Number": Number,
    "Table": table,
    "Question": lambda value: Question((secret_resource("name"),), False, value),
}
# What has a repr of its own and holds no value: names, places.
NAMES = {
    "Resource": lambda: Resource("secretsmanager", "name"),
    "ListEntry": lambda: parse_list("secretsmanager", "name", "PREHEAT_SECRETS")[0],
    "Endpoint": lambda: ENDPOINT,
}


def classes():
    """Every class of the extension that can be reached from its module."""
    for path in sorted(ROOT.rglob("*.py")):
        if path.name == "__main__.py":
            continue  # it runs
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        module = importlib.import_module(".".join(part for part in parts if part != "__init__"))
        for _, found in inspect.getmembers(module, inspect.isclass):
            if found.__module__ == module.__name__:
                yield found


def canaries(count=20):
    random_ = random.Random(11)
    alphabet = string.ascii_letters + string.digits
    return ["".join(random_.choices(alphabet, k=random_.randrange(8, 64))) for _ in range(count)]


@pytest.mark.parametrize("name", HOLDERS)
def test_no_way_of_printing_a_holder_shows_what_it_holds(name):
    for canary in canaries():
        held = HOLDERS[name](canary)
        for shown in (repr(held), str(held), f"{held}", repr([held]), repr({"key": held}), ascii(held), format(held)):
            assert canary not in shown


@pytest.mark.parametrize("name", HOLDERS)
def test_each_holder_does_hold_it(name):
    """Otherwise the test above would prove nothing."""

    def reachable(thing, depth=6):
        if isinstance(thing, str | bytes):
            return "canary" in str(thing)
        if depth == 0:
            return False
        parts = list(thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list | tuple) else ())
        for owner in type(thing).__mro__:
            slots = owner.__dict__.get("__slots__", ())
            parts += [getattr(thing, slot, None) for slot in ([slots] if isinstance(slots, str) else slots)]
        parts += list(getattr(thing, "__dict__", {}).values())
        return any(reachable(part, depth - 1) for part in parts if part is not None)

    assert reachable(HOLDERS[name]("canary"))


def test_a_class_with_a_repr_of_its_own_is_one_of_those_that_are_tested():
    plain = (object.__repr__, BaseException.__repr__, _socket.socket.__repr__)
    tested = {name.partition(" ")[0] for name in HOLDERS} | set(NAMES)

    assert set() == {found.__name__ for found in classes() if found.__repr__ not in plain} - tested


def test_no_class_is_one_that_prints_what_it_holds():
    """As dataclasses, named tuples, dictionaries and lists do."""
    shown = [each for each in classes() if issubclass(each, dict | list | tuple) or hasattr(each, "__match_args__")]

    assert [] == shown


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown(name):
    assert name in repr(NAMES[name]())
