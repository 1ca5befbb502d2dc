"""BatchGetSecretValue as boto3 sees it: errors of single items, pages, limits, permission."""

from __future__ import annotations

from functools import partial

import pytest

from tests.unit.fakes.refusals import refused


@pytest.fixture
def manager(client):
    return client("secretsmanager")


def test_a_batch_answers_each(aws, manager) -> None:
    arn = aws.put_secret("a", "1").arn
    aws.put_secret("b", b"2")
    aws.put_secret("denied", "3")
    aws.put_secret("gone", "4")
    aws.delete_secret("gone")
    aws.deny("GetSecretValue", "denied")
    answer = manager.batch_get_secret_value(SecretIdList=[arn, "b", "none", "denied", "gone", arn[:-7]])
    values = {one["Name"]: one.get("SecretString", one.get("SecretBinary")) for one in answer["SecretValues"]}
    errors = {one["SecretId"]: one["ErrorCode"] for one in answer["Errors"]}
    assert values == {"a": "1", "b": b"2"}
    assert errors == {
        "none": "ResourceNotFoundException",
        "denied": "AccessDeniedException",
        "gone": "InvalidRequestException",
        arn[:-7]: "ResourceNotFoundException",
    }
    assert set(answer["SecretValues"][0]) == {
        "ARN",
        "Name",
        "VersionId",
        "SecretString",
        "VersionStages",
        "CreatedDate",
    }
    assert "NextToken" not in answer


def test_a_batch_comes_in_pages(aws, manager) -> None:
    names = [f"s{number}" for number in range(7)]
    for name in names:
        aws.put_secret(name, name.upper())
    aws.secrets_manager.batch_page_size = 3
    found, options = [], {}
    for expected in (3, 3, 1):
        answer = manager.batch_get_secret_value(SecretIdList=names, **options)
        assert len(answer["SecretValues"]) == expected
        found += [one["Name"] for one in answer["SecretValues"]]
        options = {"NextToken": answer.get("NextToken")}
    assert found == names
    assert options == {"NextToken": None}


def test_a_wrong_token_is_refused(aws, manager) -> None:
    aws.put_secret("a", "1")
    aws.put_secret("b", "1")
    aws.secrets_manager.batch_page_size = 1
    token = manager.batch_get_secret_value(SecretIdList=["a", "b"])["NextToken"]
    for ids, sent in ((["a", "b"], "other"), (["b", "a"], token)):
        found = refused(partial(manager.batch_get_secret_value, SecretIdList=ids, NextToken=sent))
        assert found[1] == "InvalidNextTokenException"


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([f"s{number}" for number in range(21)], "ValidationException"),
        (["a", "a"], "InvalidParameterException"),
        ([], "InvalidParameterException"),
    ],
)
def test_a_batch_of_too_many_or_twice_the_same_is_refused(client, ids, code) -> None:
    manager = client("secretsmanager", validate=False)
    assert refused(lambda: manager.batch_get_secret_value(SecretIdList=ids))[1] == code


def test_a_batch_needs_its_own_permission(aws, manager) -> None:
    aws.put_secret("a", "1")
    aws.deny("secretsmanager:BatchGetSecretValue")
    assert refused(lambda: manager.batch_get_secret_value(SecretIdList=["a"]))[1] == "AccessDeniedException"
    assert manager.get_secret_value(SecretId="a")["SecretString"] == "1"
