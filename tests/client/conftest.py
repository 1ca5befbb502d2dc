"""A stand-in for the sidecar for each test; one real sidecar for each module that asks for it."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.client.stand_in import StandIn
from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.sidecar import ROOT, Sidecar
from tests.integration.world import World

# The sidecar's own code and cachetools, and nothing of the function's.
START = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
sys.path.append({sysconfig.get_path("purelib")!r})
from extension.boot import main
main()
"""


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest.fixture(scope="session")
def start(tmp_path_factory) -> Callable[..., Sidecar]:
    """start(api, aws, folder, **settings): the checkout's sidecar as a process, in its INIT.

    Not the layer as it is built: building it takes longer than these tests.
    """
    bytecode = tmp_path_factory.mktemp("bytecode")
    command = [sys.executable, "-I", "-S", "-X", f"pycache_prefix={bytecode}", "-c", START, "", "preheat"]

    def start(api: FakeLambdaApi, aws: FakeAws, folder: Path, **settings: Any) -> Sidecar:
        return Sidecar.start(api, aws, opt=folder, folder=folder, command=command, **settings)

    return start


@pytest.fixture(scope="module")
def make_world(start, tmp_path_factory) -> Iterator[Callable[..., World]]:
    """make_world(fill, **settings): a sidecar for a whole module, its INIT over; `fill(aws)` puts the data in."""
    with ExitStack() as stack:

        def make(fill: Callable[[FakeAws], None], **settings: Any) -> World:
            aws = stack.enter_context(FakeAws())
            api = stack.enter_context(FakeLambdaApi())
            fill(aws)
            sidecar = stack.enter_context(start(api, aws, tmp_path_factory.mktemp("world"), **settings))
            api.wait_next()
            return World(aws, api, sidecar)

        yield make
