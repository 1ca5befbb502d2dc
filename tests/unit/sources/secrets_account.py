"""Answers as Secrets Manager gives them."""

from extension.references import secret_resource
from extension.sources.secrets_manager import SecretsManager
from tests.unit.doubles import double
from tests.unit.sources.scripted import (
    ACCOUNT,
    REGION,
    ScriptedClient,
    directory,
    plan_and_run,
)

ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"


def arn_of(name, region=REGION, suffix="-AbCdEf"):
    return f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}{suffix}"


def document(name, **changes):
    return {
        "ARN": arn_of(name),
        "Name": name,
        "VersionId": f"version-of-{name}",
        "SecretString": f"value of {name}",
        "VersionStages": ["AWSCURRENT"],
        "CreatedDate": 1668586960.499,
        **changes,
    }


class Account:
    """Answers like Secrets Manager: ``singles`` and ``batches`` are errors to give instead, by name or always."""

    def __init__(self, singles=None, batch=None, page=20):
        self.singles = singles or {}
        self.batch = batch
        self.page = page

    def __call__(self, asked):
        if asked.action == "GetSecretValue":
            name = self.name(asked.payload["SecretId"])
            return self.singles.get(name, document(name))
        if self.batch is not None:
            return self.batch
        names = asked.payload["SecretIdList"]
        start = int(asked.payload.get("NextToken", 0))
        page = names[start : start + self.page]
        errors = {name: self.singles[self.name(name)] for name in page if self.name(name) in self.singles}
        answer = {
            "SecretValues": [document(self.name(name)) for name in reversed(page) if name not in errors],
            "Errors": [{"SecretId": name, "ErrorCode": e.code, "Message": e.message} for name, e in errors.items()],
        }
        return {**answer, "NextToken": str(start + self.page)} if start + self.page < len(names) else answer

    @staticmethod
    def name(reference):
        return reference.rpartition("secret:")[2].removesuffix("-AbCdEf")


def source_of(script, batch="auto"):
    client = ScriptedClient(script)
    return SecretsManager(double(client), directory(), client.clock, batch), client


def fetched(script, resources, batch="auto"):
    source, client = source_of(script, batch)
    outcomes, _ = plan_and_run(source, resources, client.clock)
    return outcomes, client


def secrets(count, start=0):
    return [secret_resource(f"name-{number:03}") for number in range(start, start + count)]
