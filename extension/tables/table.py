"""One version of a table, as the store holds it and a reader looks into it."""

from __future__ import annotations

from extension.tables import index, making, sqlite

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from typing import Any

    from extension.manifest import ListEntry
    from extension.tables.files import Folder
    from extension.tables.index import Data, Key


_TURN = 1 << 20  # bytes for one reader before the next one's turn


class Stretch:
    """A part of what is mapped that goes out over a socket, its length what is still to be sent."""

    __slots__ = ("_rest",)

    def __init__(self, rest: memoryview) -> None:
        self._rest = rest

    def __len__(self) -> int:
        return len(self._rest)

    def send_to(self, plain: _socket.socket) -> None:
        """Send what the socket takes just now, up to a turn's worth; ``OSError``."""
        self._rest = self._rest[plain.send(self._rest[:_TURN]) :]


class Table:
    """The rows of an S3 object, and its bytes. ``size`` is what it costs of memory: its index. The repr shows nothing
    of it. It keeps what it has mapped, also when its files are gone."""

    file = None  # that a reader may open: its files are replaced when they have to be

    __slots__ = (
        "_rows",
        "body",
        "checksum",
        "content_type",
        "etag",
        "modified",
        "name",
        "parts",
        "report",
        "rows",
        "size",
        "version",
    )

    def __init__(self, folder: Folder, entry: ListEntry, object_: str, data_: str, index_: str) -> None:
        """Of the files with these names: the object, what was unpacked of it (there need be none) and the index. Raises
        ``SourceError``, ``OSError``, ``ValueError`` or ``LookupError`` where they are not whole."""
        about_file = folder.map(index_)
        about, start = index.head(about_file)
        self.name = entry.resource.name
        self.etag: str = about["etag"]
        self.version: str = about["version"]
        self.checksum: str = about["checksum"]
        self.content_type: str = about["type"]
        self.modified: str = about["modified"]
        self.body: Data = folder.map(object_)
        unpacked = bool(about["unpacked"])
        data = folder.map(data_) if unpacked else self.body
        if len(self.body) != about["object"] or len(data) != about["bytes"]:
            raise ValueError("not the files that the index is of")
        self._rows: index.Index | sqlite.Sqlite
        if making.format_of(entry) == "sqlite":
            self._rows = sqlite.Sqlite(f"{folder.path}/{data_ if unpacked else object_}", entry.keys)
            self.report: dict[str, Any] = {"rows": self._rows.rows}
            self.parts = self._rows.parts
        else:
            self._rows = index.Index(about_file, start, making.rows_of(entry, data))
            self.report = about["report"]
            self.parts = len(entry.keys) or 1
        self.rows: int = self.report["rows"]
        self.size = self._rows.size

    def __repr__(self) -> str:
        return f"<Table of {self.rows} rows>"

    def stretch(self, first: int, count: int) -> Stretch:
        """``count`` bytes of the object, from ``first`` on, as the body of an answer."""
        return Stretch(memoryview(self.body)[first : first + count])

    def get(self, key: Key) -> bytes | None:
        """The JSON of the row with that key, of ``parts`` parts; None where there is none."""
        return self._rows.get(key) if len(key) == self.parts else None
