"""What most tests put into AWS: ten secrets, ten parameters, two objects; and how they are listed."""

from __future__ import annotations

from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.sidecar import Sidecar

SECRETS = {f"app/secret-{number}": f"secret value {number}" for number in range(10)}
# Every other one is a SecureString.
PARAMETERS = {f"/app/parameter-{number}": f"parameter value {number}" for number in range(10)}
OBJECTS = {"lookup/rates.json": b'{"EUR": 1.0}', "lookup/deep/blob.bin": bytes(range(256)) * 8}

LISTS = {
    "secrets": list(SECRETS),
    "parameters": list(PARAMETERS),
    "s3": [f"s3://{name}" for name in OBJECTS],
}


def fill(aws: FakeAws) -> None:
    """Put all of it into AWS."""
    for name, value in SECRETS.items():
        aws.put_secret(name, value)
    for number, (name, value) in enumerate(PARAMETERS.items()):
        aws.put_parameter(name, value, type="SecureString" if number % 2 else "String")
    for place, body in OBJECTS.items():
        bucket, _, key = place.partition("/")
        aws.put_object(bucket, key, body, content_type="application/json" if key.endswith("json") else "image/png")


class World:
    """An AWS, a Lambda and a sidecar between them, for the tests of a module that only read."""

    def __init__(self, aws: FakeAws, api: FakeLambdaApi, sidecar: Sidecar) -> None:
        self.aws = aws
        self.api = api
        self.sidecar = sidecar

    def secret_arn(self, name: str) -> str:
        return self.aws.secrets_manager.get(name, self.aws.account_id, self.aws.region).arn

    def parameter_arn(self, name: str) -> str:
        return f"arn:aws:ssm:{self.aws.region}:{self.aws.account_id}:parameter{name}"
