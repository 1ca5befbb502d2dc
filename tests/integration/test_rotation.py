"""A value was rotated: who asks for it anew gets it, everybody else with him, and nothing is lost where that fails."""

from __future__ import annotations

import json

import pytest

from tests.integration.passing_time import let_pass

LISTS = {"secrets": ["app/db"], "parameters": ["/app/flag"], "s3": ["s3://bucket/rates"]}
# By each door to force a refresh: where the value is read without one.
DOORS = {
    "/secrets/app/db?refresh=true": "/secrets/app/db",
    "/parameters/app/flag?refresh=true": "/parameters/app/flag",
    "/s3/bucket/rates?refresh=true": "/s3/bucket/rates",
    "/secretsmanager/get?secretId=app/db&refreshNow=true": "/secrets/app/db",
    "/systemsmanager/parameters/get?name=/app/flag&withDecryption=true&refreshNow=true": "/parameters/app/flag",
}


def _put(aws, value):
    aws.put_secret("app/db", value)
    aws.put_parameter("/app/flag", value)
    aws.put_object("bucket", "rates", value)


@pytest.fixture
def rotated(aws, ready):
    """A sidecar that holds "old" of each; AWS has "new"."""
    _put(aws, "old")
    sidecar = ready(**LISTS, fetch_timeout="200ms")
    _put(aws, "new")
    aws.clear_calls()
    return sidecar


def _refresh(sidecar, document):
    return sidecar.request("POST", "/refresh", {}, json.dumps(document).encode()).json


@pytest.mark.parametrize(("door", "plain"), DOORS.items())
def test_each_door_brings_the_new_value_to_all(aws, rotated, door, plain):
    before = rotated.get(plain)
    assert ("old", "hit") == (before.text, before.header("preheat-cache"))

    assert "new" in rotated.get(door).text

    after = rotated.get(plain)
    assert ("new", "hit") == (after.text, after.header("preheat-cache"))
    assert before.header("etag") != after.header("etag")
    assert 1 == aws.count()
    (line,) = rotated.events("entry.changed")
    assert (line["was"], line["now"]) == (before.header("etag").strip('"'), after.header("etag").strip('"'))


@pytest.mark.parametrize(("door", "plain"), DOORS.items())
def test_one_that_fails_says_so_and_leaves_the_old_entry(aws, rotated, door, plain):
    aws.faults.add("error_500")
    answer = rotated.get(door)
    if "refresh=true" in door:
        assert (502, True) == (answer.status, answer.problem["code"].startswith("Internal"))
    else:
        assert (400, True) == (answer.status, answer.header("preheat-error").startswith("Internal"))
    aws.clear_calls()

    answer = rotated.get(plain)

    assert (200, "old", "hit") == (answer.status, answer.text, answer.header("preheat-cache"))
    assert [] == aws.calls


@pytest.mark.parametrize(("door", "plain"), DOORS.items())
@pytest.mark.parametrize("fails", [False, True])
def test_a_function_in_a_failing_loop_makes_one_call_a_second(aws, rotated, door, plain, fails):
    """All but the first get the newest value that is known, and no error."""
    if fails:
        aws.faults.add("hang")  # until the timeout, and no retries
    rotated.get(door)
    answers = [rotated.get(door) for _ in range(6)]
    assert {200} == {answer.status for answer in answers}
    assert all(("old" if fails else "new") in answer.text for answer in answers)
    assert 1 == aws.count()
    aws.faults.clear()
    let_pass(1.0)
    assert "new" in rotated.get(door).text
    assert 2 == aws.count()


def test_the_second_counts_for_a_resource_whatever_its_spelling_and_door(aws, rotated):
    arn = aws.secrets_manager.get("app/db", aws.account_id, aws.region).arn
    assert "new" == rotated.get("/secrets/app/db?refresh=true").text
    for door in (f"/secrets/{arn}?refresh=true", "/secretsmanager/get?secretId=app/db&refreshNow=true"):
        assert 200 == rotated.get(door).status
    assert {"refreshed": 0, "failed": {}, "skipped": 1} == _refresh(rotated, {"secrets": ["app/db"]})
    assert 1 == aws.count()
    assert 1 == _refresh(rotated, {"parameters": ["/app/flag"]})["refreshed"]
    assert 200 == rotated.get("/parameters/app/flag?refresh=true").status
    assert 2 == aws.count()


def test_what_is_the_same_version_keeps_its_etag_and_is_no_news(aws, ready):
    _put(aws, "old")
    sidecar = ready(**LISTS)
    plain = list(dict.fromkeys(DOORS.values()))
    tags = [sidecar.get(target).header("etag") for target in plain]
    assert 3 == _refresh(sidecar, {})["refreshed"]
    assert tags == [sidecar.get(target).header("etag") for target in plain]
    assert [] == sidecar.events("entry.changed")


def test_a_refresh_of_all_that_fails_tells_of_each_and_leaves_the_old_entries(aws, rotated):
    """One failed fetch is no reason to lose what was right a moment ago."""
    aws.faults.add("error_500")
    answer = _refresh(rotated, {})
    assert (0, 0) == (answer["refreshed"], answer["skipped"])
    assert {"app/db", "/app/flag", "s3://bucket/rates"} == set(answer["failed"])
    assert {502} == {problem["status"] for problem in answer["failed"].values()}
    for plain in DOORS.values():
        assert ("old", "hit") == ((found := rotated.get(plain)).text, found.header("preheat-cache"))
    aws.faults.clear()
    let_pass(1.0)
    assert 3 == _refresh(rotated, {})["refreshed"]
    assert {"new"} == {rotated.get(plain).text for plain in DOORS.values()}


@pytest.mark.parametrize(("door", "plain"), DOORS.items())
def test_a_refusal_is_never_hidden_by_the_old_value(aws, rotated, door, plain):
    aws.deny("*")
    assert rotated.get(door).status in (400, 403)
    assert 403 == rotated.get(plain).status


def test_a_forced_refresh_never_joins_a_call_that_began_before_it(aws, rotated):
    """That one may bring what was right before the rotation."""
    aws.put_secret("unlisted", "old")
    hold = aws.hold()
    with rotated.connect() as reader, rotated.connect() as forced:
        reader.ask("GET", "/secrets/unlisted")
        hold.wait(1)
        forced.ask("GET", "/secrets/unlisted?refresh=true")
        rotated.get("/ping")  # one thread serves all: it has dealt with that
        hold.release()
        assert "old" == reader.answer().text
        forced_answer = forced.answer()
    assert ("old", 2) == (forced_answer.text, aws.count())


def test_a_secret_that_is_being_rotated(aws, ready):
    """The four steps of a rotation function: create, set, test, finish
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html)."""
    aws.put_secret("app/db", "old")
    sidecar = ready(secrets=["app/db"])
    assert 404 == sidecar.get("/secrets/app/db?stage=AWSPENDING").status  # a database that is being tested may wait
    aws.put_secret("app/db", "new", stages=("AWSPENDING",))
    answer = sidecar.get("/secrets/app/db?stage=AWSPENDING&refresh=true")
    assert (200, "new") == (answer.status, answer.text)
    assert "old" == sidecar.get("/secrets/app/db").text
    drop_in = sidecar.get("/secretsmanager/get?secretId=app/db&versionStage=AWSPENDING").json
    assert ("new", ["AWSPENDING"]) == (drop_in["SecretString"], drop_in["VersionStages"])
    aws.rotate_secret("app/db", "new")
    assert "old" == sidecar.get("/secrets/app/db").text, "fresh for its TTL"
    assert "new" == sidecar.get("/secrets/app/db?refresh=true").text
    assert "old" == sidecar.get("/secrets/app/db?stage=AWSPREVIOUS").text
