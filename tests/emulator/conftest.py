"""The namespace and the layer, once for all tests here; what each environment left behind, after every test."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from layer.wheels import WheelError
from tests.emulator.binary import emulator
from tests.emulator.harness import Aws, Environment, plain_environ
from tests.emulator.namespace import ROOT, Namespace, NamespaceError
from tests.emulator.resources import Resources

READER = Path(__file__).parent / "functions" / "reader"


@pytest.fixture(scope="session")
def namespace(tmp_path_factory):
    try:
        emulator()
    except (LookupError, OSError, WheelError) as error:
        pytest.skip(f"no Runtime Interface Emulator: {error}")
    folder = tmp_path_factory.mktemp("namespace")
    folder.chmod(0o755)  # the Managed Instances mode runs everything as another user
    try:
        namespace = Namespace(folder)
    except NamespaceError as error:
        pytest.skip(f"no namespace of our own: {error}")
    with namespace:
        yield namespace


@pytest.fixture(scope="session")
def layer(tmp_path_factory):
    """What ``build.sh`` packs from this checkout, as Lambda lays it on /opt."""
    folder = tmp_path_factory.mktemp("layer")
    command = [ROOT / "build.sh", "--output", folder / "layer.zip", "--pythons", sys.executable]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    opt = folder / "opt"
    with zipfile.ZipFile(folder / "layer.zip") as archive:
        archive.extractall(opt)
        for entry in archive.infolist():
            (opt / entry.filename).chmod(entry.external_attr >> 16)
    return opt


@pytest.fixture
def resources():
    return Resources()


@pytest.fixture
def aws(namespace, resources):
    with Aws(namespace, resources.data, latency_ms=15) as aws:
        yield aws


@pytest.fixture
def start(namespace, layer, resources):
    """Starts an environment with the layer and the reading function; afterwards nothing of it may run any more, and
    nothing that it wrote, to its log or to a file, may hold a value."""
    started: list[Environment] = []

    def start(environ: dict[str, str], *, opt: Path = layer, task: Path = READER, **options) -> Environment:
        started.append(Environment(namespace, opt=opt, task=task, environ=environ, **options))
        return started[-1]

    yield start
    for environment in started:
        assert [] == environment.orphans
        assert [] == values_in(environment, resources)


def values_in(environment: Environment, resources: Resources) -> list[str]:
    """The files of an environment that hold one of the values, or its credentials."""
    secret = [environment.environ[name].encode() for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]
    files = [path for path in environment.folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(text in path.read_bytes() for text in (*resources.canaries, *secret))]


@pytest.fixture
def moto(namespace, resources, tmp_path):
    """A moto server with the same data; the environment that reaches it."""
    data, log = namespace.folder / "moto.json", tmp_path / "moto.log"
    data.write_text(json.dumps(resources.data))
    command = [sys.executable, "-m", "tests.emulator.moto_server", data]
    pid, ready = namespace.spawn(command, environ=plain_environ(), folder=ROOT, log=log, ready=30)
    yield json.loads(ready)
    namespace.call("end", pids=[pid])
