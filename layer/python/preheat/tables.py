"""A look-up table that the sidecar has made of an S3 object: one row by its key, over localhost, nothing parsed here
but that row."""

from __future__ import annotations

import json

from preheat import targets
from preheat.errors import RowNotFound, SidecarUnavailable, refusal
from preheat.reader import ROW
from preheat.values import document_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from preheat.reader import Reader

    # A composite key is a tuple. Keys are compared as text; a number that is no int is written as in the data: "1.50".
    Part = str | int
    Key = Part | tuple[Part, ...]

# What the sidecar takes at once.
_MOST_KEYS = 100
_MOST_BYTES = 60_000


class Table:
    """Reads rows. Nothing is kept in this process: every look-up is one question, of some 50 microseconds.

    A row is what JSON makes of it; of a CSV file, a dictionary of column -> text. ``SidecarUnavailable`` and the other
    errors of the package are raised by all that is here.
    """

    __slots__ = ("_reader", "name")

    # Rows can be found by their keys only; without this, Python would try 0, 1, 2 … by itself.
    __iter__ = None

    def __init__(self, reader: Reader, name: str) -> None:
        self._reader = reader
        self.name = name

    def __repr__(self) -> str:
        return f"<Table {self.name!r}>"

    def __getitem__(self, key: Key) -> Any:
        """The row with that key; ``RowNotFound``, which is a ``KeyError``, where there is none."""
        return self._ask(targets.row(self.name, _parts(key)))

    def __contains__(self, key: Key) -> bool:
        """Whether there is a row with that key."""
        try:
            self[key]
        except RowNotFound:
            return False
        return True

    def __len__(self) -> int:
        """How many rows there are; of keys that come twice the last is one."""
        rows = self._ask(targets.table(self.name))["rows"]
        return int(rows)

    def __bool__(self) -> bool:
        """A table is true whatever is in it: asking costs a question."""
        return True

    def get(self, key: Key, default: Any = None) -> Any:
        """The row with that key, or ``default``."""
        try:
            return self[key]
        except RowNotFound:
            return default

    def get_many(self, keys: Iterable[Key]) -> dict[Any, Any]:
        """The rows of those keys that there are, by the keys as given; a question for every 100 of them, each answered
        by one version of the table."""
        if isinstance(keys, str):
            raise TypeError("keys are a list, not one str")
        rows: dict[Any, Any] = {}
        for portion in _portions(dict.fromkeys(keys)):
            body = json.dumps({"keys": [list(parts) for parts in portion.values()]}, separators=(",", ":")).encode()
            found = self._post(body)
            for key, parts in portion.items():
                label = parts[0] if len(parts) == 1 else "/".join([targets.part(part) for part in parts])
                if label in found:
                    rows[key] = found[label]
        return rows

    @property
    def _what(self) -> str:
        return f"table {self.name!r}"

    def _ask(self, target: str) -> Any:
        entry = self._reader._read((ROW, self.name), b"GET " + target.encode("ascii"), 0, False)
        try:
            return json.loads(entry.value)
        except ValueError:
            raise SidecarUnavailable(f"{self._what}: the answer is no JSON, so it is not Preheat's") from None

    def _post(self, body: bytes) -> dict[str, Any]:
        channel = self._reader._channel or self._reader._open()
        fields = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        answer = channel.ask(b"POST " + targets.table(self.name).encode("ascii"), fields, body)
        if answer.status != 200:
            raise refusal(self._what, answer, channel.token)
        rows = document_of(answer.body, self._what).get("rows")
        if not isinstance(rows, dict):
            raise SidecarUnavailable(f"{self._what}: the answer holds no rows, so it is not Preheat's")
        return rows


def _parts(key: Key) -> tuple[str, ...]:
    """The key's parts as text."""
    parts = key if isinstance(key, tuple) else (key,)
    if not parts:
        raise ValueError("a composite key has parts")
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, (str, int)):
            raise TypeError(f"a key is a str or an int, or a tuple of them, not {type(part).__name__}")
    return tuple([str(part) for part in parts])


def _portions(keys: Iterable[Key]) -> Iterator[dict[Key, tuple[str, ...]]]:
    """As many at once as the sidecar takes."""
    portion: dict[Key, tuple[str, ...]] = {}
    size = 0
    for key in keys:
        parts = _parts(key)
        length = len(json.dumps(parts)) + 1
        if portion and (len(portion) == _MOST_KEYS or size + length > _MOST_BYTES):
            yield portion
            portion, size = {}, 0
        portion[key] = parts
        size += length
    if portion:
        yield portion
