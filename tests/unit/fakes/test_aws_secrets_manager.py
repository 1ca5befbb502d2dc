"""Secrets Manager as boto3 sees it: shapes, versions and stages, names and ARNs, batches, refusals."""

from __future__ import annotations

import datetime
import json
import re
import uuid

import pytest

from tests.fakes.aws import FakeAws
from tests.unit.fakes.refusals import refused

NOT_FOUND = "Secrets Manager can't find the specified secret."


@pytest.fixture
def manager(client):
    return client("secretsmanager")


def test_a_secret_has_aws_shape(aws: FakeAws, manager) -> None:
    secret = aws.put_secret("prod/db", {"user": "u"})
    answer = manager.get_secret_value(SecretId="prod/db")
    metadata = answer.pop("ResponseMetadata")
    created = answer.pop("CreatedDate")
    assert answer == {
        "ARN": secret.arn,
        "Name": "prod/db",
        "VersionId": secret.version_id,
        "SecretString": '{"user": "u"}',
        "VersionStages": ["AWSCURRENT"],
    }
    assert re.fullmatch(r"arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-[A-Za-z0-9]{6}", secret.arn)
    assert abs((datetime.datetime.now(datetime.timezone.utc) - created).total_seconds()) < 5
    assert metadata["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"
    assert str(uuid.UUID(metadata["RequestId"])) == metadata["RequestId"]


def test_the_date_is_a_number_with_milliseconds(aws, manager) -> None:
    """boto3 would take other forms too, so the body itself is looked at."""
    aws.clock_offset = 0.123
    aws.put_secret("a", "1")
    bodies = []
    manager.meta.events.register("response-received.*", lambda response_dict, **_: bodies.append(response_dict["body"]))
    manager.get_secret_value(SecretId="a")
    assert re.search(rb'"CreatedDate":\d{10}\.\d{1,3},', bodies[0])


def test_a_binary_secret(aws, manager) -> None:
    aws.put_secret("bin", b"\x00\xff")
    answer = manager.get_secret_value(SecretId="bin")
    assert answer["SecretBinary"] == b"\x00\xff"
    assert "SecretString" not in answer


def test_text_outside_ascii_arrives(aws, manager) -> None:
    aws.put_secret("a", 'ü "quoted" \n 漢字 😀')
    assert manager.get_secret_value(SecretId="a")["SecretString"] == 'ü "quoted" \n 漢字 😀'


def test_rotation_moves_the_stages(aws, manager) -> None:
    first = aws.put_secret("a", "1").version_id
    second = aws.rotate_secret("a", "2").version_id
    aws.put_secret("a", "3", stages=("AWSPENDING",))
    assert manager.get_secret_value(SecretId="a")["SecretString"] == "2"
    assert manager.get_secret_value(SecretId="a", VersionStage="AWSPREVIOUS")["SecretString"] == "1"
    assert manager.get_secret_value(SecretId="a", VersionStage="AWSPENDING")["SecretString"] == "3"
    assert manager.get_secret_value(SecretId="a", VersionId=first)["VersionStages"] == ["AWSPREVIOUS"]
    aws.rotate_secret("a", "4")
    assert manager.get_secret_value(SecretId="a", VersionStage="AWSPREVIOUS")["VersionId"] == second
    assert manager.get_secret_value(SecretId="a", VersionId=first)["SecretString"] == "1"


def test_a_version_that_is_missing_or_has_another_stage(aws, manager) -> None:
    version = aws.put_secret("a", "1").version_id
    missing = str(uuid.uuid4())
    text = "Secrets Manager can't find the specified secret value for "
    found = refused(lambda: manager.get_secret_value(SecretId="a", VersionId=missing))
    assert found == (400, "ResourceNotFoundException", f"{text}VersionId: {missing}")
    found = refused(lambda: manager.get_secret_value(SecretId="a", VersionStage="X"))
    assert found == (400, "ResourceNotFoundException", f"{text}staging label: X")
    found = refused(lambda: manager.get_secret_value(SecretId="a", VersionId=version, VersionStage="X"))
    text = "You provided a VersionStage that is not associated to the provided VersionId."
    assert found == (400, "InvalidRequestException", text)


def test_full_and_partial_arns_find_a_secret(aws, manager) -> None:
    arn = aws.put_secret("team/db", "1").arn
    for asked in (arn, arn[:-7]):
        assert manager.get_secret_value(SecretId=asked)["ARN"] == arn


def test_a_partial_arn_that_looks_complete_finds_nothing(aws, manager) -> None:
    """The trap that AWS's documentation warns of: a name that ends in a hyphen and six characters."""
    arn = aws.put_secret("my-secret", "1").arn
    assert arn[:-7].endswith("my-secret")
    assert refused(lambda: manager.get_secret_value(SecretId=arn[:-7]))[1:] == ("ResourceNotFoundException", NOT_FOUND)


def test_another_accounts_secret_is_found_by_arn_alone(aws, manager) -> None:
    other = aws.put_secret("shared", "theirs", account="210987654321")
    assert manager.get_secret_value(SecretId=other.arn)["SecretString"] == "theirs"
    assert refused(lambda: manager.get_secret_value(SecretId="shared"))[1] == "ResourceNotFoundException"


def test_a_secret_lives_in_one_region(aws, client) -> None:
    aws.put_secret("a", "west", region="us-west-2")
    assert client("secretsmanager", region_name="us-west-2").get_secret_value(SecretId="a")["SecretString"] == "west"
    assert refused(lambda: client("secretsmanager").get_secret_value(SecretId="a"))[1] == "ResourceNotFoundException"


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_arns_have_their_regions_partition(aws, region, partition) -> None:
    assert aws.put_secret("a", "1", region=region).arn.startswith(f"arn:{partition}:secretsmanager:{region}:")


def test_a_secret_marked_for_deletion(aws, manager) -> None:
    aws.put_secret("a", "1")
    aws.delete_secret("a")
    text = "You can't perform this operation on the secret because it was marked for deletion."
    assert refused(lambda: manager.get_secret_value(SecretId="a")) == (400, "InvalidRequestException", text)


def test_a_name_that_is_made_again_has_another_arn(aws, manager) -> None:
    before = aws.put_secret("a", "1").arn
    aws.delete_secret("a", force=True)
    assert refused(lambda: manager.get_secret_value(SecretId="a"))[2] == NOT_FOUND
    after = aws.put_secret("a", "2").arn
    assert before != after
    assert refused(lambda: manager.get_secret_value(SecretId=before))[2] == NOT_FOUND


def test_a_denial_names_user_action_and_resource(aws, manager) -> None:
    aws.put_secret("prod/db", "1")
    aws.deny("secretsmanager:GetSecretValue", "prod/*")
    text = (
        "User: arn:aws:sts::123456789012:assumed-role/preheat-function-role/test_function is not authorized to "
        "perform: secretsmanager:GetSecretValue on resource: prod/db because no identity-based policy allows the "
        "secretsmanager:GetSecretValue action"
    )
    assert refused(lambda: manager.get_secret_value(SecretId="prod/db")) == (400, "AccessDeniedException", text)
    aws.allow_all()
    assert manager.get_secret_value(SecretId="prod/db")["SecretString"] == "1"


def test_a_key_that_may_not_be_used(aws, manager) -> None:
    aws.put_secret("a", "1")
    aws.deny("kms:Decrypt", "a")
    assert refused(lambda: manager.get_secret_value(SecretId="a"))[1:] == (
        "AccessDeniedException",
        "Access to KMS is not allowed",
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [({"SecretId": "a b"}, "ValidationException"), ({"SecretId": "a", "VersionId": "x" * 31}, "ValidationException")],
)
def test_malformed_members_are_refused(aws, client, arguments, code) -> None:
    manager = client("secretsmanager", validate=False)
    aws.put_secret("a", "1")
    assert refused(lambda: manager.get_secret_value(**arguments))[:2] == (400, code)


def test_a_missing_member_is_refused(client) -> None:
    manager = client("secretsmanager", validate=False)
    text = "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null"
    assert refused(manager.get_secret_value)[2] == text


def test_data_can_be_loaded_from_a_document(aws, manager) -> None:
    aws.load(
        json.loads('{"secrets": {"a": "1", "b": {"base64": "AAE="}, "c": {"value": "3", "stages": ["AWSPENDING"]}}}')
    )
    assert manager.get_secret_value(SecretId="b")["SecretBinary"] == b"\x00\x01"
    assert manager.get_secret_value(SecretId="c", VersionStage="AWSPENDING")["SecretString"] == "3"
