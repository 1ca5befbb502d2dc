"""What the process consists of: the exact set of modules that each cold start pays for, and its threads."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from layer import contents, interpreters
from tests.integration.passing_time import let_pass
from tests.integration.sidecar import ROOT
from tests.integration.world import LISTS, fill

PROBE = Path(__file__).with_name("probe.py")


def _names(text):
    return set(text.split())


# A module here costs every cold start its whole time: the runtime starts only after "registered".
REGISTERED = _names(
    """
    __main__ _abc _codecs _frozen_importlib _frozen_importlib_external _imp _io _signal _thread _warnings _weakref abc
    builtins codecs encodings encodings.aliases encodings.utf_8 io marshal posix sys time zipimport
    _socket gc
    extension extension.boot
    """
)
# From here on the runtime starts alongside, on the same CPU share.
READY = REGISTERED | _names(
    """
    _hashlib _json _operator _queue _ssl _stat binascii errno genericpath os os.path posixpath select stat
    cachetools
    _collections _collections_abc itertools
    """
)
# Modules of the package that an ordinary start does without; every other one is loaded by then.
LATE = {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in contents.LATE} | {
    "extension.libc",  # for every first INVOKE, so read with the rest
    "extension.sources.list_objects",  # for wildcards, which are not to wait for what is late
}


def _own_modules():
    """All modules of the package, as files tell."""
    names = [path.relative_to(ROOT).with_suffix("").parts for path in (ROOT / "extension").rglob("*.py")]
    return {".".join(parts[:-1] if parts[-1] == "__init__" else parts) for parts in names}


@pytest.fixture(params=interpreters.find(), ids=str)
def python(request):
    """Each CPython that the layer has bytecode for and that is here."""
    return request.param


def test_exactly_these_modules_are_loaded(aws, api, launch, opt, tmp_path, python):
    fill(aws)
    command = [python.path, "-I", "-S", "-B", PROBE, tmp_path, opt / "preheat" / "start.py", "", "preheat"]
    sidecar = launch(aws, **LISTS, command=command)
    api.wait_next()
    os.kill(sidecar.process.pid, signal.SIGUSR1)
    while not (tmp_path / "ready").exists():
        let_pass(0.01)
    registered, ready = (_names((tmp_path / moment).read_text()) for moment in ("registered", "ready"))
    assert REGISTERED == registered
    own = {name for name in ready if name.partition(".")[0] == "extension"}
    assert _own_modules() - LATE == own
    assert READY == (ready - own) | {"extension", "extension.boot"}


def test_threads(aws, ready):
    """The main one, the server's, and at most eight that wait for AWS, whatever there is to fetch."""
    fill(aws)
    for number in range(40):
        aws.put_object(f"bucket-{number % 4}", f"object-{number}", b"x")
    sidecar = ready(
        secrets=LISTS["secrets"],
        parameters=LISTS["parameters"],
        s3=[f"s3://bucket-{number % 4}/object-{number}" for number in range(40)],
    )
    assert 3 <= sidecar.threads <= 2 + 8
    clients = [sidecar.connect() for _ in range(50)]
    for number, client in enumerate(clients):
        client.ask("GET", f"/secrets/absent-{number}")
    assert {404} == {client.answer().status for client in clients}
    assert sidecar.threads <= 2 + 8
    for client in clients:
        client.close()


def test_nothing_runs_on_a_timer(aws, api, ready):
    """An environment that was frozen for hours wakes up to no backlog of ticks: no thread ever wakes by itself."""
    fill(aws)
    sidecar = ready(**LISTS)
    sidecar.get("/secrets/app/secret-1")
    tasks = list(Path(f"/proc/{sidecar.process.pid}/task").iterdir())

    def switches():
        lines = [line for task in tasks for line in (task / "status").read_text("ascii").splitlines()]
        return [line for line in lines if "ctxt_switches" in line]

    before = switches()
    let_pass(0.1)
    while before != switches():  # until the last thread has gone to sleep
        before = switches()
        let_pass(0.1)
    let_pass(1.2)
    assert before == switches()


def test_a_hostile_working_directory_and_environment_do_not_reach_it(aws, api, launch, tmp_path):
    """The function's own code lies there; its variables are the extension's as well."""
    fill(aws)
    evil = tmp_path / "evil"
    (evil / "extension").mkdir(parents=True)
    for name in (
        "json.py",
        "os.py",
        "cachetools.py",
        "sitecustomize.py",
        "usercustomize.py",
        "_json.py",
        "extension/__init__.py",
    ):
        (evil / name).write_text("raise SystemExit('the wrong module')")
    sidecar = launch(
        aws,
        **LISTS,
        cwd=evil,
        environ={
            "PYTHONPATH": str(evil),
            "PYTHONHOME": str(evil),
            "PYTHONSTARTUP": str(evil / "json.py"),
            "PYTHONINSPECT": "1",
            "PYTHONVERBOSE": "2",
            "PYTHONWARNINGS": "error",
        },
    )
    api.wait_next()
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
