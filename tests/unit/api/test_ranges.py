"""Byte ranges: what is asked for, what lies outside, what is ignored."""

import pytest

from extension.api.ranges import Unsatisfiable, byte_range


@pytest.mark.parametrize(
    ("field", "length", "expected"),
    [
        (b"bytes=0-0", 10, (0, 0)),
        (b"bytes=0-9", 10, (0, 9)),
        (b"bytes=0-", 10, (0, 9)),
        (b"bytes=9-", 10, (9, 9)),
        (b"bytes=9-9", 10, (9, 9)),
        (b"bytes=3-5", 10, (3, 5)),
        (b"bytes=3-99", 10, (3, 9)),
        (b"bytes=3-18446744073709551615", 10, (3, 9)),
        (b"bytes=-1", 10, (9, 9)),
        (b"bytes=-10", 10, (0, 9)),
        (b"bytes=-99", 10, (0, 9)),
        (b"BYTES=1-2", 10, (1, 2)),
        (b"bytes = 1-2 ", 10, (1, 2)),
    ],
)
def test_a_range_is_its_first_and_last_byte(field, length, expected):
    assert expected == byte_range(field, length)


@pytest.mark.parametrize(
    ("field", "length"),
    [
        (b"bytes=10-", 10),
        (b"bytes=10-12", 10),
        (b"bytes=99-", 10),
        (b"bytes=0-", 0),
        (b"bytes=0-0", 0),
        (b"bytes=-0", 10),
        (b"bytes=-1", 0),
    ],
)
def test_a_range_outside_is_told(field, length):
    with pytest.raises(Unsatisfiable):
        byte_range(field, length)


@pytest.mark.parametrize(
    "field",
    [
        b"",
        b"bytes",
        b"bytes=",
        b"bytes=-",
        b"bytes=5",
        b"bytes=5-3",
        b"bytes=a-b",
        b"bytes=1-b",
        b"bytes=+1-2",
        b"bytes=1--2",
        b"bytes=1-2-3",
        b"bytes=0x1-2",
        b"bytes=1.0-2",
        b"bytes=1-2,4-5",
        b"bytes=0-0,-1",
        b"items=0-5",
        b"bytes=1 - 2",
        b"bytes=" + b"9" * 100 + b"-",
        b"bytes=\xb2-",
    ],
)
def test_what_is_not_one_range_of_bytes_is_ignored(field):
    assert byte_range(field, 10) is None
