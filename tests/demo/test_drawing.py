"""Bars, axes, durations and cut names, column by column."""

from __future__ import annotations

import pytest

from demo.drawing import Scale, cut, milliseconds, size, wrap


def text(line) -> str:
    return "".join(piece.text for piece in line)


@pytest.mark.parametrize(
    ("name", "width", "expected"),
    [
        ("order", 5, "order"),
        ("order-pricing", 7, "ord…ing"),
        ("order-pricing", 8, "orde…ing"),
        ("order", 1, "…"),
        ("order", 0, ""),
        ("", 3, ""),
    ],
)
def test_a_name_that_is_too_long_loses_its_middle(name, width, expected):
    assert expected == cut(name, width)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0.00 ms"),
        (-3, "0.00 ms"),
        (0.994, "0.99 ms"),
        (0.996, "1.0 ms"),
        (9.94, "9.9 ms"),
        (9.96, "10 ms"),
        (999.4, "999 ms"),
        (999.6, "1.00 s"),
        (9994, "9.99 s"),
        (9996, "10 s"),
        (9.9e7, "99,000 s"),
        (5e9, "5e+06 s"),
        (float("inf"), "?"),
        (float("nan"), "?"),
    ],
)
def test_a_duration_has_two_or_three_digits(value, expected):
    assert expected == milliseconds(value)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (99_940, "99.9 KB"), (99_960, "100 KB"), (999_500, "1.0 MB")],
)
def test_a_size_has_the_unit_that_keeps_it_short(count, expected):
    assert expected == size(count)


def test_a_bar_covers_its_share_in_half_cells():
    scale = Scale(100, 10)
    assert "█████     " == text(scale.bars([(0, 50)], "")).replace("┊", " ")
    assert "  ▐█▌     " == text(scale.bars([(25, 45)], "")).replace("┊", " ")


def test_bars_of_one_row_stand_side_by_side():
    assert "█    █   █" == text(Scale(100, 10).bars([(0, 10), (50, 60), (90, 100)], "")).replace("┊", " ")


@pytest.mark.parametrize("start", [0, 0.01, 33, 99.99, 100, 1e12])
def test_what_is_too_short_to_be_drawn_is_seen_nevertheless(start):
    line = text(Scale(100, 10).bars([(start, start + 0.001)], ""))
    assert 10 == len(line)
    assert 1 == sum(line.count(half) for half in "▌▐█")


@pytest.mark.parametrize(("moment", "column"), [(0, 0), (55, 5), (100, 9), (5000, 9)])
def test_a_moment_is_a_mark(moment, column):
    assert column == text(Scale(100, 10).bars([(moment, moment)], "")).index("◆")


@pytest.mark.parametrize("total", [0, -1, 1e-9, 0.3, 7, 281, 1280, 9_999, 12_345, 1e9, float("inf"), float("nan")])
@pytest.mark.parametrize("columns", [1, 5, 21, 53, 90])
def test_axis_and_grid_fit_whatever_the_total(total, columns):
    scale = Scale(total, columns)
    assert columns == len(scale.axis())
    assert columns == len(text(scale.bars([(0, total)], "")))
    assert len(scale.ticks) <= columns


@pytest.mark.parametrize(
    ("total", "labels"), [(281, ["0", "100", "200"]), (12_000, ["0", "5", "10"]), (0, ["0", "0.5"])]
)
def test_the_axis_has_round_numbers(total, labels):
    assert labels == Scale(total, 30).axis().split()[: len(labels)]


def test_each_label_of_the_axis_stands_above_its_line_of_the_grid():
    scale = Scale(1180, 60)
    axis, grid = scale.axis(), text(scale.bars([], ""))
    beginnings = [at for at in range(60) if axis[at] != " " and (at == 0 or axis[at - 1] == " ")]
    assert beginnings == [at for at in range(60) if grid[at] == "┊"]
    assert len(beginnings) > 2


def test_text_is_wrapped_and_a_word_too_long_is_cut():
    assert ["one two", "thre…teen"] == wrap("one two threeandfourteen", 9)
    assert ["one two three"] == wrap("one two three", 13)
