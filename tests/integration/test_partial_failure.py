"""What is missing or refused is told once, with what to grant; everything else is served."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.integration.world import LISTS, OBJECTS, PARAMETERS, SECRETS, fill

SECRET, PARAMETER, OBJECT = "app/absent", "/app/parameter-5", "lookup/absent"
MISSING_SECRET = {
    "resource": SECRET,
    "code": "ResourceNotFoundException",
    "reason": "Secrets Manager can't find the specified secret.",
    "grant": "secretsmanager:GetSecretValue",
    "on": f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{SECRET}-??????",
}
DENIED_PARAMETER = {
    "resource": PARAMETER,
    "code": "AccessDeniedException",
    "grant": "ssm:GetParameter",
    "on": f"arn:aws:ssm:us-east-1:123456789012:parameter{PARAMETER}",
}
MISSING_OBJECT = {
    "resource": f"s3://{OBJECT}",
    "code": "NoSuchKey",
    "reason": "The specified key does not exist.",
    "grant": "s3:GetObject",
    "on": f"arn:aws:s3:::{OBJECT}",
}
# what fails -> its log line, the target that reads it, the status it is answered with
FAILURES = {
    "secret": (MISSING_SECRET, f"/secrets/{SECRET}", 404),
    "parameter": (DENIED_PARAMETER, f"/parameters{PARAMETER}", 403),
    "object": (MISSING_OBJECT, f"/s3/{OBJECT}", 404),
}


@pytest.mark.parametrize("secrets_batch", ["always", "never"])
@pytest.mark.parametrize(
    "failing", [("secret",), ("parameter",), ("object",), ("secret", "parameter", "object")], ids="+".join
)
def test_others_are_served_and_each_failure_is_told_once(aws, ready, failing, secrets_batch):
    fill(aws)
    lists = dict(LISTS)
    if "secret" in failing:
        lists["secrets"] = [*SECRETS, SECRET]
    if "parameter" in failing:
        aws.deny("ssm:GetParameter*", PARAMETER)
    if "object" in failing:
        lists["s3"] = [*LISTS["s3"], f"s3://{OBJECT}"]
    sidecar = ready(**lists, secrets_batch=secrets_batch)
    calls = aws.count()

    told = sidecar.events("fetch.failed")
    assert {FAILURES[name][0]["resource"] for name in failing} == {line["resource"] for line in told}
    assert len(failing) == len(told)
    for name in failing:
        expected, target, status = FAILURES[name]
        (line,) = [line for line in told if line["resource"] == expected["resource"]]
        assert expected | line == line
        assert "ERROR" == line["level"]
        assert line["reason"]
        answer = sidecar.get(target)
        assert status == answer.status
        problem = answer.problem
        assert (expected["code"], expected["resource"]) == (problem["code"], problem["resource"])
        if status == 403:
            assert f"grant {expected['grant']} on {expected['on']}" in problem["detail"]

    for name, value in SECRETS.items():
        assert value == sidecar.get(f"/secrets/{name}").text
    for name, value in PARAMETERS.items():
        assert ("parameter" in failing and name == PARAMETER) or value == sidecar.get(f"/parameters{name}").text
    for name, body in OBJECTS.items():
        assert body == sidecar.get(f"/s3/{name}").body
    assert calls == aws.count(), "a failure is remembered for 5 s: reading it again makes no call"
    assert told == sidecar.events("fetch.failed")

    health = sidecar.get("/health")
    assert (200, "ready") == (health.status, health.json["status"])
    assert len(failing) == len(health.json["failed"])
    (report,) = sidecar.events("init.report")
    assert (22 - failing.count("parameter"), len(failing)) == (report["loaded"], report["failed"])


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (f"/secretsmanager/get?secretId={SECRET}", "ResourceNotFoundException"),
        (f"/systemsmanager/parameters/get?name={PARAMETER}&withDecryption=true", "AccessDeniedException"),
    ],
)
def test_the_drop_in_paths_say_it_in_their_own_words(aws, ready, target, code):
    fill(aws)
    aws.deny("ssm:GetParameter*", PARAMETER)
    sidecar = ready(secrets=[SECRET], parameters=list(PARAMETERS))
    answer = sidecar.get(target)
    assert (400, "an unexpected error occurred while executing request") == (answer.status, answer.text)
    assert code == answer.header("preheat-error")


def test_an_object_that_may_be_missing_or_forbidden_is_403_and_says_so(aws, ready):
    """Without s3:ListBucket S3 does not tell the one from the other."""
    fill(aws)
    aws.deny("s3:ListBucket")
    sidecar = ready(s3=[f"s3://{OBJECT}"])
    answer = sidecar.get(f"/s3/{OBJECT}")
    detail = answer.problem["detail"]
    assert 403 == answer.status
    assert detail.startswith("missing, or not permitted")
    assert f"s3:GetObject on arn:aws:s3:::{OBJECT}" in detail
    assert "s3:ListBucket" in detail


def test_what_was_denied_is_served_as_soon_as_it_is_granted(aws, ready):
    """A forced refresh skips what is remembered."""
    fill(aws)
    aws.deny("*", "app/secret-1")
    sidecar = ready(secrets=["app/secret-1"])
    assert 403 == sidecar.get("/secrets/app/secret-1").status
    aws.allow_all()
    assert 403 == sidecar.get("/secrets/app/secret-1").status
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1?refresh=true").text
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda aws: aws.deny("secretsmanager:GetSecretValue"), 403),
        (lambda aws: aws.deny("kms:Decrypt"), 403),
        (lambda aws: aws.delete_secret("app/secret-1"), 404),
        (lambda aws: aws.delete_secret("app/secret-1", force=True), 404),
    ],
    ids=["denied", "key denied", "marked for deletion", "deleted"],
)
def test_a_refusal_is_never_hidden_by_the_old_value(aws, ready, change, status):
    fill(aws)
    sidecar = ready(secrets=["app/secret-1"])
    change(aws)
    assert status == sidecar.get("/secrets/app/secret-1", {"Cache-Control": "no-cache"}).status
    assert status == sidecar.get("/secrets/app/secret-1").status


@pytest.mark.parametrize(
    ("fault", "options", "status", "code"),
    [
        ("error_500", {}, 502, "InternalServiceError"),
        ("error_503", {}, 502, "ServiceUnavailableException"),
        ("throttled", {}, 429, "ThrottlingException"),
        ("garbage", {}, 502, None),
        ("cut", {}, 502, "ConnectionError"),
        ("cut_body", {}, 502, None),
        ("too_long", {}, 502, None),
        ("too_short", {}, 502, None),
        ("empty", {}, 502, None),
        ("hang", {}, 504, "TimeoutError"),
        ("tls", {}, 502, "ConnectionError"),
        ("error", {"code": "ExpiredTokenException"}, 502, "ExpiredTokenException"),
        ("error", {"code": "InvalidSignatureException"}, 502, "InvalidSignatureException"),
        ("error", {"code": "ValidationException"}, 400, "ValidationException"),
        ("error", {"code": "SomethingNew", "status": 418}, 502, "SomethingNew"),
    ],
)
def test_each_way_in_which_aws_can_fail_has_its_status(aws, ready, fault, options, status, code):
    """And what is transient passes: the next read after it is served."""
    aws.put_secret("app/db", "the value")
    sidecar = ready(fetch_timeout="200ms")
    aws.faults.add(fault, **options)
    answer = sidecar.get("/secrets/app/db")
    assert status == answer.status
    assert status == answer.problem["status"]
    assert code is None or code == answer.problem["code"]
    aws.faults.clear()
    assert "the value" == sidecar.get("/secrets/app/db").text


def test_a_transient_fault_is_retried_within_the_fetch_timeout(aws, ready):
    fill(aws)
    for action in ("BatchGetSecretValue", "GetParameters", "GetObject"):
        aws.faults.add("error_500", action, times=2)
    sidecar = ready(**LISTS)
    assert [] == sidecar.events("fetch.failed")
    assert {"BatchGetSecretValue": 3, "GetParameters": 3, "GetObject": 4} == Counter(call.action for call in aws.calls)
