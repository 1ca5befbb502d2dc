"""``preheat pack``: make an SQLite table of a CSV, TSV or JSON Lines file, which costs Preheat nothing to open.

    python tools/preheat_pack.py rates.csv rates.sqlite --key code
    aws s3 cp rates.sqlite s3://bucket/    # and list it as s3://bucket/rates.sqlite?table=rates

Needs Python 3.10 or newer and nothing else: the file may be copied into a build. The table is sorted by its key and has
no row ids (unless asked for), so that a look-up reads a few pages; the file's header says how many rows there are. Keys
are text, and of two rows with one key the last counts, as in the tables that are not packed. See docs/tables.md.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

PACKED = 0x50524854  # "PRHT", by which Preheat knows what it has before it; the same as in extension/tables/sqlite.py
WHOLE_ROW = "ROW_AS_JSON"  # the declared type of a column that holds the whole row
MOST_ROWS = 2**31 - 1  # that the header can count
_FORMATS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_GZIP = b"\x1f\x8b"
_SHOWN = 20  # line numbers


class Refused(Exception):
    """The file can't be packed; the text says why."""


class Table(NamedTuple):
    """``columns``: SQL of each, the key's among them. ``rows`` yields their values; of what can't be read it leaves the
    line's number in ``malformed``."""

    columns: list[str]
    rows: Iterator[tuple[str | None, ...]]
    malformed: list[int]


class Packed(NamedTuple):
    """What was written."""

    rows: int
    duplicates: int
    malformed: list[int]


def main(arguments: list[str] | None = None) -> int:
    """Pack as the command line says; the exit status."""
    parser = argparse.ArgumentParser(prog="preheat_pack.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("source", type=Path, help="the file, which may be packed by gzip")
    parser.add_argument("target", type=Path, help="the SQLite file to write; one that is there is replaced")
    parser.add_argument("--key", action="append", required=True, metavar="COLUMN", help="again for a composite key")
    parser.add_argument("--format", choices=sorted(set(_FORMATS.values())), help="where the name does not tell")
    parser.add_argument(
        "--with-rowid",
        action="store_true",
        help="for a SQLite older than 3.8.2, as Lambda's python3.10 and python3.11 have; larger, and a little slower",
    )
    parser.add_argument("--strict", action="store_true", help="write nothing where a row is malformed")
    options = parser.parse_args(arguments)
    try:
        packed = pack(
            options.source,
            options.target,
            options.key,
            options.format,
            strict=options.strict,
            with_rowid=options.with_rowid,
        )
    except (Refused, OSError, EOFError, UnicodeDecodeError, csv.Error, sqlite3.Error) as error:
        print(f"ERROR: {options.source}: {error}", file=sys.stderr)
        return 1
    print(f"{options.target}: {packed.rows} rows, {options.target.stat().st_size} bytes")
    if packed.duplicates:
        print(f"{packed.duplicates} rows had a key that a later row has as well")
    if packed.malformed:
        lines = ", ".join(map(str, packed.malformed[:_SHOWN]))
        print(f"{len(packed.malformed)} malformed rows are left out; lines {lines}", file=sys.stderr)
    return 0


def pack(
    source: Path,
    target: Path,
    key: list[str],
    kind: str | None = None,
    *,
    strict: bool = False,
    with_rowid: bool = False,
) -> Packed:
    """Write ``target``, whole or not at all."""
    kind = kind or _FORMATS.get(Path(source.name.removesuffix(".gz")).suffix.lower())
    if kind is None:
        raise Refused("its name does not tell its format: add --format")
    unfinished = target.with_name(target.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        with source.open("rb") as file:
            packed_by_gzip = file.read(2) == _GZIP
        with gzip.open(source) if packed_by_gzip else source.open("rb") as content:
            text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="\n" if kind == "jsonl" else "")
            table = _lines(text, key) if kind == "jsonl" else _delimited(text, key, "," if kind == "csv" else "\t")
            packed = _write(table, unfinished, key, "" if with_rowid else "WITHOUT ROWID")
        if strict and packed.malformed:
            raise Refused(f"{len(packed.malformed)} malformed rows, the first on line {packed.malformed[0]}")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return packed


def _delimited(text: Iterable[str], key: list[str], delimiter: str) -> Table:
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(text, delimiter=delimiter)
    header = next(reader, [])
    for name in key:
        if name not in header:
            raise Refused(f"its header has no column {name}")
    if len({name.lower() for name in header}) < len(header):
        raise Refused("two columns have one name, or differ in case only, which SQLite does not allow")
    malformed: list[int] = []
    places = [header.index(name) for name in key]

    def rows() -> Iterator[tuple[str | None, ...]]:
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error:
                row = None
            if row == []:
                continue
            # A column more than the header has would have no name here, and is no loss that may go unseen.
            if row is None or len(row) > len(header) or max(places) >= len(row):
                malformed.append(line)
            else:
                yield (*row, *[None] * (len(header) - len(row)))

    return Table([f"{_quoted(name)} TEXT" for name in header], rows(), malformed)


def _lines(text: Iterable[str], key: list[str]) -> Table:
    malformed: list[int] = []

    def rows() -> Iterator[tuple[str | None, ...]]:
        for number, line in enumerate(text, 1):
            stripped = line.strip()
            if not stripped:
                continue
            try:
                row = json.loads(stripped, parse_int=_Literal, parse_float=_Literal, parse_constant=_refuse)
                yield (*[_text(row[name]) for name in key], stripped)
            except (ValueError, TypeError, LookupError, RecursionError):
                malformed.append(number)

    name = "row"
    while name in [column.lower() for column in key]:
        name += "_"
    return Table([*[f"{_quoted(column)} TEXT" for column in key], f"{_quoted(name)} {WHOLE_ROW}"], rows(), malformed)


class _Literal(str):
    """A number, as it is written."""

    __slots__ = ()


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _text(value: object) -> str:
    """A key as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise TypeError("no key")
    value.encode()  # half a surrogate pair has no form in SQLite: a ValueError
    return str(value)


def _write(table: Table, target: Path, key: list[str], kind: str) -> Packed:
    names = ", ".join(map(_quoted, key))
    columns = ", ".join(table.columns)
    places = ", ".join("?" * len(table.columns))
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        run = connection.execute
        # Nothing to fall back to: where this fails the file is removed.
        for pragma in ("page_size=4096", "journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"):
            run(f"PRAGMA {pragma}")
        run("PRAGMA temp_store=FILE")
        run("BEGIN")
        run(f"CREATE TEMP TABLE staged ({columns})")
        connection.executemany(f"INSERT INTO staged VALUES ({places})", table.rows)
        run(f"CREATE TABLE rows ({columns}, PRIMARY KEY ({names})) {kind}")
        # Sorted first: so the pages are filled one after another, in the order that they are read in.
        run(f"INSERT OR REPLACE INTO rows SELECT * FROM staged ORDER BY {names}, rowid")
        (staged,), (rows,) = (run(f"SELECT count(*) FROM {name}").fetchone() for name in ("staged", "rows"))
        if rows > MOST_ROWS:
            raise Refused(f"{rows} rows where {MOST_ROWS} are the limit")
        run(f"PRAGMA application_id={PACKED}")
        run(f"PRAGMA user_version={rows}")
        run("COMMIT")
    return Packed(rows, staged - rows, table.malformed)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    sys.exit(main())
