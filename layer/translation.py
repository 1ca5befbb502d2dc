"""From the instructions of one CPython to the common notation (``dialects``), step by step.

Where a version does not say what another one does (what will be called, what is tested for its truth), it is guessed.
A wrong guess costs bytes and is right all the same: from the notation each version's own instructions come back.
"""

from __future__ import annotations

from typing import NamedTuple

from layer.callees import callees
from layer.dialects import BRANCHES, LARGE, PAIRS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from layer.dialects import Dialect

_TESTS = frozenset({"POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE"})
_BOOLEANS = frozenset({"COMPARE_OP", "CONTAINS_OP", "IS_OP", "UNARY_NOT", "TO_BOOL", "CHECK_EXC_MATCH"})
_CALLS = frozenset({"CALL", "CALL_KW", "CALL_FUNCTION_EX"})


class Unit(NamedTuple):
    """An instruction in the common notation."""

    kind: str
    argument: int


def translate(code: bytes, dialect: Dialect) -> list[Unit]:
    """The instructions of one function."""
    units = []
    place = 0
    while place < len(code):
        name, room = dialect.opcodes[code[place]]
        units.append(Unit(dialect.kinds[name], code[place + 1]))
        place += 2 + 2 * room
    for step in _STEPS:
        units = step(units, dialect)
    if "RESUME" in dialect.absent:
        units.insert(0, Unit("RESUME", 0))
    return units


def _flags(units: list[Unit], dialect: Dialect) -> list[Unit]:
    """The last bit of a global's argument, and of an attribute's."""
    result = []
    called = callees(units) if dialect.minor == 10 else set()
    for place, (kind, argument) in enumerate(units):
        if dialect.forms[kind].shifted:
            result.append(Unit(kind, 2 * argument + (kind == "LOAD_METHOD" or place in called)))
        else:
            result.append(Unit("LOAD_METHOD" if kind == "LOAD_ATTR" and argument & 1 else kind, argument))
    return result


def _precalls(units: list[Unit], dialect: Dialect) -> list[Unit]:
    """A call in two instructions with the same argument."""
    if not dialect.has("PRECALL"):
        return units
    result: list[Unit] = []
    for unit in units:
        if unit.kind == "CALL":
            if result and result[-1] == Unit("PRECALL", unit.argument):
                result[-1] = unit
            else:
                result.append(Unit("CALL, alone", unit.argument))
        else:
            result.append(unit)
    return result


def _methods(units: list[Unit], dialect: Dialect) -> list[Unit]:
    """Calls of methods and others, where only loading says which it will be: each call is that of the last thing to be
    called that was loaded and has not been called."""
    if dialect.minor == 10:
        return units
    result: list[Unit] = []
    loaded: list[str] = []
    for kind, argument in units:
        called = kind
        if kind == "PUSH_NULL" or (kind == "LOAD_GLOBAL" and argument & 1):
            loaded.append("CALL")
        elif kind == "LOAD_METHOD":
            loaded.append("CALL, method")
        elif kind in _CALLS and not (result and result[-1].kind == "GET_ITER"):  # that calls a comprehension
            last = loaded.pop() if loaded else kind
            called = last if kind == "CALL" else kind
        result.append(Unit(called, argument))
    return result


def _keywords(units: list[Unit], dialect: Dialect) -> list[Unit]:
    """Calls with keywords: the names come just before."""
    if dialect.has("KW_NAMES"):
        return _joined(units, "KW_NAMES", ("CALL", "CALL, method"))
    return _joined(units, "LOAD_CONST", ("CALL_KW",))


def _joined(units: list[Unit], names: str, calls: Sequence[str]) -> list[Unit]:
    result: list[Unit] = []
    for unit in units:
        if unit.kind in calls and result and result[-1].kind == names:
            result[-1] = Unit("LOAD_CONST, names", result[-1].argument)
            result.append(Unit("CALL_KW", unit.argument))
        else:
            result.append(unit)
    return result


def _classes(units: list[Unit], dialect: Dialect) -> list[Unit]:
    begin = [Unit(kind, 0) for kind in dialect.class_begins]
    result: list[Unit] = []
    for unit in units:
        result.append(unit)
        if result[-len(begin) :] == begin:
            result[-len(begin) :] = [Unit("LOAD_BUILD_CLASS, NULL", 0)]
    return result


def _returns(units: list[Unit], dialect: Dialect) -> list[Unit]:
    if dialect.has("RETURN_CONST"):
        return units
    result: list[Unit] = []
    for unit in units:
        if unit == Unit("RETURN_VALUE", 0) and result and result[-1].kind == "LOAD_CONST":
            result[-1] = Unit("RETURN_CONST", result[-1].argument)
        else:
            result.append(unit)
    return result


def _branches(units: list[Unit], dialect: Dialect) -> list[Unit]:
    """A branch and what says that it was not taken."""
    if not dialect.has("NOT_TAKEN"):
        return units
    result: list[Unit] = []
    for place, unit in enumerate(units):
        before = units[place - 1].kind if place else ""
        if unit == Unit("NOT_TAKEN", 0) and before in BRANCHES:
            result[-1] = units[place - 1]
        else:
            result.append(Unit(f"{unit.kind}, alone", unit.argument) if unit.kind in BRANCHES else unit)
    return result


def _loops(units: list[Unit], dialect: Dialect) -> list[Unit]:
    """The iterator goes when its loop ends."""
    if dialect.has("POP_ITER"):
        return units
    end = [Unit("END_FOR", 0), Unit("POP_TOP", 0)]
    return [Unit("POP_ITER", 0) if units[place - 1 : place + 1] == end else unit for place, unit in enumerate(units)]


def _formats(units: list[Unit], _: Dialect) -> list[Unit]:
    plain = Unit("FORMAT_VALUE", 0)
    return [Unit("FORMAT_SIMPLE", 0) if unit == plain else unit for unit in units]


def _booleans(units: list[Unit], dialect: Dialect) -> list[Unit]:
    """What is no boolean is made one before it is tested."""
    if "TO_BOOL" not in dialect.absent:
        return units
    result: list[Unit] = []
    for unit in units:
        if unit.kind in _TESTS and result and result[-1].kind not in _BOOLEANS:
            result.append(Unit("TO_BOOL", 0))
        result.append(unit)
    return result


def _pairs(units: list[Unit], dialect: Dialect) -> list[Unit]:
    if dialect.has_pairs:
        return units
    names = {kinds: name for name, kinds in PAIRS.items()}
    result: list[Unit] = []
    waiting = list(reversed(units))
    while waiting:
        kind, argument = waiting.pop()
        following = waiting[-1] if waiting else Unit("", 0)
        # Both halves would fit as long as they are less than 16; but what is too large to be written with the kind
        # can't be taken apart.
        both = argument << 4 | following.argument
        if (kind, following.kind) in names and following.argument < 16 and both < LARGE:
            waiting.pop()
            kind, argument = names[kind, following.kind], both
        result.append(Unit(kind, argument))
    return result


_STEPS = (
    _flags,
    _precalls,
    _methods,
    _keywords,
    _classes,
    _returns,
    _branches,
    _loops,
    _formats,
    _booleans,
    _pairs,
)
