"""A table of an SQLite file, read in place: opened read-only and immutable, which takes no lock and no journal.

``_sqlite3`` is the C module under ``sqlite3``, which itself imports ``datetime`` for adapters that are not used here.
What `preheat pack` makes says in its header how many rows it has, so that opening it reads two pages.
"""

from __future__ import annotations

import _sqlite3
import _thread
import binascii

from extension import jsontext
from extension.percent import encode
from extension.tables import problems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from extension.tables.index import Key

MAGIC = b"SQLite format 3\0"
PACKED = 0x50524854  # "PRHT", the application_id of what `preheat pack` makes; its user_version is the number of rows
ROW = "ROW_AS_JSON"  # the declared type of a column that holds the whole row
_CACHE = 256  # KB of pages; the file's own are mapped
_MAPPED = 1 << 40  # bytes at most: SQLite's own limit, mostly 2 GB, goes before
_UNINDEXED = 1000  # rows that may be looked through one by one


class Sqlite:
    """Finds rows of one table by columns that are indexed. For any number of threads, one at a time."""

    __slots__ = ("_cursor", "_json", "_lock", "_names", "_query", "parts", "rows", "size")

    def __init__(self, path: str, columns: tuple[str, ...]) -> None:
        """``columns`` are ``TABLE.COLUMN``, or ``COLUMN`` of the only table; none: its primary key."""
        self._lock = _thread.allocate_lock()
        self.size = _CACHE << 10
        try:
            connection = _sqlite3.connect(
                f"file:{encode(path, '/')}?mode=ro&immutable=1", uri=True, check_same_thread=False, isolation_level=None
            )
            connection.text_factory = _text
            self._cursor = connection.cursor()
            self._ask(f"PRAGMA cache_size=-{_CACHE}")
            self._ask(f"PRAGMA mmap_size={_MAPPED}")
            self._ask("PRAGMA trusted_schema=OFF")
            self._open(columns)
        except _sqlite3.Error as error:
            raise _unreadable(error) from None

    def get(self, key: Key) -> bytes | None:
        """The JSON of the last row with that key, or None."""
        try:
            with self._lock:
                row = self._cursor.execute(self._query, key).fetchone()
        except _sqlite3.Error as error:
            raise _unreadable(error) from None
        except UnicodeEncodeError:  # half a surrogate pair: no text in SQLite has one
            return None
        if row is None:
            return None
        if self._json:
            return str(row[-1]).encode()
        try:
            return jsontext.dumps(dict(zip(self._names, row)))  # noqa: B905 (as many)
        except (TypeError, ValueError):
            return jsontext.dumps(dict(zip(self._names, map(_plain, row))))  # noqa: B905 (the same)

    def _ask(self, statement: str, *values: str) -> list[Any]:
        return self._cursor.execute(statement, values).fetchall()

    def _open(self, columns: tuple[str, ...]) -> None:
        table, names = self._table(columns)
        known = self._ask(f"PRAGMA table_info({_quoted(table)})")  # place, name, type, …, place in the primary key
        names = names or [each[1] for each in sorted(known, key=lambda each: int(each[5])) if each[5]]
        if not names or not {each[1] for each in known}.issuperset(names):
            raise problems.invalid("its table has no such column as key= names, or no primary key to do without")
        self.parts = len(names)
        packed = self._ask("PRAGMA application_id")[0][0] == PACKED
        self._json = packed and known[-1][2] == ROW
        # A text is compared as a text, whatever the column's type and collation; the first comparison, by its own
        # rules, is the one that its index serves.
        same = [
            f"{name}=?{place}"
            if packed
            else f"{name} IN (?{place}, CAST(?{place} AS NUMERIC)) AND CAST({name} AS TEXT)=?{place} COLLATE BINARY"
            for place, name in enumerate(map(_quoted, names), 1)
        ]
        last = " ORDER BY rowid DESC" if self._has_rowid(table) else ""
        self._query = f"SELECT * FROM {_quoted(table)} WHERE {' AND '.join(same)}{last} LIMIT 1"  # noqa: S608 (quoted)
        self.rows = int(
            self._ask("PRAGMA user_version")[0][0]
            if packed
            else self._ask(f"SELECT count(*) FROM {_quoted(table)}")[0][0]  # noqa: S608 (quoted)
        )
        plan = " ".join([str(step[3]) for step in self._ask("EXPLAIN QUERY PLAN " + self._query, *names)])
        if "SEARCH" not in plan and self.rows > _UNINDEXED:
            raise problems.invalid(f"it has no index on the columns of key=: CREATE INDEX, or {problems.PACK}")
        self._ask(self._query, *names)  # tries it
        self._names = [column[0] for column in self._cursor.description]

    def _table(self, columns: tuple[str, ...]) -> tuple[str, list[str]]:
        tables = [name for (name,) in self._ask("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
        own = [name for name in tables if not name.startswith("sqlite_")]
        only = own[0] if len(own) == 1 else ""
        chosen, names = set(), []
        for column in columns:
            table, dot, name = column.partition(".")
            chosen.add(table if dot and table in own else only)
            names.append(name if dot and table in own else column)
        if len(chosen or {only}) > 1 or "" in (chosen or {only}):
            raise problems.invalid("key= must name columns of one table, TABLE.COLUMN; this file has more than one")
        return (chosen or {only}).pop(), names

    def _has_rowid(self, table: str) -> bool:
        try:
            self._ask(f"SELECT rowid FROM {_quoted(table)} LIMIT 0")  # noqa: S608 (quoted)
        except _sqlite3.Error:
            return False
        return True


def check(head: bytes, size: int) -> None:
    """Look at a file's first 100 bytes: whether it is one of SQLite's, and whole
    (https://www.sqlite.org/fileformat2.html §1.3)."""
    if head[: len(MAGIC)] != MAGIC or len(head) < 100:
        raise problems.corrupt("it is no SQLite file")
    page = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    if head[24:28] == head[92:96] and size < pages * (65536 if page == 1 else page):
        raise problems.corrupt("the SQLite file is cut off")


def _unreadable(error: Exception) -> Exception:
    """Lambda's python3.10 and python3.11 have SQLite 3.7.17, of 2013, which knows no table without row ids
    (https://github.com/aws/aws-lambda-base-images/issues/116)."""
    version = _sqlite3.sqlite_version
    hint = ""
    if tuple(map(int, version.split("."))) < (3, 8, 2):
        hint = "; tables made WITHOUT ROWID need 3.8.2: use a newer runtime, or pack it with --with-rowid"
    return problems.corrupt(f"SQLite {version} can't read it: {error}{hint}")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(value: Any) -> Any:
    """What JSON has: bytes in base64; an infinite number has no form and is null."""
    if isinstance(value, bytes):
        return binascii.b2a_base64(value, newline=False).decode("ascii")
    if isinstance(value, float) and value - value != 0:
        return None
    return value
