"""An object as it is held, and the answer that it is still the same."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from extension.files import File


class Object:
    """One version of an object, in memory or as a file. ``checksum``: the algorithm by which it was verified, "" where
    S3 has none that can be. ``size`` counts what is in memory. The repr shows nothing of it."""

    __slots__ = ("body", "checksum", "content_type", "etag", "modified", "name", "size", "version")

    def __init__(self, name: str, headers: Mapping[str, str], body: bytes | File, checksum: str = "") -> None:
        self.name = name
        self.body = body
        self.checksum = checksum
        self.etag = headers.get("etag", "").strip('"')
        self.version = headers.get("x-amz-version-id", "")
        self.content_type = headers.get("content-type") or "binary/octet-stream"  # S3's own default
        self.modified = headers.get("last-modified", "")
        self.size = len(name) + (len(body) if isinstance(body, bytes) else 0)

    @property
    def file(self) -> File | None:
        """The file that it is kept as; None where it is in memory."""
        return None if isinstance(self.body, bytes) else self.body

    def __repr__(self) -> str:
        return f"<Object {self.name}, {len(self.body)} bytes>"


class NotModified:
    """S3 answered 304: what is held is still right, and as young as this question."""

    __slots__ = ("held",)

    def __init__(self, held: Any) -> None:
        self.held = held
