"""A table of a text, without S3: read as its format says, indexed into a file, looked up in."""

import json
import tempfile

from extension.manifest import ListEntry
from extension.references import s3_resource
from extension.tables import files, index, making


class Lookup:
    """What a table of these bytes answers. ``limit``: of the index, in bytes."""

    def __init__(self, kind, body, *columns, strict=False, limit=1 << 20):
        self.entry = ListEntry(
            s3_resource("bucket", "key"), spelling="", source="", table="t", keys=columns, format=kind, strict=strict
        )
        rows = making.rows_of(self.entry, body)
        with tempfile.TemporaryFile() as file:
            index.write(rows, file.fileno(), {}, strict=strict, limit=limit)
            written = files.mapped(file.fileno())
        about, start = index.head(written)
        self.report = about["report"]
        self.index = index.Index(written, start, rows)

    def row(self, *key):
        """The row as bytes, or None."""
        return self.index.get(key)

    def get(self, *key):
        """The row as Python has it, or None."""
        row = self.row(*key)
        return None if row is None else json.loads(row)
