"""The sidecar behind a proxy: all goes through it but loopback and the credentials, and its password goes nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.aws import FakeAws, certificates
from tests.fakes.container_credentials import FakeContainerCredentials
from tests.fakes.proxy import FakeProxy
from tests.integration.sidecar import Sidecar
from tests.integration.world import LISTS, OBJECTS, PARAMETERS, SECRETS, fill

HOSTS = {service: f"{service}.us-east-1.amazonaws.com" for service in ("secretsmanager", "ssm", "sts")}
HOSTS["s3"] = "lookup.s3.us-east-1.amazonaws.com"
USER = "us%40er:hunter2"
CREDENTIALS = "us@er:hunter2"
ROLE = "arn:aws:iam::123456789012:role/reader"


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    """All of AWS's own hosts."""
    with FakeAws(names=tuple(HOSTS.values())) as server:
        fill(server)
        yield server


@pytest.fixture
def scheme() -> str:
    """How it is spoken to."""
    return "http"


@pytest.fixture
def proxy(scheme, aws) -> Iterator[FakeProxy]:
    """A proxy that wants a password."""
    tls = certificates.server_context() if scheme == "https" else None
    with FakeProxy(aws.port, tls=tls, credentials=CREDENTIALS) as server:
        yield server


@pytest.fixture
def behind(aws, launch) -> Callable[..., Sidecar]:
    """behind(proxy, **settings): a sidecar that knows AWS by its own host names only."""

    def start(
        proxy: FakeProxy, user: str = f"{USER}@", environ: dict[str, Any] | None = None, **options: Any
    ) -> Sidecar:
        scheme = proxy.url.partition("://")[0]
        variables = {"AWS_ENDPOINT_URL": None, "HTTPS_PROXY": f"{scheme}://{user}127.0.0.1:{proxy.port}"}
        return launch(aws, environ=variables | (environ or {}), **options)

    return start


def _hosts(proxy):
    return {target.removesuffix(":443") for target in proxy.targets}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_prefetch_goes_through_it_over_connections_opened_ahead(aws, api, behind, proxy):
    sidecar = behind(proxy, **LISTS)
    api.wait_next()
    targets = {f"/secrets/{name}": value for name, value in SECRETS.items()}
    targets |= {f"/parameters{name}": value for name, value in PARAMETERS.items()}
    for target, value in targets.items():
        answer = sidecar.get(target)
        assert (value, "hit") == (answer.text, answer.header("preheat-cache"))
    assert list(OBJECTS.values()) == [sidecar.get(f"/s3/{name}").body for name in OBJECTS]
    assert {HOSTS["secretsmanager"], HOSTS["ssm"], HOSTS["s3"]} == _hosts(proxy)
    assert 4 == len(proxy.targets) == len(aws.calls)
    assert len(proxy.requests) == len(proxy.targets)  # none was turned away


def test_a_role_is_assumed_through_it(aws, api, behind, proxy):
    aws.add_role(ROLE)
    sidecar = behind(proxy, secrets=[f"app/secret-1?role={ROLE}"])
    api.wait_next()
    assert (
        "secret value 1"
        == sidecar.get(f"/secretsmanager/get?secretId=app/secret-1&roleArn={ROLE}").json["SecretString"]
    )
    assert {HOSTS["secretsmanager"], HOSTS["sts"]} == _hosts(proxy)


def test_the_lower_case_name_wins(aws, api, behind):
    with FakeProxy(aws.port) as right, FakeProxy(aws.port) as wrong:
        behind(wrong, environ={"https_proxy": right.url}, secrets=["app/secret-1"])
        api.wait_next()
        assert (1, 0) == (len(right.requests), len(wrong.requests))


def test_loopback_is_reached_without_it(aws, api, behind, proxy):
    sidecar = behind(proxy, environ={"AWS_ENDPOINT_URL": aws.url, "NO_PROXY": "elsewhere"}, **LISTS)
    api.wait_next()
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
    assert 0 == proxy.connections_opened


def test_credentials_are_fetched_without_it(aws, api, behind, proxy):
    with FakeContainerCredentials(lambda: aws.identity) as container:
        keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))
        sidecar = behind(proxy, environ={**keys, **container.environ, "PREHEAT_TOKEN": "t"}, secrets=["app/secret-1"])
        api.wait_next()
        assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
        assert 1 == container.count
    assert {HOSTS["secretsmanager"]} == _hosts(proxy)


def _hunted(sidecar, api):
    """Its password is nowhere in what was logged and reported."""
    api.shutdown()
    assert 0 == sidecar.wait_exit()
    for piece in ("hunter2", "us@er", "us%40er", "dXNAZXI6aHVudGVyMg"):  # the last is how Basic writes both
        assert piece not in sidecar.output


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (
            lambda proxy: setattr(proxy, "credentials", "someone:else"),
            "refuses the user and password in HTTPS_PROXY (407)",
        ),
        (lambda proxy: setattr(proxy, "status", 403), "does not allow a connection to HOST:443 (403)"),
        (lambda proxy: setattr(proxy, "status", 502), "answered 502 to CONNECT HOST:443"),
        (lambda proxy: proxy.close(), "failed: Connection refused"),
    ],
    ids=["407", "403", "502", "gone"],
)
def test_one_that_does_not_work_is_named_in_the_log_and_the_answer_never_its_password(
    aws, api, behind, proxy, prepare, said
):
    prepare(proxy)
    sidecar = behind(proxy, secrets=["app/secret-1"], fetch_timeout="200ms", log_level="DEBUG")
    api.wait_next()
    (failed,) = sidecar.events("fetch.failed")
    assert f"the proxy 127.0.0.1:{proxy.port} " in failed["reason"]
    assert said.replace("HOST", HOSTS["secretsmanager"]) in failed["reason"]
    problem = sidecar.get("/secrets/app/secret-1").problem
    assert problem["status"] in (502, 504)
    assert [] == aws.calls
    _hunted(sidecar, api)


def test_one_that_refuses_does_not_hold_init(aws, api, behind, proxy):
    """Asking again would not help: it costs what was opened ahead and the call itself, not the fetch's whole time."""
    proxy.status = 403
    behind(proxy, secrets=["app/secret-1"], fetch_timeout="30s", init_timeout="9s")
    api.wait_next(timeout=5)
    assert 2 >= len(proxy.requests)


@pytest.mark.parametrize(
    "url",
    ["socks5://us%40er:hunter2@127.0.0.1:1", "http://us%40er:hunter2@127.0.0.1:port", "http://us@er:hunter2/@proxy"],
)
def test_one_that_is_not_understood_is_ignored_with_a_warning(aws, api, launch, url):
    sidecar = launch(aws, environ={"HTTPS_PROXY": url}, secrets=["app/secret-1"])
    api.wait_next()
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
    (warning,) = sidecar.events("settings.warning")
    assert warning["problem"].startswith("HTTPS_PROXY must be http://HOST:PORT, https://HOST:PORT or HOST:PORT")
    assert warning["problem"].endswith("; it is ignored")
    _hunted(sidecar, api)
