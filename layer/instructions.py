"""Instructions of several CPythons as numbers, and what unpacking.py needs to make each version's own of them.

Each takes two bytes: the argument, and after it the number of its kind (``dialects``). So that something can be put in
or taken out by number alone, as C does it on all at once,

- an argument is less than 127: a larger one, and one that differs from version to version anyway, comes apart, and 127
  stands for it;
- the number of a kind that is more or less than one instruction, or has room for caches, is 128 or more.

Of the latter the common ones only: each such number costs a cold start 20 us. A rare one has its room written out.
"""

from __future__ import annotations

from collections import Counter

from layer.dialects import LARGE, Dialect, Form, comes_apart
from layer.marshalled import FormatError
from layer.translation import translate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from layer.dialects import Opcodes

_MARKS = 128  # the least number that is no argument
_COMMON = 100  # uses in all versions
_ROOM = "CACHE"
_FAR = ", far"  # of a kind whose argument is too large


class Numbering:
    """How the instructions of all versions are written."""

    def __init__(self, opcodes: Mapping[int, Opcodes], codes: Mapping[int, list[bytes]]) -> None:
        """``opcodes`` and all instructions (``codes``), by minor version."""
        self._dialects = {minor: Dialect(minor, opcodes[minor]) for minor in codes}
        uses: Counter[str] = Counter()
        for minor, several in codes.items():
            for code in several:
                uses.update(kind for kind, _ in self._units(code, minor))
        implied = {kind for each in self._dialects.values() for form in each.forms.values() for kind in form.after}
        for kind in implied:
            uses[kind] += _COMMON  # where it comes unsaid, nobody has written out its room
        self._marks = {kind for kind in uses if self._is_mark(kind, uses[kind])}
        # The commonest first: deflate gains by it. 0 is nobody's number, and so it is always an argument.
        names = sorted(uses, key=lambda kind: (-uses[kind], kind))
        others = [_ROOM, *(kind for kind in names if kind not in self._marks)]
        marks = [kind for kind in names if kind in self._marks]
        free = [*range(1, _MARKS), *range(_MARKS + len(marks), 256)]
        if len(marks) > 256 - _MARKS or len(others) > len(free):
            raise FormatError(f"{len(marks)} and {len(others)} kinds of instructions")
        self._numbers = dict(zip(marks, range(_MARKS, 256), strict=False)) | dict(zip(others, free, strict=False))

    def _is_mark(self, kind: str, uses: int) -> bool:
        """Whether something has to be put in or taken out for it, in one version at least, and it is worth a number."""
        for dialect in self._dialects.values():
            form = self._form(dialect, kind)
            if kind in dialect.absent or form.after or (uses >= _COMMON and dialect.room(form.name)):
                return True
        return False

    def _units(self, code: bytes, minor: int) -> list[tuple[str, int]]:
        """The instructions by the kinds that have numbers."""
        dialect = self._dialects[minor]
        units: list[tuple[str, int]] = []
        for kind, argument in translate(code, dialect):
            if argument < LARGE or comes_apart(kind):
                units.append((kind, argument))
            else:
                form = self._form(dialect, kind)
                units.append((kind + _FAR, argument >> form.shifted))
        return units

    def _form(self, dialect: Dialect, kind: str) -> Form:
        form = dialect.forms.get(kind.removesuffix(_FAR), Form(""))
        return form._replace(shifted=False) if kind.endswith(_FAR) else form

    def _room(self, dialect: Dialect, kind: str) -> bytes:
        return bytes([0, self._numbers[_ROOM]]) * dialect.room(self._form(dialect, kind).name)

    def write(self, code: bytes, minor: int) -> tuple[bytes, bytes]:
        """``code`` of 3.``minor`` in the common numbering, and the arguments that come apart."""
        content, arguments = bytearray(), bytearray()
        for kind, argument in self._units(code, minor):
            if kind.endswith(_FAR) or comes_apart(kind):
                arguments += bytes([argument]) * (1 + self._form(self._dialects[minor], kind).copied)
                argument = LARGE  # noqa: PLW2901
            content += bytes([argument, self._numbers[kind]])
            if kind not in self._marks:
                content += self._room(self._dialects[minor], kind)
        return bytes(content), bytes(arguments)

    def dialect(self, minor: int) -> tuple[bytes, dict[bytes, bytes], bytes, dict[bytes, bytes]]:
        """What unpacking.py has to know of 3.``minor``."""
        dialect = self._dialects[minor]
        opcodes, changed = bytearray(256), bytearray(256)
        expanded: dict[bytes, bytes] = {}
        rooms: dict[bytes, bytes] = {}
        for kind, number in reversed(self._numbers.items()):  # the rarest first, while all is small
            form = self._form(dialect, kind)
            opcodes[number] = dialect.opcode(form.name)
            changed[number] = form.shifted | form.halved << 1 | form.copied << 2  # one bit for each way
            if kind in dialect.absent:
                expanded[bytes([0, number])] = b""
            elif kind in self._marks:
                if form.after:
                    after = b"".join(bytes([0, self._numbers[each]]) for each in form.after)
                    expanded[bytes([number])] = bytes([number]) + after
                if room := self._room(dialect, kind):
                    rooms[bytes([number])] = bytes([number]) + room
        return bytes(opcodes), expanded, bytes(changed) if any(changed) else b"", rooms
