"""Parameter Store as boto3 sees it: shapes, selectors, batches, paths, SecureStrings, references to secrets."""

from __future__ import annotations

import json
from functools import partial

import pytest

from tests.fakes.aws import FakeAws
from tests.unit.fakes.refusals import refused

REFERENCE = "/aws/reference/secretsmanager/"


@pytest.fixture
def store(client):
    return client("ssm", validate=False)


def test_a_parameter_has_aws_shape(aws: FakeAws, store) -> None:
    aws.put_parameter("/app/flag", "on")
    parameter = store.get_parameter(Name="/app/flag")["Parameter"]
    assert abs(parameter.pop("LastModifiedDate").timestamp() - aws.now()) < 5
    assert parameter == {
        "Name": "/app/flag",
        "Type": "String",
        "Value": "on",
        "Version": 1,
        "ARN": "arn:aws:ssm:us-east-1:123456789012:parameter/app/flag",
        "DataType": "text",
    }


def test_a_name_without_slash_has_one_in_its_arn(aws, store) -> None:
    aws.put_parameter("plain", "1", type="StringList")
    parameter = store.get_parameter(Name="plain")["Parameter"]
    assert (parameter["ARN"], parameter["Type"]) == ("arn:aws:ssm:us-east-1:123456789012:parameter/plain", "StringList")
    assert store.get_parameter(Name=parameter["ARN"])["Parameter"]["Name"] == "plain"


def test_versions_and_labels_are_selected_and_echoed(aws, store) -> None:
    aws.put_parameter("/a", "1", labels=("live",))
    aws.put_parameter("/a", "2")
    for asked, value, selector in (
        ("/a", "2", None),
        ("/a:1", "1", ":1"),
        ("/a:2", "2", ":2"),
        ("/a:live", "1", ":live"),
    ):
        parameter = store.get_parameter(Name=asked)["Parameter"]
        assert (parameter["Name"], parameter["Value"], parameter.get("Selector")) == ("/a", value, selector)
    aws.label_parameter("/a", 2, "live")
    assert store.get_parameter(Name="/a:live")["Parameter"]["Version"] == 2


def test_an_arn_takes_a_selector_too(aws, store) -> None:
    arn = aws.put_parameter("/a", "1").arn
    assert store.get_parameter(Name=f"{arn}:1")["Parameter"]["Selector"] == ":1"


def test_what_is_missing(aws, store) -> None:
    aws.put_parameter("/a", "1")
    assert refused(lambda: store.get_parameter(Name="/none")) == (400, "ParameterNotFound", "")
    text = "Systems Manager could not find version 9 of /a. Verify the version and try again."
    assert refused(lambda: store.get_parameter(Name="/a:9")) == (400, "ParameterVersionNotFound", text)
    assert refused(lambda: store.get_parameter(Name="/a:x"))[1] == "ParameterVersionNotFound"
    aws.delete_parameter("/a")
    assert refused(lambda: store.get_parameter(Name="/a"))[1] == "ParameterNotFound"


@pytest.mark.parametrize("name", ["a b", "{x}", "/a//b", "ssm-name", "/SSM/x"])
def test_malformed_names_are_refused_with_awss_text(store, name) -> None:
    found = refused(lambda: store.get_parameter(Name=name))
    assert found[:2] == (400, "ValidationException")
    assert found[2].startswith('Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path')


def test_a_securestring_is_ciphertext_unless_decrypted(aws, store) -> None:
    aws.put_parameter("/secret", "hidden", type="SecureString")
    plain = store.get_parameter(Name="/secret", WithDecryption=True)["Parameter"]["Value"]
    cipher = [store.get_parameter(Name="/secret")["Parameter"]["Value"] for _ in range(2)]
    assert plain == "hidden"
    assert cipher[0] == cipher[1]
    assert cipher[0].startswith("AQICAH")
    assert "hidden" not in cipher[0]


def test_a_key_that_may_not_be_used_matters_only_for_decryption(aws, store) -> None:
    aws.put_parameter("/secret", "hidden", type="SecureString")
    aws.put_parameter("/plain", "1")
    aws.deny("kms:Decrypt")
    found = refused(lambda: store.get_parameter(Name="/secret", WithDecryption=True))
    assert found[1] == "AccessDeniedException"
    assert "kms:Decrypt" in found[2]
    assert store.get_parameter(Name="/secret")["Parameter"]["Type"] == "SecureString"
    assert store.get_parameter(Name="/plain", WithDecryption=True)["Parameter"]["Value"] == "1"


def test_a_batch_is_sorted_and_lists_what_is_invalid(aws, store) -> None:
    aws.put_parameter("/b", "2")
    aws.put_parameter("/a", "1")
    answer = store.get_parameters(Names=["/b", "/x", "/a", "/a:7", "/b:1"])
    assert [one["Name"] for one in answer["Parameters"]] == ["/a", "/b", "/b"]
    assert answer["InvalidParameters"] == ["/a:7", "/x"]


@pytest.mark.parametrize("names", [[f"n{number}" for number in range(11)], ["/a", "/a"], []])
def test_too_many_names_or_the_same_twice_are_refused(store, names) -> None:
    assert refused(lambda: store.get_parameters(Names=names))[:2] == (400, "ValidationException")


def test_one_denied_or_malformed_name_sinks_the_batch(aws, store) -> None:
    aws.put_parameter("/a", "1")
    aws.put_parameter("/b", "2")
    assert refused(lambda: store.get_parameters(Names=["/a", "b c"]))[1] == "ValidationException"
    aws.deny("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/b")
    found = refused(lambda: store.get_parameters(Names=["/a", "/b"]))
    text = (
        "User: arn:aws:sts::123456789012:assumed-role/preheat-function-role/test_function is not authorized to "
        "perform: ssm:GetParameters on resource: arn:aws:ssm:us-east-1:123456789012:parameter/b because no "
        "identity-based policy allows the ssm:GetParameters action"
    )
    assert found == (400, "AccessDeniedException", text)
    assert store.get_parameter(Name="/b")["Parameter"]["Value"] == "2"


def test_paths_are_one_level_or_all_below(aws, store) -> None:
    for name in ("/app/b", "/app/a", "/app/sub/c", "/apple", "top"):
        aws.put_parameter(name, name)

    def names(path, **options):
        return [one["Name"] for one in store.get_parameters_by_path(Path=path, **options)["Parameters"]]

    assert names("/app") == names("/app/") == ["/app/a", "/app/b"]
    assert names("/app", Recursive=True) == ["/app/a", "/app/b", "/app/sub/c"]
    assert names("/") == ["/apple", "top"]
    assert names("/none") == []


def test_paths_come_in_pages(aws, store) -> None:
    for number in range(23):
        aws.put_parameter(f"/p/{number:02}", str(number))
    aws.parameter_store.empty_pages = 1
    pages = list(store.get_paginator("get_parameters_by_path").paginate(Path="/p"))
    assert [len(page["Parameters"]) for page in pages] == [0, 10, 10, 3]
    assert [one["Value"] for page in pages for one in page["Parameters"]] == [str(number) for number in range(23)]
    aws.parameter_store.empty_pages = 0
    assert len(store.get_parameters_by_path(Path="/p", MaxResults=4)["Parameters"]) == 4
    aws.parameter_store.path_page_size = 2
    assert len(store.get_parameters_by_path(Path="/p", MaxResults=4)["Parameters"]) == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"Path": "app"}, "ValidationException"),
        ({"Path": "/app", "MaxResults": 11}, "ValidationException"),
        ({"Path": "/app", "NextToken": "x"}, "InvalidNextToken"),
    ],
)
def test_malformed_path_queries_are_refused(store, arguments, code) -> None:
    assert refused(lambda: store.get_parameters_by_path(**arguments))[:2] == (400, code)


def test_a_paths_permission_is_the_paths_own(aws, store) -> None:
    aws.put_parameter("/app/a", "1")
    aws.deny("ssm:GetParameter", "/app/a")
    assert len(store.get_parameters_by_path(Path="/app")["Parameters"]) == 1
    aws.deny("ssm:GetParametersByPath", "arn:aws:ssm:*:*:parameter/app")
    assert refused(lambda: store.get_parameters_by_path(Path="/app"))[1] == "AccessDeniedException"


def test_another_accounts_parameter_is_found_by_arn(aws, store) -> None:
    arn = aws.put_parameter("/shared", "theirs", account="210987654321").arn
    assert store.get_parameters(Names=[arn])["Parameters"][0]["Value"] == "theirs"
    assert store.get_parameters(Names=["/shared"])["InvalidParameters"] == ["/shared"]


def test_a_reference_reads_a_secret(aws, store) -> None:
    secret = aws.put_secret("prod/db", "pass")
    parameter = store.get_parameter(Name=REFERENCE + "prod/db", WithDecryption=True)["Parameter"]
    parameter.pop("LastModifiedDate")
    source = json.loads(parameter.pop("SourceResult"))
    assert parameter == {
        "Name": REFERENCE + "prod/db",
        "Type": "SecureString",
        "Value": "pass",
        "Version": 0,
        "ARN": secret.arn,
    }
    assert list(source) == ["ARN", "name", "versionId", "secretString", "versionStages", "createdDate"]
    assert (source["versionId"], source["secretString"]) == (secret.version_id, "pass")


def test_a_references_selector_is_a_stage_or_a_version(aws, store) -> None:
    first = aws.put_secret("a", "1").version_id
    aws.rotate_secret("a", "2")
    for selector in ("AWSPREVIOUS", first):
        parameter = store.get_parameter(Name=f"{REFERENCE}a:{selector}", WithDecryption=True)["Parameter"]
        assert (parameter["Value"], parameter["Selector"], parameter["Name"]) == ("1", f":{selector}", REFERENCE + "a")


def test_references_that_cannot_be_read(aws, store) -> None:
    aws.put_secret("bin", b"\x80")
    aws.put_secret("gone", "1")
    aws.delete_secret("gone")
    prefix = (
        "An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret aws/reference/secretsmanager/"
    )
    expected = {
        "none": ("ParameterNotFound", f"{prefix}nonenull not found."),
        "bin:X": ("ParameterNotFound", f"{prefix}bin:X not found."),
        "gone": ("ValidationException", "Invalid Request to Secrets Manager"),
    }
    for name, refusal in expected.items():
        found = refused(partial(store.get_parameter, Name=REFERENCE + name, WithDecryption=True))
        assert found[1:] == refusal
    text = "WithDecryption flag must be True for retrieving a Secret Manager secret."
    assert refused(lambda: store.get_parameter(Name=REFERENCE + "bin"))[1:] == ("ValidationException", text)
    binary = store.get_parameter(Name=REFERENCE + "bin", WithDecryption=True)["Parameter"]
    assert "Value" not in binary
    answer = store.get_parameters(Names=[REFERENCE + "none", REFERENCE + "bin:a:b"], WithDecryption=True)
    assert answer["InvalidParameters"] == [REFERENCE + "bin:a:b", REFERENCE + "none"]
