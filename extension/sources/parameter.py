"""One parameter as SSM Parameter Store answers it."""

from __future__ import annotations

from extension import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SECURE = "SecureString"


class Parameter:
    """One version of a parameter. ``decrypted`` says nothing unless ``type`` is SecureString. The repr hides
    ``value``."""

    __slots__ = (
        "arn",
        "data_type",
        "decrypted",
        "etag",
        "modified",
        "name",
        "selector",
        "size",
        "source_result",
        "type",
        "value",
        "version",
    )

    def __init__(self, document: dict[str, Any], decrypted: bool) -> None:
        self.arn: str = document.get("ARN") or ""
        self.name: str = document["Name"]
        self.type: str = document.get("Type") or "String"
        self.value: str | None = document.get("Value")  # None: a binary secret through SSM
        number = document.get("Version")
        self.version: int = number if isinstance(number, int) else 0
        self.modified: float | None = document.get("LastModifiedDate")
        self.data_type: str | None = document.get("DataType")
        self.selector: str | None = document.get("Selector")
        self.source_result: str | None = document.get("SourceResult")
        self.decrypted = decrypted
        if self.value is None and self.source_result is None:
            raise ValueError("a parameter without a value")
        self.size = len(self.value or "") + len(self.source_result or "") + len(self.arn) + len(self.name)
        self.etag = f"{self.version}-{round((self.modified or 0) * 1000)}"
        if self.source_result is not None:  # its Version is 0 and its date the time of asking: only the secret's counts
            self.etag = str(jsontext.loads(self.source_result).get("versionId"))
        if self.type == SECURE and not decrypted:
            self.etag += "-ciphertext"

    def __repr__(self) -> str:
        return f"<Parameter {self.name}>"


class Deferred:
    """It is a SecureString, and was asked for without decryption, because a snapshot may be taken."""

    __slots__ = ()
