"""Methods and paths: what is not there, not allowed or not a name is refused without a call to AWS."""

from __future__ import annotations

import pytest

from tests.integration.world import LISTS, fill


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(fill, **LISTS)


READABLE = ["/secrets/app/secret-1", "/parameters/app/parameter-1", "/s3/lookup/rates.json", "/health", "/stats"]


@pytest.mark.parametrize("target", READABLE)
def test_options_tells_the_methods_and_nothing_of_cors(world, target):
    answer = world.sidecar.request("OPTIONS", target)
    assert (204, b"") == (answer.status, answer.body)
    assert {"GET", "HEAD", "OPTIONS"} == set(answer.header("allow").split(", "))
    assert [] == [name for name, _ in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("target", READABLE)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "get", "TRACE", "BREW"])
def test_other_methods_are_405_and_told_which_there_are(world, target, method):
    answer = world.sidecar.request(method, target)
    assert (405, 405) == (answer.status, answer.problem["status"])
    assert {"GET", "HEAD", "OPTIONS"} == set(answer.header("allow").split(", "))


@pytest.mark.parametrize(
    "path", ["/secretsmanager/get?secretId=app/secret-1", "/systemsmanager/parameters/get?name=plain", "/ping"]
)
@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "DELETE"])
def test_drop_in_paths_take_get_only(world, path, method):
    answer = world.sidecar.request(method, path)
    # The agent, whose path /ping is, does not say what is allowed.
    assert (405, "" if path == "/ping" else "GET") == (answer.status, answer.header("allow"))
    assert ("" if method == "HEAD" else "Not allowed") == answer.text


@pytest.mark.parametrize(
    "target",
    ["/", "/secret/x", "/secretsx", "/healthz", "/stats/", "//secrets/app/secret-1", "/x/../stats", "/SECRETS/x"],
)
def test_an_unknown_path_is_404(world, target):
    world.aws.clear_calls()
    answer = world.sidecar.get(target)
    assert (404, 404) == (answer.status, answer.problem["status"])
    assert [] == world.aws.calls


MALFORMED = [
    "/secrets/",
    "/secrets/%",
    "/secrets/%zz",
    "/secrets/%ff",
    "/secrets/a%00b",
    "/secrets/a%0d%0ab",
    "/secrets/arn:aws:ssm:us-east-1:123456789012:parameter/x",
    "/secrets/app/secret-1?unknown=1",
    "/secrets/app/secret-1?stage=A&stage=B",
    "/secrets/app/secret-1?stage=A&version=B",
    "/secrets/app/secret-1?refresh=perhaps",
    "/parameters/",
    "/parameters/a//b",
    "/parameters/plain?version=0",
    "/parameters/plain?version=1&label=x",
    "/parameters/plain?decrypt=maybe",
    "/s3/",
    "/s3/bucket",
    "/s3/bucket/",
    "/s3/UPPER/key",
    "/s3/bucket/a%0ab",
]


@pytest.mark.parametrize("target", MALFORMED)
def test_a_malformed_name_or_option_is_400_without_a_call(world, target):
    world.aws.clear_calls()
    answer = world.sidecar.get(target)
    assert (400, 400) == (answer.status, answer.problem["status"])
    assert [] == world.aws.calls
