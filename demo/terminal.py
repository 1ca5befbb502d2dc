"""What the terminal can do, and how text gets onto it: colours, width, and ASCII in place of what it cannot show."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NARROWEST, WIDEST = 44, 120  # columns: below it does not fit, above lines are hard to follow
_PIPED = 80

# One character for one, so that whatever is drawn keeps its columns.
_ASCII = str.maketrans("█▌▐┊◆…", "===:*~")
_CODES = {
    "title": "1",
    "dim": "2",
    "good": "32",
    "bad": "31",
    "connections": "94",
    "sidecar": "36",
    "aws": "32",
    "function": "33",
    "lambda": "35",
}


class Piece(NamedTuple):
    """Some text in one style; "" is the terminal's own."""

    text: str
    style: str = ""


Line = list[Piece]


class Terminal(NamedTuple):
    """What there is to draw on."""

    width: int
    colour: bool
    unicode: bool

    def render(self, lines: Iterable[Line]) -> str:
        """The lines as they are to be written, none with blanks at its end."""
        return "".join(self._line(line) + "\n" for line in lines)

    def _line(self, line: Line) -> str:
        pieces = [Piece(self._shown(piece.text), piece.style) for piece in line]
        while pieces and not pieces[-1].text.rstrip():
            pieces.pop()
        if pieces:
            pieces[-1] = Piece(pieces[-1].text.rstrip(), pieces[-1].style)
        return "".join(self._coloured(piece) for piece in pieces)

    def _coloured(self, piece: Piece) -> str:
        code = _CODES.get(piece.style, "")
        return f"\x1b[{code}m{piece.text}\x1b[0m" if code and self.colour and piece.text.strip() else piece.text

    def _shown(self, text: str) -> str:
        """Nothing that moves a cursor, whatever a name holds."""
        text = "".join(character if character.isprintable() else "?" for character in text)
        return text if self.unicode else text.translate(_ASCII).encode("ascii", "replace").decode()


def detect(stream: TextIO, environ: Mapping[str, str], width: int = 0) -> Terminal:
    """What ``stream`` is: plain ASCII without colour where it is no terminal, or where ``NO_COLOR`` (no-color.org) or
    ``TERM=dumb`` asks for it. ``width`` overrides what the terminal says."""
    is_terminal = stream.isatty()
    columns = width or shutil.get_terminal_size((_PIPED, 24)).columns
    # The last column stays free: some terminals begin a new line behind it.
    columns = min(max(columns - (1 if is_terminal and not width else 0), NARROWEST), WIDEST)
    fancy = is_terminal and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"
    # Python takes the C locale for UTF-8 (PEP 538, 540); who sets LC_ALL=C means it.
    utf8 = (stream.encoding or "").lower().replace("-", "") == "utf8" and environ.get("LC_ALL") not in ("C", "POSIX")
    return Terminal(columns, colour=fancy, unicode=fancy and utf8)
