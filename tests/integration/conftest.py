"""A fresh AWS, a fresh Lambda and sidecars between them, for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.sidecar import Sidecar, lay_out
from tests.integration.world import World


@pytest.fixture(scope="session")
def opt(tmp_path_factory):
    """What Lambda lays at /opt, made of the checkout."""
    return lay_out(tmp_path_factory.mktemp("integration") / "opt")


@pytest.fixture
def api() -> Iterator[FakeLambdaApi]:
    with FakeLambdaApi() as server:
        yield server


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    """Over TLS, with nothing in it."""
    with FakeAws() as server:
        yield server


@pytest.fixture
def launch(opt, api, tmp_path) -> Iterator[Callable[..., Sidecar]]:
    """launch(aws, **settings): a sidecar that may be anywhere in its life. See Sidecar.start."""
    with ExitStack() as stack:
        count = iter(range(100))

        def start(aws: FakeAws | None, **options: Any) -> Sidecar:
            folder = tmp_path / f"sidecar-{next(count)}"
            platform = options.pop("api", api)
            return stack.enter_context(Sidecar.start(platform, aws, opt=opt, folder=folder, **options))

        yield start


@pytest.fixture
def ready(launch, api, aws) -> Callable[..., Sidecar]:
    """ready(**settings): a sidecar whose INIT is over, between the test's own api and aws."""

    def start(**options: Any) -> Sidecar:
        sidecar = launch(aws, **options)
        api.wait_next()
        return sidecar

    return start


@pytest.fixture(scope="module")
def make_world(opt, tmp_path_factory) -> Iterator[Callable[..., World]]:
    """make_world(fill, **settings): one sidecar for a whole module, its INIT over.

    `fill(aws)` puts the data in, and returns further settings or None.
    """
    with ExitStack() as stack:

        def make(fill: Callable[[FakeAws], dict[str, Any] | None], **options: Any) -> World:
            aws = stack.enter_context(FakeAws())
            api = stack.enter_context(FakeLambdaApi())
            options |= fill(aws) or {}
            folder = tmp_path_factory.mktemp("world") / "sidecar"
            sidecar = stack.enter_context(Sidecar.start(api, aws, opt=opt, folder=folder, **options))
            api.wait_next()
            return World(aws, api, sidecar)

        yield make
