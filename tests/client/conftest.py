"""A stand-in for the sidecar for each test; one real sidecar for each module that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from preheat import Client
from tests.client import checkout
from tests.client.stand_in import StandIn
from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.sidecar import Sidecar
from tests.integration.world import World


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest.fixture(scope="session")
def start(tmp_path_factory) -> Callable[..., Sidecar]:
    """start(api, aws, folder, **settings): a sidecar in its INIT."""
    return partial(checkout.start, bytecode=tmp_path_factory.mktemp("bytecode"))


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


@pytest.fixture
def client(world) -> Iterator[Client]:
    """A client of the module's ``world``."""
    client = Client(environ=world.sidecar.environ)
    yield client
    client.close()
