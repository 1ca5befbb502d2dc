"""Bytecode of several CPythons in one archive, what is alike once: each reads back just what it has compiled."""

from __future__ import annotations

import bz2
import marshal
import sysconfig
from pathlib import Path

import pytest

from layer import bytecode, packing, sources, streams
from layer.instructions import Numbering
from layer.marshalled import FormatError, Pool
from layer.preheat.unpacking import _instructions
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
MODULES = {
    "first.py": "LIMIT = 'a message that both have'\n" + ODD,
    "a/b.py": ODD,
    "a/__init__.py": "",
    "late.py": "def late(): return 'seldom'",
}
# A function too long for the table of lines that all share, and names that take three bytes of an instruction.
LONG = "def long(it):\n" + "".join(f"    it.name{number} = it.other{number}\n" for number in range(400))


@pytest.fixture(scope="module")
def compiled():
    return {python.minor: bytecode.compile_all(python, {}, MODULES) for python in PYTHONS}


def packed_of(compiled):
    modules = {minor: made.modules for minor, made in compiled.items()}
    opcodes = {minor: made.opcodes for minor, made in compiled.items()}
    return streams.make(modules, opcodes, frozenset({"first.py"}), frozenset({"late.py"}))


@pytest.fixture(scope="module")
def packed(compiled):
    return packed_of(compiled)


def test_each_cpython_reads_what_it_has_compiled(python, compiled, packed):
    bytecode.check(python, compiled[python.minor].modules, packed.first[python.minor], packed.rest, packed.late)


def test_one_version_alone_reads_it_too(python, compiled):
    packed = packed_of({python.minor: compiled[python.minor]})
    bytecode.check(python, compiled[python.minor].modules, packed.first[python.minor], packed.rest, packed.late)


def test_long_functions_and_far_names(python):
    made = bytecode.compile_all(python, {}, {"long.py": LONG})
    archive = packing.pack({python.minor: made.modules}, {python.minor: made.opcodes})
    bytecode.check(python, made.modules, streams.NOTHING, archive)


def test_no_modules_at_all(python):
    assert packing.pack({python.minor: {}}, {python.minor: {}})


def test_the_check_finds_a_value_that_has_changed(python, compiled, packed):
    rest = packed.rest.replace(b"no name", b"no nane")
    assert rest != packed.rest
    with pytest.raises(bytecode.BytecodeError, match=r"a/b\.py has become something else"):
        bytecode.check(python, compiled[python.minor].modules, packed.first[python.minor], rest, packed.late)


def test_the_check_finds_an_instruction_that_has_changed(python, compiled, packed):
    rest = packed.rest[:-2] + bytes([packed.rest[-2] ^ 1]) + packed.rest[-1:]
    made = compiled[PYTHONS[-1].minor].modules, packed.first[PYTHONS[-1].minor]
    with pytest.raises(bytecode.BytecodeError, match=r"has become something else"):
        bytecode.check(PYTHONS[-1], *made, rest, packed.late)


def test_the_check_finds_a_module_that_is_missing(python, compiled, packed):
    with pytest.raises(bytecode.BytecodeError, match=r"the streams hold \['a/__init__.py', 'a/b.py', 'first.py'\]"):
        bytecode.check(python, compiled[python.minor].modules, packed.first[python.minor], packed.rest)


def test_what_several_versions_have_is_there_once(packed):
    assert 1 == packed.rest.count(b"no name")


def test_first_streams_stand_alone(packed):
    """They are read before anything that is shared."""
    assert [b"a message that both have" in first for first in packed.first.values()] == [True] * len(PYTHONS)


def round_trip(opcodes, codes):
    """How each version's instructions are written, once it is clear that they come back."""
    numbering = Numbering(opcodes, {minor: [code] for minor, code in codes.items()})
    written = {minor: numbering.write(code, minor) for minor, code in codes.items()}
    for minor, code in codes.items():
        content, arguments = written[minor]
        assert code == _instructions(content, arguments, *numbering.dialect(minor))
    return written


def test_instructions_in_one_numbering():
    """Two versions with other numbers, and other rooms for caches, of the same instructions: written alike."""
    opcodes = {
        11: {7: ("LOAD", 0), 8: ("CALL", 2), 9: ("STORE", 1)},
        12: {3: ("LOAD", 0), 5: ("CALL", 1), 2: ("STORE", 1)},
    }
    codes = {
        11: 100 * bytes([7, 1, 8, 2, 0, 0, 0, 0, 7, 1, 9, 4, 0, 0]),
        12: 100 * bytes([3, 1, 5, 2, 0, 0, 3, 1, 2, 4, 0, 0]),
    }
    written = round_trip(opcodes, codes)
    assert written[11] == written[12]
    assert (800, 0) == (len(written[11][0]), len(written[11][1]))


def test_what_is_rare_has_its_room_written_out():
    written = round_trip({11: {8: ("CALL", 1)}}, {11: bytes([8, 1, 0, 0])})
    assert 4 == len(written[11][0])


def test_every_argument_comes_back():
    opcodes = {11: {8: ("CALL", 1), 9: ("LOAD_FAST", 0)}, 12: {7: ("LOAD_ATTR", 9)}, 10: {7: ("LOAD_ATTR", 0)}}
    codes = {
        11: b"".join(bytes([8, argument, 0, 0, 9, argument, 9, 255 - argument]) for argument in range(256)),
        12: b"".join(bytes([7, argument, *[0] * 18]) for argument in range(256)),
        10: b"".join(bytes([7, argument]) for argument in range(256)),
    }
    round_trip(opcodes, codes)


# The same statements, as three versions compile them: a call with a method's, and a branch.
SAME = {
    10: (
        {1: ("LOAD_GLOBAL", 0), 2: ("LOAD_FAST", 0), 3: ("LOAD_METHOD", 0), 4: ("CALL_METHOD", 0)}
        | {5: ("CALL_FUNCTION", 0), 6: ("POP_JUMP_IF_FALSE", 0), 7: ("LOAD_CONST", 0), 8: ("RETURN_VALUE", 0)}
        | {9: ("STORE_FAST", 0)},
        bytes([1, 5, 2, 0, 3, 6, 4, 0, 5, 1, 9, 1, 2, 0, 6, 9, 7, 3, 8, 0]),
    ),
    11: (
        {1: ("LOAD_GLOBAL", 1), 2: ("LOAD_FAST", 0), 3: ("LOAD_METHOD", 2), 4: ("PRECALL", 1), 5: ("CALL", 3)}
        | {6: ("POP_JUMP_FORWARD_IF_FALSE", 0), 7: ("LOAD_CONST", 0), 8: ("RETURN_VALUE", 0), 9: ("STORE_FAST", 0)}
        | {10: ("RESUME", 0)},
        bytes([10, 0, 1, 11, 0, 0, 2, 0, 3, 6, 0, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0])
        + bytes([4, 1, 0, 0, 5, 1, 0, 0, 0, 0, 0, 0, 9, 1, 2, 0, 6, 2, 7, 3, 8, 0]),
    ),
    13: (
        {1: ("LOAD_GLOBAL", 1), 2: ("LOAD_FAST", 0), 3: ("LOAD_ATTR", 2), 5: ("CALL", 3), 6: ("POP_JUMP_IF_FALSE", 1)}
        | {7: ("RETURN_CONST", 0), 9: ("STORE_FAST_LOAD_FAST", 0), 10: ("RESUME", 0), 11: ("TO_BOOL", 1)},
        bytes([10, 0, 1, 11, 0, 0, 2, 0, 3, 13, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0])
        + bytes([5, 1, 0, 0, 0, 0, 0, 0, 9, 16, 11, 0, 0, 0, 6, 4, 0, 0, 7, 3]),
    ),
    14: (
        {1: ("LOAD_GLOBAL", 1), 2: ("LOAD_FAST_BORROW", 0), 3: ("LOAD_ATTR", 2), 5: ("CALL", 3), 12: ("NOT_TAKEN", 0)}
        | {6: ("POP_JUMP_IF_FALSE", 1), 7: ("LOAD_CONST", 0), 8: ("RETURN_VALUE", 0), 9: ("STORE_FAST_LOAD_FAST", 0)}
        | {10: ("RESUME", 0), 11: ("TO_BOOL", 1)},
        bytes([10, 0, 1, 11, 0, 0, 2, 0, 3, 13, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0])
        + bytes([5, 1, 0, 0, 0, 0, 0, 0, 9, 16, 11, 0, 0, 0, 6, 5, 0, 0, 12, 0, 7, 3, 8, 0]),
    ),
}


def test_what_versions_say_in_their_own_way_is_written_alike():
    opcodes = {minor: opcodes for minor, (opcodes, _) in SAME.items()}
    written = round_trip(opcodes, {minor: 100 * code for minor, (_, code) in SAME.items()})
    first = {minor: content[: 2 * 10] for minor, (content, _) in written.items()}
    assert first[14] == first[13] == first[11] == first[10]


def test_more_kinds_of_instructions_than_numbers_are_refused():
    opcodes = {11: {number: (f"KIND{number}", 0) for number in range(256)}}
    with pytest.raises(FormatError, match="kinds of instructions"):
        Numbering(opcodes, {11: [bytes(unit for number in range(256) for unit in (number, 0))]})


STANDARD = ("argparse", "_pydecimal", "tarfile", "dataclasses", "zipfile", "smtplib")


def test_other_peoples_modules_come_back_too():
    """The build checks what it packs; this is what it may have to pack one day."""
    sources = {f"{name}.py": Path(sysconfig.get_path("stdlib"), f"{name}.py").read_text("utf-8") for name in STANDARD}
    compiled = {python.minor: bytecode.compile_all(python, {}, sources) for python in PYTHONS}
    archive = packing.pack(
        {minor: made.modules for minor, made in compiled.items()},
        {minor: made.opcodes for minor, made in compiled.items()},
    )
    for python in PYTHONS:
        bytecode.check(python, compiled[python.minor].modules, streams.NOTHING, archive)


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
    assert texts == marshal.loads(bz2.decompress(sources.pack(texts)))
