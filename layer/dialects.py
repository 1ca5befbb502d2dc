"""One notation for the instructions of all CPythons, so that what was one line of source looks the same in each.

It is much like what the newest of them has. Where another one says the same in its own way, that is its *form* of a
kind: under another name, as two instructions, with a flag in the argument, or not at all. What a CPython has that is
not known here keeps its name, and costs bytes; so nothing below has to be complete.

The meaning of the instructions: https://docs.python.org/3/library/dis.html, and CPython's compile.c and flowgraph.c.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from layer.callees import callees

Opcodes = Mapping[int, tuple[str, int]]  # of one CPython: number -> name, and how many units of room follow

# Names that have become others. BINARY_OP 0, say, is not here: one of an older CPython's would be several.
_RENAMED = {
    "POP_JUMP_FORWARD_IF_FALSE": "POP_JUMP_IF_FALSE",  # 3.11
    "POP_JUMP_FORWARD_IF_TRUE": "POP_JUMP_IF_TRUE",
    "POP_JUMP_FORWARD_IF_NONE": "POP_JUMP_IF_NONE",
    "POP_JUMP_FORWARD_IF_NOT_NONE": "POP_JUMP_IF_NOT_NONE",
    "JUMP_ABSOLUTE": "JUMP_BACKWARD",  # 3.10
    "CALL_FUNCTION": "CALL",
    "CALL_METHOD": "CALL, method",
    "CALL_FUNCTION_KW": "CALL_KW",
}
# Whose argument depends on how many instructions lie between, or is coded anew in each version.
_APART = frozenset({"FOR_ITER", "SEND", "SETUP_FINALLY", "SETUP_WITH", "SETUP_ASYNC_WITH", "COMPARE_OP"})
# From 3.13 on two of these, one after the other, are one instruction with an argument of four bits for each.
_PAIRS = {
    "LOAD_FAST_LOAD_FAST": ("LOAD_FAST", "LOAD_FAST"),
    "STORE_FAST_LOAD_FAST": ("STORE_FAST", "LOAD_FAST"),
    "STORE_FAST_STORE_FAST": ("STORE_FAST", "STORE_FAST"),
}
_BRANCHES = frozenset({"POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE"})
_BOOLEANS = frozenset({"COMPARE_OP", "CONTAINS_OP", "IS_OP", "UNARY_NOT", "TO_BOOL", "CHECK_EXC_MATCH"})


class Unit(NamedTuple):
    """An instruction in the common notation."""

    kind: str
    argument: int


class Form(NamedTuple):
    """What a kind is in one CPython: the instruction ``name``, whose argument is the kind's, and the kinds that come
    after it without being said.

    Its argument may be that of the kind ``shifted`` by one to the right; or the upper half of its bits, where the lower is
    that of what comes after (``halved``); or that comes after once more (``copied``).
    """

    name: str
    after: tuple[str, ...] = ()
    shifted: bool = False
    halved: bool = False
    copied: bool = False


class Dialect:
    """The instructions of one CPython. ``forms`` has its kinds; ``absent`` are kinds that it does without, though they
    are said."""

    def __init__(self, minor: int, opcodes: Opcodes) -> None:
        self.minor = minor
        self._opcodes = opcodes
        self._rooms = {name: room for name, room in opcodes.values()}
        self._numbers = {name: number for number, (name, _) in opcodes.items()}
        self._kinds = {
            name: _RENAMED[name] if _RENAMED.get(name, name) not in self._numbers else name for name in self._numbers
        }
        self.forms = {kind: Form(name) for name, kind in self._kinds.items()}
        self.absent: set[str] = set()
        self._is_without_pairs = self._numbers.keys().isdisjoint(_PAIRS)
        self._describe()

    def _describe(self) -> None:
        """What it has forms of its own for."""
        forms = self.forms
        if self.minor == 10:
            forms["LOAD_GLOBAL"] = Form("LOAD_GLOBAL", shifted=True)
            self.absent.add("RESUME")
        if self.minor < 12:
            forms["LOAD_ATTR"] = Form("LOAD_ATTR", shifted=True)
            forms["LOAD_METHOD"] = Form("LOAD_METHOD", shifted=True)
        else:
            forms["LOAD_METHOD"] = Form("LOAD_ATTR")
        if self.minor > 10:
            forms["CALL, method"] = forms["CALL"] = Form("CALL")
        if "PRECALL" in self._numbers:
            forms["CALL, method"] = forms["CALL"] = Form("PRECALL", ("CALL, alone",), copied=True)
            forms["CALL, alone"] = Form("CALL")
        forms["LOAD_CONST, names"] = Form("KW_NAMES" if "KW_NAMES" in self._numbers else "LOAD_CONST")
        if "KW_NAMES" in self._numbers:
            forms["CALL_KW"] = forms["CALL"]
        build, null = "LOAD_BUILD_CLASS", "PUSH_NULL"
        self._class = [build] if self.minor == 10 else [null, build] if self.minor < 13 else [build, null]
        forms["LOAD_BUILD_CLASS, NULL"] = Form(self._class[0], tuple(self._class[1:]))
        if "RETURN_CONST" not in self._numbers:
            forms["RETURN_CONST"] = Form("LOAD_CONST", ("RETURN_VALUE",))
        if "TO_BOOL" not in self._numbers:
            self.absent.add("TO_BOOL")
        if "FORMAT_SIMPLE" not in self._numbers:
            forms["FORMAT_SIMPLE"] = Form("FORMAT_VALUE")
        if self._is_without_pairs:
            for name, (first, second) in _PAIRS.items():
                forms[name] = Form(first, (second,), halved=True)

    def opcode(self, name: str) -> int:
        """The number of an instruction; 0 where it does not occur."""
        return self._numbers.get(name, 0)

    def room(self, name: str) -> int:
        """How many units the interpreter may cache in follow the instruction."""
        return self._rooms.get(name, 0)

    def read(self, code: bytes) -> list[Unit]:
        """The instructions of one function."""
        units = [Unit(self._kinds[name], argument) for name, argument in self._parsed(code)]
        steps = (
            self._flags,
            self._calls,
            self._keywords,
            self._classes,
            self._returns,
            self._formats,
            self._booleans,
            self._pairs,
        )
        for step in steps:
            units = step(units)
        if "RESUME" in self.absent:
            units.insert(0, Unit("RESUME", 0))
        return units

    def _parsed(self, code: bytes) -> Iterable[tuple[str, int]]:
        place = 0
        while place < len(code):
            name, room = self._opcodes[code[place]]
            yield name, code[place + 1]
            place += 2 + 2 * room

    def _flags(self, units: list[Unit]) -> list[Unit]:
        """The last bit of a global's argument says whether it is to be called, of an attribute's whether as a method."""
        result = []
        called = callees(units) if self.forms["LOAD_GLOBAL"].shifted else set()
        for place, (kind, argument) in enumerate(units):
            if self.forms[kind].shifted:
                result.append(Unit(kind, 2 * argument + (kind == "LOAD_METHOD" or place in called)))
            else:
                result.append(Unit("LOAD_METHOD" if kind == "LOAD_ATTR" and argument & 1 else kind, argument))
        return result

    def _calls(self, units: list[Unit]) -> list[Unit]:
        """Tell calls of methods from others, which an older CPython did: each call is that of the last thing to be
        called that was loaded and has not been called. Where that is wrong, bytes are all that is lost."""
        if "CALL, method" in self._kinds.values():
            return units
        result: list[Unit] = []
        loaded: list[str] = []
        for number, (kind, argument) in enumerate(units):
            if kind == "PUSH_NULL" or (kind == "LOAD_GLOBAL" and argument & 1):
                loaded.append("CALL")
            elif kind == "LOAD_METHOD":
                loaded.append("CALL, method")
            elif kind == "PRECALL" and units[number + 1 : number + 2] == [Unit("CALL", argument)]:
                continue
            elif kind == "CALL" and "PRECALL" in self._numbers and units[number - 1] != Unit("PRECALL", argument):
                kind = "CALL, alone"
            if kind in ("CALL", "CALL_KW", "CALL_FUNCTION_EX") and not (result and result[-1].kind == "GET_ITER"):
                called = loaded.pop() if loaded else "CALL"
                kind = called if kind == "CALL" else kind
            result.append(Unit(kind, argument))
        return result

    def _keywords(self, units: list[Unit]) -> list[Unit]:
        """Calls with keywords: the names come just before."""
        names, calls = (
            ("KW_NAMES", ("CALL", "CALL, method")) if "KW_NAMES" in self._numbers else ("LOAD_CONST", ("CALL_KW",))
        )
        result: list[Unit] = []
        for unit in units:
            if unit.kind in calls and result and result[-1].kind == names:
                result[-1] = Unit("LOAD_CONST, names", result[-1].argument)
                result.append(Unit("CALL_KW", unit.argument))
            else:
                result.append(unit)
        return result

    def _classes(self, units: list[Unit]) -> list[Unit]:
        begin = [Unit(kind, 0) for kind in self._class]
        result: list[Unit] = []
        for unit in units:
            result.append(unit)
            if result[-len(begin) :] == begin:
                result[-len(begin) :] = [Unit("LOAD_BUILD_CLASS, NULL", 0)]
        return result

    def _returns(self, units: list[Unit]) -> list[Unit]:
        if "RETURN_CONST" in self._numbers:
            return units
        result: list[Unit] = []
        for unit in units:
            if unit == Unit("RETURN_VALUE", 0) and result and result[-1].kind == "LOAD_CONST":
                result[-1] = Unit("RETURN_CONST", result[-1].argument)
            else:
                result.append(unit)
        return result

    def _formats(self, units: list[Unit]) -> list[Unit]:
        plain = Unit("FORMAT_VALUE", 0)
        return [Unit("FORMAT_SIMPLE", 0) if unit == plain else unit for unit in units]

    def _booleans(self, units: list[Unit]) -> list[Unit]:
        if "TO_BOOL" not in self.absent:
            return units
        result: list[Unit] = []
        for unit in units:
            if unit.kind in _BRANCHES and result and result[-1].kind not in _BOOLEANS:
                result.append(Unit("TO_BOOL", 0))
            result.append(unit)
        return result

    def _pairs(self, units: list[Unit]) -> list[Unit]:
        if not self._is_without_pairs:
            return units
        names = {kinds: name for name, kinds in _PAIRS.items()}
        result: list[Unit] = []
        waiting = list(reversed(units))
        while waiting:
            kind, argument = waiting.pop()
            following = waiting[-1] if waiting else Unit("", 0)
            if (kind, following.kind) in names and argument < 16 and following.argument < 16:
                waiting.pop()
                kind, argument = names[kind, following.kind], argument << 4 | following.argument
            result.append(Unit(kind, argument))
        return result


def comes_apart(kind: str) -> bool:
    """Whether the argument is told apart from the instruction, because no two versions have the same."""
    return "JUMP" in kind or kind in _APART
