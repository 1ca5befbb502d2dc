"""A zip with the same bytes for the same contents: sorted, dated by hand, the same modes everywhere."""

from __future__ import annotations

import io
import time
import zipfile

FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that the format can say
_UNIX = 3  # create_system: the upper half of external_attr is a Unix mode
_REGULAR = 0o100000


def write(contents: dict[str, bytes], executables: frozenset[str], epoch: int | None = None) -> bytes:
    """Return the zip of ``contents`` (name -> content); ``executables`` get mode 0755, the others 0644.

    Every entry is dated 1980-01-01, or ``epoch`` (seconds, UTC: https://reproducible-builds.org/specs/source-date-epoch/).
    There are no entries for folders: whoever unpacks makes them, and then no mode of theirs can be wrong.
    Deflate at level 9; its output is fixed for a zlib, but not from one zlib to the next.
    """
    date = FIRST_DATE if epoch is None else max(FIRST_DATE, time.gmtime(epoch)[:6])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, date)
            entry.create_system = _UNIX
            entry.external_attr = (_REGULAR | (0o755 if name in executables else 0o644)) << 16
            archive.writestr(entry, contents[name], zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()
