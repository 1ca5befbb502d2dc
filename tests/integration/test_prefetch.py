"""The main job: what is listed is there before the function runs, in few calls, and is then read without any."""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote

import pytest

from tests.integration.http_client import HttpClient
from tests.integration.reading import wait_read
from tests.integration.world import LISTS, OBJECTS, PARAMETERS, SECRETS, fill

FOUR_CALLS = {"BatchGetSecretValue": 1, "GetParameters": 1, "GetObject": 2}
EVERYTHING = {
    **{f"/secrets/{name}": value.encode() for name, value in SECRETS.items()},
    **{f"/parameters{name}": value.encode() for name, value in PARAMETERS.items()},
    **{f"/s3/{name}": body for name, body in OBJECTS.items()},
}
DROP_IN = {
    **{f"/secretsmanager/get?secretId={quote(name, safe='')}": value for name, value in SECRETS.items()},
    **{
        f"/systemsmanager/parameters/get?name={quote(name, safe='')}&withDecryption=true": value
        for name, value in PARAMETERS.items()
    },
}


def test_22_resources_take_four_calls_that_are_all_in_flight_at_once(aws, ready):
    fill(aws)
    barrier = aws.hold(4)  # nobody gets through before all four are there
    sidecar = ready(**LISTS)
    assert not aws.hold_failed
    assert 4 == len(barrier.held) == aws.max_in_flight
    assert FOUR_CALLS == Counter(call.action for call in aws.calls)
    (report,) = sidecar.events("init.report")
    assert (22, 0, 4) == (report["loaded"], report["failed"], report["calls"])


def test_afterwards_no_read_of_any_of_them_makes_a_call(aws, ready):
    fill(aws)
    sidecar = ready(**LISTS)
    aws.clear_calls()
    assert {target: (200, body) for target, body in EVERYTHING.items()} == {
        target: (answer.status, answer.body) for target in EVERYTHING for answer in [sidecar.get(target)]
    }
    for target, value in DROP_IN.items():
        document = sidecar.get(target).json
        assert value == (document["SecretString"] if "ARN" in document else document["Parameter"]["Value"])
    assert [] == aws.calls


def test_the_port_is_open_before_the_extension_registers(aws, api, launch):
    """The function's static code may run as soon as the last extension has registered."""
    fill(aws)
    api.piece, api.pause = 40, 0.03  # the answer to register takes a while
    sidecar = launch(aws, **LISTS)
    api.wait_calls("register", 1)
    client = sidecar.connect()
    client.ask("GET", "/secrets/app/secret-3")
    assert (200, "secret value 3") == ((answer := client.answer()).status, answer.text)
    client.close()


EARLY = [
    ("/secrets/app/secret-4", "secret value 4"),
    ("/secretsmanager/get?secretId=app/secret-5", "secret value 5"),
    ("/parameters/app/parameter-6", "parameter value 6"),
    ("/systemsmanager/parameters/get?name=/app/parameter-7&withDecryption=true", "parameter value 7"),
    ("/s3/lookup/rates.json", '{"EUR": 1.0}'),
]


def test_requests_that_come_while_the_prefetch_is_held_wait_for_it(aws, api, launch):
    """Never 400 "not ready": they join the calls that are under way, and add none."""
    fill(aws)
    hold = aws.hold()
    sidecar = launch(aws, **LISTS)
    api.wait_registered()
    clients = [sidecar.connect() for _ in EARLY]  # before the sidecar has imported what answers them
    for client, (target, _) in zip(clients, EARLY, strict=True):
        client.ask("GET", target)
    hold.wait(4)
    wait_read(*clients)
    assert "healthy" == sidecar.get("/ping").text
    health = sidecar.get("/health")
    assert (503, "prefetching") == (health.status, health.json["status"])
    hold.release()
    for client, (target, expected) in zip(clients, EARLY, strict=True):
        answer = client.answer()
        assert 200 == answer.status, target
        assert expected in answer.text.replace("\\", ""), target
        if "get?" not in target:
            assert "coalesced" == answer.header("preheat-cache")
        client.close()
    api.wait_next()
    assert FOUR_CALLS == Counter(call.action for call in aws.calls)
    assert 200 == sidecar.get("/health").status


def test_what_is_not_listed_is_fetched_while_the_prefetch_is_held(aws, api, launch):
    """Three slow calls do not keep the fourth connection to that host from a reader."""
    fill(aws)
    aws.put_secret("unlisted", "found")
    hold = aws.hold(match=lambda call: "unlisted" not in call.resources)
    sidecar = launch(aws, secrets=LISTS["secrets"], s3=LISTS["s3"])
    hold.wait(3)
    assert "found" == sidecar.get("/secrets/unlisted").text
    assert "prefetching" == sidecar.get("/health").json["status"]
    hold.release()
    api.wait_next()


@pytest.mark.parametrize(
    ("count", "batch", "calls"),
    [
        (8, "auto", {"GetSecretValue": 8}),
        (9, "auto", {"BatchGetSecretValue": 1}),
        (21, "auto", {"BatchGetSecretValue": 2}),
        (3, "always", {"BatchGetSecretValue": 1}),
        (12, "never", {"GetSecretValue": 12}),
    ],
)
def test_secrets_are_batched_where_it_pays(aws, ready, count, batch, calls):
    names = [f"s-{number}" for number in range(count)]
    for name in names:
        aws.put_secret(name, f"value of {name}")
    sidecar = ready(secrets=names, secrets_batch=batch)
    assert calls == Counter(call.action for call in aws.calls)
    assert [f"value of {name}" for name in names] == [sidecar.get(f"/secrets/{name}").text for name in names]


def test_ipv6_loopback_is_served_too(aws, ready):
    fill(aws)
    sidecar = ready(**LISTS)
    with sidecar.connect({"Host": "[::1]"}, host="::1") as client:
        assert "secret value 1" == client.get("/secrets/app/secret-1").text


def test_only_loopback_is_bound(aws, ready):
    """Another address of this machine reaches nothing: the environment's network is not the function's alone."""
    sidecar = ready()
    with pytest.raises(ConnectionRefusedError):
        HttpClient(sidecar.port, {}, host="127.0.0.2")


def test_an_entry_with_ttl_0_is_not_prefetched_and_never_stored(aws, ready):
    fill(aws)
    sidecar = ready(secrets=["app/secret-1?ttl=0", "app/secret-2"])
    assert ["app/secret-2"] == [call.resources[0] for call in aws.calls]
    assert 1 == len(sidecar.events("prefetch.ttl_0"))
    for _ in range(2):
        answer = sidecar.get("/secrets/app/secret-1")
        assert ("miss", "private, max-age=0") == (answer.header("preheat-cache"), answer.header("cache-control"))
    assert 3 == aws.count()


def test_nothing_listed_makes_no_call(aws, ready):
    sidecar = ready()
    assert [] == aws.calls
    assert 0 == aws.connections_opened
    (report,) = sidecar.events("init.report")
    assert (0, 0) == (report["loaded"], report["failed"])
