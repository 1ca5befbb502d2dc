"""Shortening a source without changing what it means."""

from __future__ import annotations

import pytest

from layer.minify import minify
from layer.shortening import Unreadable, blank

LONG = b'''\
"""A docstring."""

from __future__ import annotations

import os  # used

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
else:
    Any = os
LIMIT: int = 3  # why three


class Bare(Exception):
    """Nothing but words."""


class Entry:
    """Words."""

    size: int
    unit: str = "B"

    def grow(self, by: int = 1, *more: int, least: int = 0, **rest: Any) -> int:
        """Words."""
        assert by, "needed"
        total: int
        self.total: int = self.size + by
        return self.total

    async def wait(self) -> None:
        "words"


def guarded(value: int) -> None:
    for _ in range(value):
        assert value
    try:
        assert value
    except ValueError:
        assert not value
    with open(os.devnull):
        assert value
    while value:
        value: int = 0
'''
SHORT = """\
import os
Any = os
LIMIT = 3

class Bare(Exception):
    pass

class Entry:
    unit = 'B'

    def grow(self, by=1, *more, least=0, **rest):
        self.total = self.size + by
        return self.total

    async def wait(self):
        pass

def guarded(value):
    for a in range(value):
        pass
    try:
        pass
    except ValueError:
        pass
    with open(os.devnull):
        pass
    while value:
        value = 0"""
NAMED = b"""\
def outer(first, *rest, key=None, **more):
    global counted
    counted = total = first
    import os.path as place
    from sys import argv
    def inner(total_too):
        nonlocal shared
        shared = total_too + first
        return [each for each in rest if each != shared]
    shared = 0
    class Local:
        named = total
    for number, (left, right) in enumerate(rest):
        total += (found := number) + left[right]
    try:
        with open(place) as file, file:
            del file
    except OSError as problem:
        raise Local from problem
    return lambda later: later + found, inner, {number: number for number in argv}
"""
RENAMED = """\
def outer(first, *rest, key=None, **more):
    global counted
    counted = total = first
    import os.path as place
    from sys import argv

    def inner(total_too):
        nonlocal shared
        shared = total_too + first
        return [each for each in rest if each != shared]
    shared = 0

    class Local:
        named = total
    for number, (a, b) in enumerate(rest):
        total += (found := number) + a[b]
    try:
        with open(place) as c, c:
            del c
    except OSError as d:
        raise Local from d
    return (lambda later: later + found, inner, {number: number for number in argv})"""
BLANK = b"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
else:
    Any = os
LIMIT: int = 3


class Bare(Exception):
    pass
"""
LIBRARY = b"""\
import heapq
import collections.abc
from random import choice as pick, shuffle
SIZE, (UNIT, OTHER) = 1, (2, 3)
TABLE = {SIZE: 1}
class Base(collections.abc.Sized):
    limit = SIZE
class Wanted(Base):
    def take(self):
        return helper(self)
def helper(it):
    return pick(it)
class Other(Base):
    def top(self):
        return heapq.nlargest(1, self)
"""
NEEDED = """\
import collections.abc
from random import choice as pick, shuffle
SIZE, (UNIT, OTHER) = (1, (2, 3))

class Base(collections.abc.Sized):
    limit = SIZE

class Wanted(Base):

    def take(self):
        return helper(self)

def helper(it):
    return pick(it)"""


def test_what_only_people_and_type_checkers_read_is_gone():
    assert SHORT == minify(LONG, "long.py")


def test_local_variables_have_short_names_but_for_what_others_see():
    assert RENAMED == minify(NAMED, "named.py")


def test_a_short_name_is_none_that_is_used():
    assert "def take(value):\n    b = a(value)\n    return b" == minify(
        b"def take(value):\n    result = a(value)\n    return result", "taken.py"
    )


def test_names_that_would_change_the_meaning_are_refused(monkeypatch):
    monkeypatch.setattr("layer.minify.rename", lambda tree: tree.body.pop())
    with pytest.raises(Unreadable, match=r"^odd\.py means something else with short names"):
        minify(b"x = 1\ny = 2", "odd.py")


def test_what_functions_import_keeps_its_lines_and_types():
    whole = blank(LONG, "long.py")
    assert whole.startswith(BLANK)
    assert len(LONG.splitlines()) == len(whole.splitlines())
    assert b"def grow(self, by: int = 1, *more: int, least: int = 0, **rest: Any) -> int:" in whole
    assert b"Words" not in whole
    assert b"words" not in whole
    assert b"#" not in whole


def test_what_is_short_stays_as_it_is():
    assert SHORT == minify(SHORT.encode(), "short.py")


def test_a_module_of_words_alone_becomes_empty():
    assert "" == minify(b'"""Words."""\n# and more\n', "words.py")


def test_of_a_library_only_what_is_wanted_and_what_that_needs_is_kept():
    assert NEEDED == minify(LIBRARY, "library.py", ["Wanted"])


ORIGINS = {"collections.abc.Sized": "_collections_abc"}


def test_what_a_module_only_hands_on_is_taken_from_where_it_is_made():
    short = minify(LIBRARY, "library.py", ["Wanted"], ORIGINS)
    assert "class Base(_collections_abc.Sized):" in short
    assert "import _collections_abc\n" in short
    assert "import collections" not in short


def test_an_origin_that_the_library_does_not_use_any_more_is_told():
    with pytest.raises(Unreadable, match=r"^library\.py does not use collections\.Counter$"):
        minify(LIBRARY, "library.py", ["Wanted"], {**ORIGINS, "collections.Counter": "_collections"})


@pytest.mark.parametrize("text", [b"def", b"x = '\xff'", b"a\0b"])
def test_what_is_no_python_is_refused_by_name(text):
    with pytest.raises(Unreadable, match=r"^odd\.py is no Python: "):
        minify(text, "odd.py")


def test_what_would_mean_something_else_is_refused(monkeypatch):
    monkeypatch.setattr("ast.unparse", lambda tree: "x = 2")
    with pytest.raises(Unreadable, match=r"^odd\.py means something else after ast\.unparse"):
        minify(b"x = 1", "odd.py")
