"""What `import preheat` loads into a function, and what the first question adds: each import makes a start colder."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.client.stand_in import ok
from tests.integration.sidecar import ROOT

PREHEAT = {
    "__future__",
    "preheat",
    "preheat.client",
    "preheat.errors",
    "preheat.memory",
    "preheat.reader",
    "preheat.singles",
    "preheat.values",
}
FIRST_QUESTION = {
    "_socket",
    "preheat.answers",
    "preheat.channel",
    "preheat.connection",
    "preheat.surroundings",
    "preheat.targets",
    "select",
}
HEAVY = {
    *("_ssl", "argparse", "asyncio", "base64", "collections", "concurrent", "contextlib", "dataclasses", "datetime"),
    *("email", "enum", "functools", "hashlib", "http", "inspect", "json", "logging", "random", "re", "selectors"),
    *("socket", "ssl", "struct", "threading", "typing", "urllib", "warnings"),
}

PROGRAM = """
import os, sys  # every interpreter's site module has loaded os; without it nothing else hides what is loaded
before = set(sys.modules)
import preheat
imported = set(sys.modules) - before
{question}
asked = set(sys.modules) - before - imported
names = sorted(imported), sorted(asked), sorted(set(sys.modules))
import json
print(json.dumps(names))
"""


def loaded(question: str = "", **environ: str) -> tuple[set[str], set[str], set[str]]:
    """Which modules the import adds, which the question adds, and which are there in the end."""
    program = PROGRAM.format(question=question)
    path = f"import sys; sys.path.insert(0, {str(ROOT / 'layer' / 'python')!r})\n"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", path + program], capture_output=True, text=True, env=environ, timeout=30
    )
    assert ("", 0) == (done.stderr, done.returncode)
    imported, asked, everything = json.loads(done.stdout)
    return set(imported), set(asked), set(everything)


def test_importing_it_loads_its_own_few_modules_and_nothing_else():
    imported, _, everything = loaded()

    assert PREHEAT == imported
    assert set() == everything & HEAVY


def test_the_first_question_loads_a_socket_and_nothing_heavy(stand_in):
    _, asked, everything = loaded("assert 'value of /secrets/db' == preheat.get_secret('db')", **stand_in.environ)

    assert FIRST_QUESTION == asked
    assert set() == everything & HEAVY


def test_json_is_loaded_by_whoever_needs_it(stand_in):
    stand_in.usual = ok('{"a": "b"}')

    _, asked, _ = loaded("assert 'b' == preheat.get_secret('db', field='a')", **stand_in.environ)

    assert "json" in asked


@pytest.mark.parametrize(
    "name", ["get_secret", "get_parameter", "get_parameters", "get_object", "get_many", "refresh", "table"]
)
def test_the_functions_of_the_package_are_those_of_one_client(name):
    import preheat

    assert getattr(preheat, name).__self__ is preheat.default_client


def test_all_that_is_promised_is_there():
    import preheat

    assert sorted(preheat.__all__) == list(preheat.__all__)
    assert all(hasattr(preheat, name) for name in preheat.__all__)
