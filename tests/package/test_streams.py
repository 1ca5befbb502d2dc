"""Bytecode of several CPythons in streams that share what they can: each reads back just what it has compiled."""

from __future__ import annotations

import marshal

import pytest

from layer import bytecode, streams
from layer.marshalled import FormatError, Pool
from tests.package.conftest import PYTHONS

MANY = ", ".join(f"'name{number}'" for number in range(300))
# Every kind of constant that a compiler makes, and every kind of code.
ODD = f"""
numbers = (0, -1, 2 ** 31, -2 ** 31, 2 ** 63, -10 ** 40, 0.0, -0.0, 1.5, 1e999, 1j, -0j)
others = (True, None, ..., (), (1, (1.0, True)))
texts = ('', 'name', 'no name', 'name' * 80, 'ü', 'ünname' * 60, '\\ud800', '\\U0001f600', b'', b'bytes', b'name')
many = ({MANY})
def known(word, *rest, first=1, **more):
    return word in {{{MANY}, 1, 1.5, b'x', ('name1', 2)}} or rest[1:3] or [word for word in rest if word != first]
def outer(one, /, two):
    three = 3
    class Inner:
        name = one
        def inner(self):
            nonlocal three
            try:
                yield from (two, three, lambda: self)
            except (OSError, ValueError) as error:
                raise KeyError from error
            finally:
                three += 1
    async def wait():
        async with one as it, two:
            return await it
    return Inner, wait
"""
MODULES = {"first.py": "LIMIT = 'a message that both have'\n" + ODD, "a/b.py": ODD, "a/__init__.py": ""}


@pytest.fixture(scope="module")
def compiled():
    return {python.minor: bytecode.compile_all(python, {}, MODULES).modules for python in PYTHONS}


@pytest.fixture(scope="module")
def packed(compiled):
    return streams.make(compiled, frozenset({"first.py"}))


def test_each_cpython_reads_what_it_has_compiled(python, compiled, packed):
    both = [packed.first[python.minor], packed.shared + packed.rest[python.minor]]
    bytecode.check(python, compiled[python.minor], both)


def test_the_check_finds_a_value_that_has_changed(python, compiled, packed):
    rest = packed.shared.replace(b"no name", b"no nane") + packed.rest[python.minor]
    assert rest != packed.shared + packed.rest[python.minor]
    with pytest.raises(bytecode.BytecodeError, match=r"a/b\.py has become something else"):
        bytecode.check(python, compiled[python.minor], [packed.first[python.minor], rest])


def test_the_check_finds_a_module_that_is_missing(python, compiled, packed):
    with pytest.raises(bytecode.BytecodeError, match=r"the streams hold \['first.py'\]"):
        bytecode.check(python, compiled[python.minor], [packed.first[python.minor]])


def test_nothing_that_two_versions_have_is_in_either_of_them(packed):
    if len(PYTHONS) == 1:
        pytest.skip("only one CPython here")
    assert b"no name" in packed.shared
    assert [] == [minor for minor, rest in packed.rest.items() if b"no name" in rest]


def test_one_version_alone_needs_nothing_shared(python, compiled):
    modules = compiled[python.minor]
    packed = streams.make({python.minor: modules}, frozenset())
    assert ((), {}) == marshal.loads(packed.shared + b"{0")
    bytecode.check(python, modules, [packed.shared + packed.rest[python.minor]])


def test_first_streams_stand_alone(packed):
    """They are read before anything that is shared."""
    assert [b"a message that both have" in first for first in packed.first.values()] == [True] * len(PYTHONS)


def test_the_interpreter_that_packs_does_not_show():
    """The same values, once as one object and once as two: marshal.dumps writes them differently."""
    one, other = 1.5, float("1.5")
    written = []
    for value in ((one, one), (one, other)):
        pool = Pool()
        number = pool.read(marshal.dumps(value), PYTHONS[0].minor)
        written.append((number, [pool[each] for each in range(number + 1)]))
    assert marshal.dumps((one, one)) != marshal.dumps((one, other))
    assert written[0] == written[1]


@pytest.mark.parametrize("value", [[1], {1: 2}, {1}], ids=repr)
def test_what_no_compiler_writes_is_refused(value):
    with pytest.raises(FormatError):
        Pool().read(marshal.dumps(value), PYTHONS[0].minor)


def test_sources_read_back_as_text():
    texts = {"a.py": "x = 'ü'", "b.py": ""}
    assert texts == marshal.loads(streams.of_sources(texts))
