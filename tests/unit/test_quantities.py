"""Numbers, durations, sizes and booleans as users write them."""

import random

import pytest

from extension import quantities

MB = 1024 * 1024
HOSTILE = [
    "",
    " ",
    "-1",
    "+1",
    "1_000",
    "1e3",
    "0x10",
    "nan",
    "inf",
    "infinity",
    "1,5",
    "1 0",
    "10\x00",
    "10\n",
    "\x00",
    "\u0661\u0660",  # Arabic-Indic digits: str.isdigit() takes them
    "²",
    "\uff11\uff10",
    "\udcff",
    "%00",
    "five",
    "--",
    ".",
]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("0ms", 0.0),
        ("300", 300.0),
        ("300s", 300.0),
        ("100ms", 0.1),
        ("35ms", 0.035),
        ("1500ms", 1.5),
        ("0.5", 0.5),
        ("0.5s", 0.5),
        ("1.5m", 90.0),
        ("5m", 300.0),
        ("2h", 7200.0),
        ("7d", 604800.0),
        ("168h", 604800.0),
        ("604800", 604800.0),
        ("007", 7.0),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text, seconds):
    assert quantities.duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [*HOSTILE, "5x", "5 s", "s", "ms", "5S", "5M", "5sec", "5s5s", "1h30m", ".5", "5.", "1.2.3", "5.s", "8d", "604801"],
)
def test_no_other_duration_is_understood(text):
    with pytest.raises(ValueError, match=r"^must be a duration from 0 to 7d \(a number, then ms, s, m, h or d\)$"):
        quantities.duration(text)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("99ms", False),
        ("99.999ms", False),
        ("100ms", True),
        ("0.1", True),
        ("60s", True),
        ("1m", True),
        ("60001ms", False),
        ("60.001", False),
        ("9" * 400 + "d", False),
        ("9" * 1_000_000, False),
    ],
)
def test_both_bounds_of_a_duration_belong_to_it(text, good):
    if good:
        assert 0.1 <= quantities.duration(text, "100ms", "60s") <= 60
    else:
        with pytest.raises(ValueError, match="from 100ms to 60s"):
            quantities.duration(text, "100ms", "60s")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1MB", MB),
        ("64MB", 64 * MB),
        ("64mb", 64 * MB),
        ("64Mb", 64 * MB),
        ("1024KB", MB),
        ("1.5MB", 3 * MB // 2),
        ("2GB", 2048 * MB),
        ("010MB", 10 * MB),
    ],
)
def test_a_size_is_a_number_and_a_unit_of_1024(text, size):
    assert quantities.size(text) == size


@pytest.mark.parametrize(
    "text", [*HOSTILE, "64", "64M", "64B", "64 MB", "MB", "64TB", "0MB", "1023KB", "0.99MB", "9" * 500 + "GB"]
)
def test_no_other_size_is_understood(text):
    with pytest.raises(ValueError, match=r"^must be a size of at least 1MB \(a number, then KB, MB or GB\)$"):
        quantities.size(text)


def test_a_size_has_the_bound_it_is_given():
    assert quantities.size("512KB", "512KB") == 512 * 1024
    with pytest.raises(ValueError, match="at least 512KB"):
        quantities.size("511KB", "512KB")


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("100000", 100000), ("00042", 42)])
def test_a_whole_number_is_digits(text, number):
    assert quantities.whole(text, 1, 100000) == number


@pytest.mark.parametrize("text", [*HOSTILE, "0", "100001", "1.0", "5s", "9" * 5000])
def test_a_whole_number_has_bounds(text):
    with pytest.raises(ValueError, match=r"^must be a whole number from 1 to 100000$"):
        quantities.whole(text, 1, 100000)


def test_a_whole_number_without_a_highest_one_may_be_huge():
    assert quantities.whole("9" * 5000, 1) >= 10**18
    with pytest.raises(ValueError, match=r"^must be a whole number of at least 1$"):
        quantities.whole("0", 1)


@pytest.mark.parametrize("text", ["true", "TRUE", "True", "tRuE", "1", "yes", "on", "ON"])
def test_true_in_any_case(text):
    assert quantities.boolean(text) is True


@pytest.mark.parametrize("text", ["false", "FALSE", "False", "0", "no", "No", "off"])
def test_false_in_any_case(text):
    assert quantities.boolean(text) is False


@pytest.mark.parametrize(
    "text", ["", " ", "t", "f", "y", "2", "00", "tru\u0435", "true ", "enabled", "\udcff", "true\x00"]
)
def test_nothing_else_is_a_boolean(text):
    with pytest.raises(ValueError, match=r"^must be true or false$"):
        quantities.boolean(text)


@pytest.mark.parametrize("text", ["", "Any", "ANY", "lis", "any ", "any,listed"])
def test_a_choice_is_exact_and_says_what_there_is(text):
    with pytest.raises(ValueError, match=r"^must be any, some or listed$"):
        quantities.choice(text, ("any", "some", "listed"))
    assert quantities.choice("listed", ("any", "some", "listed")) == "listed"


def test_arbitrary_text_raises_nothing_but_value_errors_that_do_not_repeat_it():
    source = random.Random(20240611)
    alphabet = "0123456789.smhdKMGB-+eE_ \x00\n²\u0661\udcff"
    understood = 0
    problems = set()
    for _ in range(5000):
        text = "".join(source.choices(alphabet, k=source.randrange(8)))
        for read in (quantities.duration, quantities.size, quantities.whole, quantities.boolean):
            try:
                read(text)
                understood += 1
            except ValueError as error:
                problems.add(str(error))
    assert understood > 500
    assert len(problems) == 4
