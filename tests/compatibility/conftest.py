"""One running Preheat, of the checkout, for each module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.client import checkout
from tests.compatibility.account import fill
from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.world import World


@pytest.fixture(scope="module")
def make_world(tmp_path_factory) -> Iterator[Callable[..., World]]:
    """make_world(**settings): a sidecar whose INIT is over, in front of an AWS that holds what `account` says."""
    bytecode = tmp_path_factory.mktemp("bytecode")
    with ExitStack() as stack:

        def make(**settings: Any) -> World:
            aws = stack.enter_context(FakeAws())
            api = stack.enter_context(FakeLambdaApi())
            fill(aws)
            sidecar = stack.enter_context(
                checkout.start(api, aws, tmp_path_factory.mktemp("world"), bytecode, **settings)
            )
            api.wait_next()
            return World(aws, api, sidecar)

        yield make
