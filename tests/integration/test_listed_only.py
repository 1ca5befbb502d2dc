"""PREHEAT_ALLOW=listed: on every path, by every spelling, nothing that no list names is read, or even asked of AWS."""

from __future__ import annotations

import json

import pytest

from tests.integration.world import fill

OTHER_ACCOUNT = "999999999999"


def _fill(aws):
    fill(aws)
    aws.put_object("lookup", "other", b"x")
    aws.put_object("lookup", "deep/er/still", b"deep")
    for key in ("rates.csv", "others.csv"):
        aws.put_object("lookup", key, b"code,rate\nEUR,1.0\n")
    aws.put_parameter("/app/deep/er", "deep")
    aws.put_secret("app/secret", "a name that others begin with")


@pytest.fixture(scope="module")
def world(make_world):
    world = make_world(
        _fill,
        secrets=["app/secret-1?as=first", "app/secret-2"],
        parameters=["/app/*", "/one"],
        s3=["s3://lookup/deep/**", "s3://lookup/rates.csv?table=rates&key=code"],
        allow="listed",
    )
    world.aws.clear_calls()
    return world


REFUSED = [
    # what is named
    "/secrets/app/secret",
    "/secrets/app/secret-3",
    "/secrets/app/secret-1%2Fx",
    "/secrets/App/secret-1",
    "/secrets/%61pp/secret-3",
    "/secretsmanager/get?secretId=app/secret-3",
    "/secretsmanager/get?secretId=app%2Fsecret-3",
    "/secretsmanager/get/?secretId=app/secret-3",
    "/secretsmanager/get?secretId=app/secret-3&secretId=app/secret-1",
    "/parameters/other",
    "/parameters/app/deep/er",
    "/parameters/app%2Fdeep%2Fer",
    "/systemsmanager/parameters/get?name=/other",
    "/systemsmanager/parameters/get?name=%2Fother",
    "/systemsmanager/parameters/get?name=/app/deep/er&withDecryption=true",
    "/parameters/application",
    "/s3/lookup/other",
    "/s3/lookup/deep",
    "/s3/lookup/deeper",
    "/s3/lookup%2Fother",
    "/s3/other/deep/blob.bin",
    "/s3/lookup/others.csv",
    "/s3/lookup/rates",
    # another store's name of it
    "/parameters/aws/reference/secretsmanager/app/secret-1",
    "/systemsmanager/parameters/get?name=/aws/reference/secretsmanager/app/secret-1&withDecryption=true",
    "/parameters/app/secret-1x/y",
    # another region, account, role
    "/secrets/arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/secret-1-AbCdEf",
    f"/secrets/arn:aws:secretsmanager:us-east-1:{OTHER_ACCOUNT}:secret:app/secret-1-AbCdEf",
    "/secrets/arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:app/secret-1",
    f"/parameters/arn:aws:ssm:us-east-1:{OTHER_ACCOUNT}:parameter/app/parameter-1",
    "/parameters/arn:aws:ssm:eu-west-1:123456789012:parameter/app/parameter-1",
    "/secretsmanager/get?secretId=app/secret-1&roleArn=arn:aws:iam::123456789012:role/x",
    # wildcards that are wider than the list's, or elsewhere
    "/parameters/app/**",
    "/parameters//*",
    "/parameters//**",
    "/parameters/app/deep/*",
    # with options
    "/secrets/app/secret-3?refresh=true",
    "/secrets/app/secret-3?stage=AWSPREVIOUS",
    "/secrets/app/secret-3?field=user",
    "/parameters/other?version=1&decrypt=false",
    "/s3/lookup/other?version=x",
]


@pytest.mark.parametrize("target", REFUSED)
def test_it_is_refused_without_a_call(world, target):
    answer = world.sidecar.get(target)
    code = answer.header("preheat-error") or answer.problem["code"]
    assert ("NotListed", 400 if "/get" in target else 403) == (code, answer.status)
    assert [] == world.aws.calls


AGENTS = [
    "/v1/app/secret-3",
    "/v1/app%2Fsecret-3",
    "/v1/app/secret",
    "/v1/app/secret-3?versionStage=AWSPREVIOUS",
    "/v1/app/secret-3?refreshNow=true",
    "/v1/app/secret-1?roleArn=arn:aws:iam::123456789012:role/x",
    f"/v1/arn:aws:secretsmanager:us-east-1:{OTHER_ACCOUNT}:secret:app/secret-1-AbCdEf",
]


@pytest.mark.parametrize("target", AGENTS)
def test_the_agent_s_path_is_no_other_way(world, target):
    answer = world.sidecar.get(target)
    assert (403, "NotListed") == (answer.status, answer.json["__type"])
    assert [] == world.aws.calls


TABLES = [
    "/tables/others/EUR",
    "/tables/others",
    "/tables/others/EUR?refresh=true",
    "/tables/others.csv/EUR",
    "/tables/lookup/others.csv/EUR",
    "/tables/lookup%2Fothers.csv/EUR",
    "/tables/s3%3A%2F%2Flookup%2Fothers.csv%3Ftable%3Dothers/EUR",
    "/tables/rates.csv/EUR",
    "/tables/RATES/EUR",
    "/tables/rates%2F/EUR",
    "/tables/rates%2F..%2Fothers/EUR",
    "/tables/../others/EUR",
    "/tables/",
]


@pytest.mark.parametrize("target", TABLES)
def test_there_are_no_tables_but_the_listed_ones(world, target):
    answer = world.sidecar.get(target)
    assert (404, "TableNotFound") == (answer.status, answer.problem["code"])
    assert [] == world.aws.calls


def test_a_listed_table_leads_to_its_own_rows_and_bytes_only(world):
    client = world.sidecar
    assert {"code": "EUR", "rate": "1.0"} == client.get("/tables/rates/EUR").json
    assert b"code,rate\nEUR,1.0\n" == client.get("/s3/lookup/rates.csv").body
    for key in ("..%2Fothers%2FEUR", "../others/EUR", "s3:%2F%2Flookup%2Fothers.csv"):
        assert client.get(f"/tables/rates/{key}").problem["code"] in ("RowNotFound", "TableNotFound")
    answer = client.request("POST", "/tables/others", body=b'{"keys":["EUR"]}')
    assert (404, "TableNotFound") == (answer.status, answer.problem["code"])
    assert 404 == client.request("HEAD", "/tables/others").status
    assert [] == world.aws.calls


def test_head_is_no_way_round_it(world):
    for target in ("/secrets/app/secret-3", "/parameters/other", "/s3/lookup/other"):
        assert 403 == world.sidecar.request("HEAD", target).status
    assert [] == world.aws.calls


def test_the_arn_of_an_unlisted_secret_is_refused(world):
    for name in ("app/secret-3", "app/secret"):
        arn = world.secret_arn(name)
        for spelling in (arn, arn[:-7]):
            assert "NotListed" == world.sidecar.get(f"/secrets/{spelling}").problem["code"]
    assert [] == world.aws.calls


BODIES = {
    "secrets": ["app/secret-3", {"id": "app/secret-4", "stage": "AWSPREVIOUS"}, {"name": "app/secret", "field": "x"}],
    "parameters": ["/other", "app/deep/er", {"name": "/app/deep/er", "decrypt": False}, {"name": "/x", "version": 1}],
}


def test_a_batch_gives_each_what_it_may_have(world):
    asked = {
        "secrets": [*BODIES["secrets"], "first"],
        "parameters": [*BODIES["parameters"], "/app/parameter-1"],
        "tables": {"rates": ["EUR"], "others": ["EUR"], "rates.csv": ["EUR"]},
    }
    answer = world.sidecar.request("POST", "/batch", body=json.dumps(asked).encode())
    tables = {name: rows["EUR"] for name, rows in answer.json["tables"].items()}
    assert {"code": "EUR", "rate": "1.0"} == tables.pop("rates")["value"]
    assert {"others": "TableNotFound", "rates.csv": "TableNotFound"} == {
        name: row["error"]["code"] for name, row in tables.items()
    }
    found = {**answer.json["secrets"], **answer.json["parameters"]}
    given = {name: item["value"] for name, item in found.items() if "value" in item}
    assert {"first": "secret value 1", "/app/parameter-1": "parameter value 1"} == given
    refused = {name: item["error"]["code"] for name, item in found.items() if "error" in item}
    assert {"app/secret-3", "app/secret-4", "app/secret", "/other", "app/deep/er", "/app/deep/er", "/x"} == set(refused)
    assert {"NotListed"} == set(refused.values())
    assert [] == world.aws.calls


def test_nor_can_it_be_refreshed(world):
    body = BODIES | {"tables": ["others", "others.csv"]}
    answer = world.sidecar.request("POST", "/refresh", body=json.dumps(body).encode())
    failed = answer.json["failed"]
    assert (0, 0) == (answer.json["refreshed"], answer.json["skipped"])
    assert {"TableNotFound"} == {failed.pop(name)["code"] for name in body["tables"]}
    assert {"NotListed"} == {problem["code"] for problem in failed.values()}
    assert [] == world.aws.calls


def test_a_key_with_dots_is_asked_for_as_it_is_written(world):
    """S3 has no folders: `deep/../other` is a key below deep/, and may not become `other` on its way."""
    answer = world.sidecar.get("/s3/lookup/deep/../other")
    assert 404 == answer.status
    assert 404 == world.sidecar.get("/s3/lookup/deep%2F..%2Fother").status
    assert {"/lookup/deep/../other"} == {call.path for call in world.aws.calls}
    world.aws.clear_calls()


def test_what_is_listed_may_be_read_in_every_way(world):
    arn = world.secret_arn("app/secret-1")
    allowed = {
        "/secrets/first": "secret value 1",
        "/secrets/app/secret-1": "secret value 1",
        "/secrets/app%2Fsecret-1": "secret value 1",
        f"/secrets/{arn}": "secret value 1",
        "/secrets/app/secret-1?stage=AWSCURRENT": "secret value 1",
        "/parameters/app/parameter-1": "parameter value 1",
        "/parameters//app/parameter-1": "parameter value 1",
        f"/parameters/{world.parameter_arn('/app/parameter-2')}": "parameter value 2",
        "/parameters/app/parameter-1?version=1": "parameter value 1",
        "/s3/lookup/deep/er/still": "deep",
    }
    assert "secret value 1" == world.sidecar.get("/v1/first").json["SecretString"]
    for target, value in allowed.items():
        answer = world.sidecar.get(target)
        assert (200, value) == (answer.status, answer.text), target
    members = world.sidecar.get("/parameters/app/*").json
    assert {f"/app/parameter-{number}" for number in range(10)} == set(members)
    world.aws.clear_calls()


def test_before_anything_is_known_of_it_an_arn_is_refused_too(aws, ready):
    """Which resource an ARN is, only an answer tells: with a TTL of 0 there is none, and it is not asked for."""
    fill(aws)
    arn = aws.secrets_manager.get("app/secret-3", aws.account_id, aws.region).arn
    sidecar = ready(secrets=["app/secret-1"], allow="listed", ttl="0")
    aws.clear_calls()
    assert "NotListed" == sidecar.get(f"/secrets/{arn}").problem["code"]
    assert [] == aws.calls
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
