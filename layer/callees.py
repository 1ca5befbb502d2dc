"""What is called, in CPython 3.10: there a global does not say of itself that it is to be called, as from 3.11 on.

The stack is followed from line to line and not along jumps. Where that goes wrong nothing is lost but a few bytes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_LOADS = frozenset({"LOAD_CONST", "LOAD_FAST_BORROW", "LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLOSURE"})
# How many values an instruction takes from the stack and gives to it.
_EFFECTS = {
    **dict.fromkeys(("DUP_TOP", "IMPORT_FROM", "LOAD_BUILD_CLASS, NULL"), (0, 1)),
    **dict.fromkeys(("POP_TOP", "STORE_NAME", "STORE_FAST", "STORE_DEREF", "STORE_GLOBAL", "RETURN_VALUE"), (1, 0)),
    **dict.fromkeys(("POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE", "JUMP_IF_FALSE_OR_POP", "JUMP_IF_TRUE_OR_POP"), (1, 0)),
    **dict.fromkeys(("LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE"), (1, 0)),
    "JUMP_FORWARD": (1, 0),  # what is left of one arm of a conditional expression; the other arm leaves it again
    **dict.fromkeys(("LOAD_ATTR", "GET_ITER", "LIST_TO_TUPLE", "UNARY_NOT", "UNARY_NEGATIVE"), (1, 1)),
    **dict.fromkeys(("STORE_ATTR", "DELETE_SUBSCR"), (2, 0)),
    **dict.fromkeys(("COMPARE_OP", "IS_OP", "CONTAINS_OP", "IMPORT_NAME"), (2, 1)),
    "LOAD_METHOD": (1, 2),
    "STORE_SUBSCR": (3, 0),
}
_COUNTED = frozenset({"BUILD_TUPLE", "BUILD_LIST", "BUILD_SET", "BUILD_STRING", "BUILD_SLICE"})
_CALLS = {"CALL": 0, "CALL_KW": 1}  # and how many values there are besides the arguments


def callees(units: Iterable[tuple[str, int]]) -> set[int]:
    """The places of the instructions that load what is called later."""
    found = set()
    stack: list[int] = []

    def take(count: int) -> int:
        taken = [stack.pop() if stack else -1 for _ in range(count)]
        return taken[-1] if taken else -1

    for place, (kind, argument) in enumerate(units):
        if kind in _LOADS:
            stack.append(place)
            continue
        if kind in _CALLS:
            found.add(take(argument + _CALLS[kind] + 1))
            stack.append(-1)
            continue
        if kind == "CALL_FUNCTION_EX":
            found.add(take(2 + (argument & 1)))
            stack.append(-1)
            continue
        effect = _effect(kind, argument)
        if effect is None:
            stack.clear()
        else:
            take(effect[0])
            stack += [-1] * effect[1]
    return found


def _effect(kind: str, argument: int) -> tuple[int, int] | None:
    if kind in _COUNTED:
        return argument, 1
    if kind == "CALL, method":
        return argument + 2, 1
    if kind == "BUILD_MAP":
        return 2 * argument, 1
    if kind == "BUILD_CONST_KEY_MAP":
        return argument + 1, 1
    if kind == "FORMAT_VALUE":
        return 1 + (argument >> 2 & 1), 1
    if kind == "MAKE_FUNCTION":
        return 2 + argument.bit_count(), 1
    if kind.startswith(("BINARY_", "INPLACE_")):
        return 2, 1
    return _EFFECTS.get(kind)
