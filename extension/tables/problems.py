"""What can be wrong with a table. All of it is passing: the version before goes on answering, and says why."""

from __future__ import annotations

from extension.aws import outcome
from extension.errors import SourceError

PACK = "make an SQLite table of it with `preheat pack`, which costs nothing to open (docs/tables.md)"


def corrupt(reason: str) -> SourceError:
    """The object is not what its format says."""
    return _problem("TableCorrupt", reason)


def invalid(reason: str) -> SourceError:
    """The entry and the object do not go together."""
    return _problem("TableInvalid", reason)


def malformed(lines: list[int], count: int) -> SourceError:
    """Rows can't be read where ``strict=true`` wants all of them."""
    places = ", ".join([str(line) for line in lines])
    return _problem("TableMalformed", f"{count} malformed rows, with strict=true; lines {places}")


def too_large(reason: str) -> SourceError:
    """It does not fit."""
    return _problem("TableTooLarge", reason, 413)


def no_room(reason: str) -> SourceError:
    """There is no disk or memory for it just now: another try may succeed, with the same bytes."""
    return _problem("TableNoRoom", reason, 413)


def lasts(error: SourceError) -> bool:
    """Whether the same bytes would come to the same another time."""
    return error.code != "TableNoRoom"


def _problem(code: str, reason: str, status: int = 502) -> SourceError:
    return SourceError(status, transient=True, code=code, message=reason, kind=outcome.TRANSIENT)
