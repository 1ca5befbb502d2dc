"""Secrets through Parameter Store: /aws/reference/secretsmanager/NAME[:stage or version id]."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.fakes.aws.context import Context, partition_of
from tests.fakes.aws.errors import AwsError
from tests.fakes.aws.secret_data import Secret, SecretVersion
from tests.fakes.aws.secrets_manager import SecretsManager

PREFIX = "/aws/reference/secretsmanager/"
BAD_SELECTOR = (
    "Invalid parameter name. Please use correct syntax for referencing a version/label  <name>:<version/label>"
)
NEEDS_DECRYPTION = "WithDecryption flag must be True for retrieving a Secret Manager secret."


def read_reference(
    secrets_manager: SecretsManager, context: Context, action: str, asked: str, *, decrypt: bool
) -> dict[str, Any]:
    """The Parameter of a reference; raises AwsError. Texts as others measured them against AWS in 2026-09."""
    name, colon, selector = asked.partition(":")
    arn = f"arn:{partition_of(context.region)}:ssm:{context.region}:{context.identity.account}:parameter{name}"
    context.denials.check(context.identity, action, arn, name)
    if (colon and not selector) or ":" in selector:
        raise _invalid(BAD_SELECTOR)
    if not decrypt:
        raise _invalid(NEEDS_DECRYPTION)
    is_id = len(selector) == 36 and selector.count("-") == 4
    stage, version_id = (None, selector) if is_id else (selector or None, None)
    try:
        secret, version = secrets_manager.read(context, name.removeprefix(PREFIX), stage, version_id)
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            shown = name.removeprefix("/") + (f":{selector}" if selector else "null")
            text = "An error occurred (ParameterNotFound) when referencing Secrets Manager: "
            raise AwsError("ParameterNotFound", f"{text}Secret {shown} not found.", spelling="message") from None
        if error.code == "InvalidRequestException":
            raise _invalid("Invalid Request to Secrets Manager") from None
        raise
    shape = {
        "ARN": secret.arn,
        "LastModifiedDate": version.created,
        "Name": name,
        "SourceResult": _source_result(secret, version),
        "Type": "SecureString",
        "Version": 0,
    }
    if isinstance(version.value, str):
        shape["Value"] = version.value
    if selector:
        shape["Selector"] = f":{selector}"
    return shape


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationException", text, spelling="message")


def _source_result(secret: Secret, version: SecretVersion) -> str:
    """The whole secret as a JSON text, members in the order that AWS writes them."""
    document: dict[str, Any] = {"ARN": secret.arn, "name": secret.name, "versionId": version.version_id}
    if isinstance(version.value, str):
        document["secretString"] = version.value
    else:
        document["secretBinary"] = {"hb": [byte - 256 if byte > 127 else byte for byte in version.value]}
    document["versionStages"] = sorted(version.stages)
    document["createdDate"] = _java_date(version.created)
    return json.dumps(document, separators=(",", ":"))


def _java_date(epoch: float) -> str:
    """An epoch time like "Nov 16, 2022, 8:22:40 AM"."""
    when = time.gmtime(epoch)
    clock = f"{when.tm_hour % 12 or 12}:{when.tm_min:02}:{when.tm_sec:02} {'AM' if when.tm_hour < 12 else 'PM'}"
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[when.tm_mon * 3 - 3 : when.tm_mon * 3]
    return f"{month} {when.tm_mday}, {when.tm_year}, {clock}"
