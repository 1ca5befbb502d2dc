"""A zip with the same bytes for the same contents: sorted, dated by hand, the same modes everywhere.

Not by ``zipfile``, which takes no stream that somebody else has compressed.
"""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable

FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that the format can say
_VERSION = 20  # of the format: 2.0 has deflate
_UNIX = 3  # whoever made it: the upper half of the external attributes is a Unix mode
_DEFLATED = 8
_REGULAR = 0o100000


def write(
    contents: dict[str, bytes],
    executables: frozenset[str],
    epoch: int | None = None,
    deflate: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """Return the zip of ``contents`` (name -> content); ``executables`` get mode 0755, the others 0644.

    Every entry is dated 1980-01-01, or ``epoch`` (seconds, UTC: https://reproducible-builds.org/specs/source-date-epoch/).
    There are no entries for folders: whoever unpacks makes them, and then no mode of theirs can be wrong.
    ``deflate`` makes the raw streams; by default zlib at level 9. The format: APPNOTE.TXT of PKWARE, 4.3.
    """
    year, month, day, hour, minute, second = FIRST_DATE if epoch is None else max(FIRST_DATE, time.gmtime(epoch)[:6])
    stamp = hour << 11 | minute << 5 | second // 2, year - FIRST_DATE[0] << 9 | month << 5 | day
    entries, directory = b"", b""
    for name, content in sorted(contents.items()):
        packed = (deflate or _deflate)(content)
        mode = _REGULAR | (0o755 if name in executables else 0o644)
        encoded = name.encode("ascii")
        sizes = zlib.crc32(content), len(packed), len(content), len(encoded)
        common = struct.pack("<5H3LH", _VERSION, 0, _DEFLATED, *stamp, *sizes)
        made_by, attributes = bytes([_VERSION, _UNIX]), struct.pack("<4H2L", 0, 0, 0, 0, mode << 16, len(entries))
        entries += b"PK\3\4" + common + bytes(2) + encoded + packed
        directory += b"PK\1\2" + made_by + common + attributes + encoded
    end = struct.pack("<4H2LH", 0, 0, len(contents), len(contents), len(directory), len(entries), 0)
    return entries + directory + b"PK\5\6" + end


def _deflate(content: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()
