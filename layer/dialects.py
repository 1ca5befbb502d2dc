"""One notation for the instructions of all CPythons, so that what was one line of source looks the same in each.

It is much like what the newest of them has. Where another one says the same in its own way, that is its *form* of a
kind: under another name, as two instructions, with another argument, or not at all. What a CPython has that is not
known here keeps its name, and costs bytes; so nothing below has to be complete. ``translation.py`` does the work.

The meaning of the instructions: https://docs.python.org/3/library/dis.html, and CPython's compile.c and flowgraph.c.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Opcodes = Mapping[int, tuple[str, int]]  # of one CPython: number -> name, and how many units of room follow

LARGE = 127  # no argument in the notation is; it stands for one that comes apart
# From 3.13 on two of these, one after the other, are one instruction with an argument of four bits for each.
PAIRS = {
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": ("LOAD_FAST_BORROW", "LOAD_FAST_BORROW"),
    "STORE_FAST_LOAD_FAST": ("STORE_FAST", "LOAD_FAST_BORROW"),
    "STORE_FAST_STORE_FAST": ("STORE_FAST", "STORE_FAST"),
}
# From 3.14 on each of these is followed by NOT_TAKEN.
BRANCHES = ("POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE", "POP_JUMP_IF_NONE", "POP_JUMP_IF_NOT_NONE")
# Names that have become others.
_RENAMED = {
    "POP_JUMP_FORWARD_IF_FALSE": "POP_JUMP_IF_FALSE",  # 3.11
    "POP_JUMP_FORWARD_IF_TRUE": "POP_JUMP_IF_TRUE",
    "POP_JUMP_FORWARD_IF_NONE": "POP_JUMP_IF_NONE",
    "POP_JUMP_FORWARD_IF_NOT_NONE": "POP_JUMP_IF_NOT_NONE",
    "JUMP_ABSOLUTE": "JUMP_BACKWARD",  # 3.10
    "CALL_FUNCTION": "CALL",
    "CALL_METHOD": "CALL, method",
    "CALL_FUNCTION_KW": "CALL_KW",
    "LOAD_FAST": "LOAD_FAST_BORROW",  # before 3.14, which seldom has the former
    "LOAD_FAST_LOAD_FAST": "LOAD_FAST_BORROW_LOAD_FAST_BORROW",  # 3.13
}
# Whose argument depends on how many instructions lie between, as that of jumps does, or is coded anew in each version.
_APART = frozenset({"FOR_ITER", "SEND", "SETUP_FINALLY", "SETUP_WITH", "SETUP_ASYNC_WITH", "COMPARE_OP"})


class Form(NamedTuple):
    """What a kind is in one CPython: the instruction ``name``, whose argument is the kind's, and the kinds that come
    after it without being said.

    Its argument may be that of the kind ``shifted`` by one to the right; or the upper half of its bits, where the lower
    is that of what comes after (``halved``); or that comes after once more (``copied``).
    """

    name: str
    after: tuple[str, ...] = ()
    shifted: bool = False
    halved: bool = False
    copied: bool = False


class Dialect:
    """The instructions of CPython 3.``minor``. ``forms`` has its kinds; ``absent`` are those that it does without,
    though they are said."""

    def __init__(self, minor: int, opcodes: Opcodes) -> None:
        self.minor = minor
        self.opcodes = opcodes
        self._rooms = dict(opcodes.values())
        self._numbers = {name: number for number, (name, _) in opcodes.items()}
        self.kinds = {name: _RENAMED.get(name, name) for name in self._numbers}
        for name, kind in self.kinds.items():
            if kind in self._numbers:
                self.kinds[name] = name  # both are there, so they are not the same
        # What may be one of two instructions is alone as long as it has not been joined with the other.
        pairs = (("PRECALL", ("CALL",)), ("NOT_TAKEN", BRANCHES))
        for other, names in pairs:
            self.kinds |= {name: f"{name}, alone" for name in names if self.has(other) and self.has(name)}
        if self.minor == 10 and self.has("LOAD_BUILD_CLASS"):
            self.kinds["LOAD_BUILD_CLASS"] = "LOAD_BUILD_CLASS, NULL"
        self.forms = {kind: Form(name) for name, kind in self.kinds.items()}
        self.absent: set[str] = set()
        self._describe_calls()
        self._describe_arguments()
        if self.minor == 10:
            self.absent.add("RESUME")
        if not self.has("TO_BOOL"):
            self.absent.add("TO_BOOL")
        if not self.has("RETURN_CONST"):
            self.forms["RETURN_CONST"] = Form("LOAD_CONST", ("RETURN_VALUE",))
        if not self.has("POP_ITER"):
            self.forms["POP_ITER"] = Form("POP_TOP")
        if self.has("NOT_TAKEN"):
            for branch in BRANCHES:
                self.forms[branch] = Form(branch, ("NOT_TAKEN",))
        if not self.has("FORMAT_SIMPLE"):
            self.forms["FORMAT_SIMPLE"] = Form("FORMAT_VALUE")

    def _describe_calls(self) -> None:
        forms = self.forms
        if self.has("PRECALL"):
            forms["CALL, method"] = forms["CALL"] = Form("PRECALL", ("CALL, alone",), copied=True)
        elif self.minor > 10:
            forms["CALL, method"] = Form("CALL")
        forms["LOAD_CONST, names"] = Form("KW_NAMES" if self.has("KW_NAMES") else "LOAD_CONST")
        if self.has("KW_NAMES"):
            forms["CALL_KW"] = forms["CALL"]
        build, null = "LOAD_BUILD_CLASS", "PUSH_NULL"
        self.class_begins = (null, build) if self.minor < 13 else (build, null)
        if self.minor > 10:
            forms["LOAD_BUILD_CLASS, NULL"] = Form(self.class_begins[0], self.class_begins[1:])

    def _describe_arguments(self) -> None:
        """The last bit of the argument says of a global whether it is to be called, of an attribute whether as a
        method; once the latter was an instruction of its own, and the former not said."""
        forms = self.forms
        if self.minor == 10:
            forms["LOAD_GLOBAL"] = Form("LOAD_GLOBAL", shifted=True)
        if self.minor < 12:
            forms["LOAD_ATTR"] = Form("LOAD_ATTR", shifted=True)
            forms["LOAD_METHOD"] = Form("LOAD_METHOD", shifted=True)
        else:
            forms["LOAD_METHOD"] = Form("LOAD_ATTR")
        self.has_pairs = not PAIRS.keys().isdisjoint(self.kinds.values())
        if not self.has_pairs:
            for name, (first, second) in PAIRS.items():
                forms[name] = forms.get(first, Form(first))._replace(after=(second,), halved=True)

    def has(self, name: str) -> bool:
        """Whether the instruction occurs."""
        return name in self._numbers

    def opcode(self, name: str) -> int:
        """The number of an instruction; 0 where it does not occur."""
        return self._numbers.get(name, 0)

    def room(self, name: str) -> int:
        """How many units that the interpreter may cache in follow the instruction."""
        return self._rooms.get(name, 0)


def comes_apart(kind: str) -> bool:
    """Whether the argument is told apart from the instruction, because no two versions have the same."""
    return "JUMP" in kind or kind in _APART
