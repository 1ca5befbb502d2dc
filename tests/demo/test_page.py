"""The whole page: it fits, it is plain where it has to be, and it says what was measured."""

from __future__ import annotations

import pytest

from demo.page import page, typical, waterfall
from demo.records import Fetched
from demo.terminal import Terminal
from tests.demo.samples import FETCHED, comparison, with_boto3, with_preheat

INTRO = ["The function: one that needs things.", "Lambda: a stand-in."]
NOTES = ["Compare the figures with each other only."]


def shown(width=80, measured=None, *, colour=False, unicode=False) -> str:
    measured = measured or comparison()
    return Terminal(width, colour, unicode).render(page(measured, INTRO, NOTES, width))


@pytest.mark.parametrize("width", range(44, 121))
def test_no_line_is_wider_than_the_terminal(width):
    lines = shown(width, unicode=True).splitlines()
    assert width >= max(map(len, lines))
    assert [] == [line for line in lines if line != line.rstrip()]


@pytest.mark.parametrize("by", [0.0, 1e-6, 0.01, 30.0, 4e3, 1e9])
@pytest.mark.parametrize("width", [44, 80, 120])
def test_no_time_breaks_the_layout(width, by):
    lines = shown(width, comparison(by)).splitlines()
    assert width >= max(map(len, lines))
    assert len(shown(width).splitlines()) == len(lines)


@pytest.mark.parametrize("width", [44, 60, 80])
def test_long_names_are_cut_and_figures_stay(width):
    fetched = (Fetched("s3://" + "bucket/" * 40 + "key.csv", "object", 123_456_789, 1234.5, "ok"),)
    lines = shown(width, comparison()._replace(preheat=[with_preheat(fetched=fetched)])).splitlines()
    assert width >= max(map(len, lines))
    (line,) = [line for line in lines if line.startswith("  object")]
    assert ["123", "MB", "1.23", "s"] == line.split()[-4:]


def test_plain_text_is_ascii_without_escapes():
    plain = shown()
    assert plain.isascii()
    assert plain.replace("\n", "").isprintable()


def test_plain_and_drawn_text_have_the_same_columns():
    assert [len(line) for line in shown().splitlines()] == [len(line) for line in shown(unicode=True).splitlines()]


def test_colours_add_nothing_but_escapes():
    coloured = shown(colour=True)
    assert "\x1b[36m" in coloured
    for code in ("0", "1", "2", "31", "32", "33", "35", "36", "94"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert shown() == coloured


def test_a_name_cannot_move_the_cursor():
    fetched = (Fetched("evil\x1b[2J\rname\u202e", "secret", 1, 1.0, "ok"),)
    assert "evil?[2J?name?" in shown(measured=comparison()._replace(preheat=[with_preheat(fetched=fetched)]))


def test_everything_that_was_prefetched_is_named_with_kind_size_and_time():
    lines = shown().splitlines()
    for resource, figures in zip(FETCHED, ("260 B     21 ms", "118 B     20 ms", "18.8 KB     24 ms"), strict=True):
        assert [f"  {resource.kind:<10} {resource.name}"] == [
            line.removesuffix(figures).rstrip() for line in lines if resource.name in line
        ]


def test_what_could_not_be_prefetched_says_why():
    fetched = (Fetched("gone", "secret", 0, 5.0, "ResourceNotFoundException"),)
    (line,) = [
        line
        for line in shown(measured=comparison()._replace(preheat=[with_preheat(fetched=fetched)])).splitlines()
        if "gone" in line
    ]
    assert "Reso…tion" in line.replace("~", "…")


def test_medians_are_compared():
    lines = [line.split("  ") for line in shown().splitlines()]
    figures = {parts[1]: [part.strip() for part in parts[2:] if part.strip()] for parts in lines if len(parts) > 3}
    assert ["250 ms", "502 ms", "-252 ms"] == figures["INIT"]
    assert ["8.0 ms", "98 ms", "-90 ms"] == figures["first handler"]
    assert ["260 ms", "600 ms", "-340 ms"] == figures["to the first answer"]
    assert ["0.50 ms", "0.30 ms", "+0.20 ms"] == figures["warm handler"]


def test_where_preheat_is_slower_it_says_so():
    measured = comparison()._replace(preheat=[with_preheat(10)])
    assert "\x1b[31m" in shown(measured=measured, colour=True)
    assert "+2.00 s" in shown(measured=measured)


def test_the_waterfall_shown_is_that_of_the_typical_start():
    starts = comparison().preheat
    assert starts[1] is typical(starts)
    assert "first answer after 260 ms" in shown()
    assert "first answer after 600 ms" in shown()


def test_both_waterfalls_are_on_one_scale():
    axes = [line for line in shown().splitlines() if line.endswith(" ms") and line.split()[0] == "0"]
    assert 2 == len(axes)
    assert axes[0] == axes[1]


def test_rows_come_in_their_order_with_their_durations():
    lines = Terminal(80, False, False).render(waterfall("Title", with_preheat(), 260, 80, 18)).splitlines()
    assert ["exec", "connections", "GetSecretValue", "sidecar", "runtime", "INIT", "first"] == [
        line.split()[0] for line in lines[2:]
    ]
    assert ["20 ms", "10 ms", "15 ms", "70 ms", "100 ms", "250 ms", "8.0 ms"] == [
        line[-8:].strip() for line in lines[2:]
    ]


def test_one_start_of_each_is_called_that():
    measured = comparison()._replace(preheat=[with_preheat()], boto3=[with_boto3()])
    assert "One start each" in shown(measured=measured)
    assert "Medians of 3 starts each" in shown()
