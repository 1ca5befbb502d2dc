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
    from collections.abc import Callable

    from layer.dialects import Dialect

_TESTS = frozenset({"POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE"})
_BOOLEANS = frozenset({"COMPARE_OP", "CONTAINS_OP", "IS_OP", "UNARY_NOT", "TO_BOOL", "CHECK_EXC_MATCH"})
_CALLS = frozenset({"CALL", "CALL_KW", "CALL_FUNCTION_EX"})
_PLAIN_CALLS = frozenset({"CALL", "CALL, method"})


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


def _joined(units: list[Unit], join: Callable[[Unit, Unit], list[Unit] | None]) -> list[Unit]:
    """With what ``join`` makes of neighbours in their place, where it makes something; of that the last is the next
    one's neighbour."""
    result: list[Unit] = []
    for unit in units:
        joined = join(result[-1], unit) if result else None
        if joined is None:
            result.append(unit)
        else:
            result[-1:] = joined
    return result


def _precalls(units: list[Unit], dialect: Dialect) -> list[Unit]:
    """A call in two instructions with the same argument."""
    if not dialect.has("PRECALL"):
        return units
    alone = "CALL, alone"
    return _joined(
        units,
        lambda one, two: (
            [Unit("CALL", two.argument)] if two.kind == alone and one == Unit("PRECALL", two.argument) else None
        ),
    )


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
    names, calls = ("KW_NAMES", _PLAIN_CALLS) if dialect.has("KW_NAMES") else ("LOAD_CONST", frozenset({"CALL_KW"}))
    return _joined(
        units,
        lambda one, two: (
            [Unit("LOAD_CONST, names", one.argument), Unit("CALL_KW", two.argument)]
            if one.kind == names and two.kind in calls
            else None
        ),
    )


def _classes(units: list[Unit], dialect: Dialect) -> list[Unit]:
    begin = tuple(Unit(kind, 0) for kind in dialect.class_begins)
    return _joined(units, lambda one, two: [Unit("LOAD_BUILD_CLASS, NULL", 0)] if (one, two) == begin else None)


def _returns(units: list[Unit], dialect: Dialect) -> list[Unit]:
    if dialect.has("RETURN_CONST"):
        return units
    last = Unit("RETURN_VALUE", 0)
    return _joined(
        units,
        lambda one, two: [Unit("RETURN_CONST", one.argument)] if one.kind == "LOAD_CONST" and two == last else None,
    )


def _branches(units: list[Unit], _: Dialect) -> list[Unit]:
    """A branch and what says that it was not taken."""
    kinds = {f"{branch}, alone": branch for branch in BRANCHES}
    not_taken = Unit("NOT_TAKEN", 0)
    return _joined(
        units,
        lambda one, two: [Unit(kinds[one.kind], one.argument)] if one.kind in kinds and two == not_taken else None,
    )


def _loops(units: list[Unit], dialect: Dialect) -> list[Unit]:
    """The iterator goes when its loop ends."""
    if dialect.has("POP_ITER"):
        return units
    end = Unit("END_FOR", 0), Unit("POP_TOP", 0)
    return _joined(units, lambda one, two: [one, Unit("POP_ITER", 0)] if (one, two) == end else None)


def _formats(units: list[Unit], _: Dialect) -> list[Unit]:
    plain = Unit("FORMAT_VALUE", 0)
    return [Unit("FORMAT_SIMPLE", 0) if unit == plain else unit for unit in units]


def _booleans(units: list[Unit], dialect: Dialect) -> list[Unit]:
    """What is no boolean is made one before it is tested."""
    if "TO_BOOL" not in dialect.absent:
        return units
    return _joined(
        units,
        lambda one, two: [one, Unit("TO_BOOL", 0), two] if two.kind in _TESTS and one.kind not in _BOOLEANS else None,
    )


def _pairs(units: list[Unit], dialect: Dialect) -> list[Unit]:
    if dialect.has_pairs:
        return units
    names = {kinds: name for name, kinds in PAIRS.items()}

    def join(one: Unit, two: Unit) -> list[Unit] | None:
        # Both halves would fit as long as they are less than 16; but what is too large to be written with the kind
        # can't be taken apart.
        name, both = names.get((one.kind, two.kind)), one.argument << 4 | two.argument
        return [Unit(name, both)] if name and two.argument < 16 and both < LARGE else None

    return _joined(units, join)


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
