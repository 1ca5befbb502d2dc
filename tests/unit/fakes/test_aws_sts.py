"""AssumeRole as boto3 sees it, and what its credentials may do."""

from __future__ import annotations

import pytest

from tests.fakes.aws import FakeAws
from tests.unit.fakes.refusals import refused

READER = "arn:aws:iam::210987654321:role/readers/reader"


class Keys:
    """The credentials of an answer, for the client fixture."""

    def __init__(self, answer) -> None:
        self.access_key = answer["Credentials"]["AccessKeyId"]
        self.secret_key = answer["Credentials"]["SecretAccessKey"]
        self.session_token = answer["Credentials"]["SessionToken"]


@pytest.fixture
def sts(client):
    return client("sts")


def test_an_assumed_role_has_aws_shape(aws: FakeAws, sts) -> None:
    aws.add_role(READER)
    answer = sts.assume_role(RoleArn=READER, RoleSessionName="preheat", DurationSeconds=900)
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::210987654321:assumed-role/reader/preheat"
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":preheat")
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert abs(answer["Credentials"]["Expiration"].timestamp() - aws.now() - 900) < 5
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "text/xml"


def test_a_caller_is_told_who_it_is(aws: FakeAws, sts) -> None:
    answer = sts.get_caller_identity()
    assert (aws.identity.arn, aws.account_id) == (answer["Arn"], answer["Account"])


def test_its_credentials_act_as_that_role_in_that_account(aws, client, sts) -> None:
    aws.add_role(READER)
    aws.put_secret("name", "mine")
    aws.put_secret("name", "theirs", account="210987654321")
    keys = Keys(sts.assume_role(RoleArn=READER, RoleSessionName="preheat"))
    assert client("secretsmanager").get_secret_value(SecretId="name")["SecretString"] == "mine"
    theirs = client("secretsmanager", identity=keys)
    assert theirs.get_secret_value(SecretId="name")["SecretString"] == "theirs"
    assert aws.calls[-1].role == "reader"
    aws.deny("GetSecretValue", role="reader")
    found = refused(lambda: theirs.get_secret_value(SecretId="name"))
    assert found[2].startswith("User: arn:aws:sts::210987654321:assumed-role/reader/preheat is not authorized")
    assert client("secretsmanager").get_secret_value(SecretId="name")["SecretString"] == "mine"


def test_its_credentials_expire(aws, client, sts) -> None:
    aws.add_role(READER)
    keys = Keys(sts.assume_role(RoleArn=READER, RoleSessionName="preheat", DurationSeconds=900))
    aws.expire_credentials(aws.sts.issued[0])
    found = refused(lambda: client("ssm", identity=keys).get_parameter(Name="/a"))
    assert found[1] == "ExpiredTokenException"


def test_a_role_that_does_not_trust_the_caller_is_refused(aws, sts) -> None:
    found = refused(lambda: sts.assume_role(RoleArn=READER, RoleSessionName="preheat"))
    text = (
        "User: arn:aws:sts::123456789012:assumed-role/preheat-function-role/test_function is not authorized to "
        f"perform: sts:AssumeRole on resource: {READER}"
    )
    assert found == (403, "AccessDenied", text)


def test_an_external_id_must_be_the_right_one(aws, sts) -> None:
    aws.add_role(READER, external_id="secret-word")
    assert refused(lambda: sts.assume_role(RoleArn=READER, RoleSessionName="preheat"))[1] == "AccessDenied"
    assert sts.assume_role(RoleArn=READER, RoleSessionName="preheat", ExternalId="secret-word")["Credentials"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"RoleArn": "arn:aws:iam::1:role/short", "RoleSessionName": "preheat"},
        {"RoleArn": READER, "RoleSessionName": "a b"},
        {"RoleArn": READER, "RoleSessionName": "preheat", "DurationSeconds": 1},
    ],
)
def test_malformed_requests_are_refused(aws, client, arguments) -> None:
    aws.add_role(READER)
    found = refused(lambda: client("sts", validate=False).assume_role(**arguments))
    assert found[:2] == (400, "ValidationError")
