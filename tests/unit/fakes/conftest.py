"""Fixtures for the tests of the stand-ins: fresh servers, boto3 as the judge of AWS's shapes, a check for leaks."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.config
import pytest

from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.unit.fakes.extension_client import ExtensionClient

CONFIG = botocore.config.Config(
    retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5, s3={"addressing_style": "path"}
)

LAX = botocore.config.Config(parameter_validation=False)  # malformed members reach the server


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One session for all, as loading AWS's models is what takes time."""
    return boto3.Session(region_name="us-east-1")


@pytest.fixture
def api() -> Iterator[FakeLambdaApi]:
    with FakeLambdaApi() as server:
        yield server


@pytest.fixture
def extension(api: FakeLambdaApi) -> Iterator[ExtensionClient]:
    client = ExtensionClient(api)
    yield client
    api.drop()
    client.join()


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    """Over TLS, with nothing in it."""
    with FakeAws() as server:
        yield server


@pytest.fixture
def client(aws: FakeAws, session: boto3.Session) -> Iterator[Callable[..., Any]]:
    """client("ssm", region_name=…, validate=False): a boto3 client of `aws` without retries."""
    made = []

    def make(service: str, *, identity: Any = None, validate: bool = True, **options: Any) -> Any:
        keys = identity or aws.identity
        defaults: dict[str, Any] = {
            "endpoint_url": aws.url,
            "verify": str(aws.ca_bundle),
            "aws_access_key_id": keys.access_key,
            "aws_secret_access_key": keys.secret_key,
            "aws_session_token": keys.session_token,
            "config": CONFIG if validate else CONFIG.merge(LAX),
        }
        made.append(session.client(service, **(defaults | options)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """No thread and no descriptor is left of what a test opened."""
    gc.collect()  # so that nothing of an earlier test goes meanwhile and hides a leak of this one
    threads, descriptors = set(threading.enumerate()), set(os.listdir("/proc/self/fd"))
    yield
    gc.collect()
    assert set(threading.enumerate()) - threads == set()
    assert set(os.listdir("/proc/self/fd")) - descriptors == set()
