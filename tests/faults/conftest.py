"""One sidecar for each cell of the matrix, between an AWS that can fail and a Lambda."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.faults.cell import Cell
from tests.integration.sidecar import lay_out


@pytest.fixture(scope="session")
def opt(tmp_path_factory):
    """What Lambda lays at /opt, made of the checkout."""
    return lay_out(tmp_path_factory.mktemp("faults") / "opt")


@pytest.fixture
def cell(opt, tmp_path) -> Iterator[Callable[..., Cell]]:
    """cell(fault): AWS, which will fail in that way, a Lambda, and no sidecar yet. Looks for leaks when the test is
    over."""
    with ExitStack() as stack:

        def make(fault: str, **lambda_options: Any) -> Cell:
            aws = stack.enter_context(FakeAws())
            api = stack.enter_context(FakeLambdaApi(**lambda_options))
            return stack.enter_context(Cell(fault, aws, api, opt, tmp_path))

        yield make
