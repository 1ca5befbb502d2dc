"""A parameter as Parameter Store keeps it: numbered versions, labels, and how it is shown."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from tests.fakes.aws.context import milliseconds, partition_of


class ParameterVersion:
    """One value. `labels` are unique within a parameter."""

    def __init__(self, value: str, kind: str, number: int, modified: float) -> None:
        self.value = value
        self.kind = kind
        self.number = number
        self.modified = milliseconds(modified)
        self.labels: list[str] = []

    def shown(self, name: str, *, decrypt: bool) -> str:
        """The value; for a SecureString that is not decrypted a stable text like KMS's ciphertext."""
        if self.kind != "SecureString" or decrypt:
            return self.value
        seed = hashlib.sha512(f"{name}:{self.number}".encode()).digest()
        return base64.b64encode(bytes.fromhex("0102020078") + seed * 2).decode()


class Parameter:
    """One parameter with all of its versions, oldest first."""

    def __init__(self, name: str, account: str, region: str) -> None:
        self.name = name
        self.account = account
        self.region = region
        self.arn = f"arn:{partition_of(region)}:ssm:{region}:{account}:parameter/{name.removeprefix('/')}"
        self.versions: list[ParameterVersion] = []

    def select(self, selector: str) -> ParameterVersion | None:
        """The latest version for "", else the one with that number or label."""
        if not selector:
            return self.versions[-1]
        if selector.isdigit():
            return next((version for version in self.versions if version.number == int(selector)), None)
        return next((version for version in self.versions if selector in version.labels), None)

    def shape(self, version: ParameterVersion, *, decrypt: bool, selector: str = "") -> dict[str, Any]:
        shape = {
            "ARN": self.arn,
            "DataType": "text",
            "LastModifiedDate": version.modified,
            "Name": self.name,
            "Type": version.kind,
            "Value": version.shown(self.name, decrypt=decrypt),
            "Version": version.number,
        }
        if selector:
            shape["Selector"] = f":{selector}"
        return shape
