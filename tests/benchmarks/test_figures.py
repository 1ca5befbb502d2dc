"""The arithmetic: medians, quartiles, what is compared within a run."""

import pytest

from benchmarks.figures import Figure, percentile
from benchmarks.page import tables
from benchmarks.page.reading import AHEAD, BEHIND, LEVEL, verdict
from benchmarks.quiet import ticks_of


def test_a_figure_is_a_median_between_its_quartiles():
    figure = Figure([5, 1, 3, 2, 4], "ms")
    assert (3, (2, 4)) == (figure.median, figure.quartiles)


def test_one_run_is_its_own_quartiles():
    assert (7, 7) == Figure([7], "ms").quartiles


def test_what_slowed_both_of_a_pair_falls_out():
    ours, theirs = Figure([10, 20, 30], "ms"), Figure([20, 40, 60], "ms")
    assert [2, 2, 2] == theirs.over(ours).values
    assert [10, 20, 30] == theirs.minus(ours).values


@pytest.mark.parametrize(("share", "expected"), [(0.5, 51), (0.99, 100), (1.0, 100)])
def test_percentiles(share, expected):
    assert expected == percentile([float(number) for number in range(100, 0, -1)], share)


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [([1.1, 1.2, 1.3], AHEAD), ([0.7, 0.8, 0.9], BEHIND), ([0.8, 1.1, 1.4], LEVEL), ([1.0], LEVEL)],
)
def test_who_is_ahead_is_so_in_three_quarters_of_the_runs(ratios, expected):
    assert expected == verdict(Figure(ratios, "x"))


def test_a_cell_has_median_quartiles_and_the_median_of_the_ratios():
    base = Figure([10, 10, 20], "ms")
    assert "30.0 (25.0 to 35.0) x2.00" == tables.cell(Figure([20, 30, 40], "ms"), base)


def test_a_cell_without_a_spread_says_one_number():
    assert "4 x1.00" == tables.cell(Figure([4, 4, 4], "", 0), Figure([4, 4, 4], "", 0))


@pytest.mark.parametrize(
    ("figure", "base"),
    [
        (None, Figure([1], "ms")),
        (Figure([1], "ms"), None),
        (Figure([1, 2], "ms"), Figure([1], "ms")),  # of different runs
        (Figure([1], ""), Figure([0], "")),
    ],
)
def test_no_ratio_where_there_is_nothing_to_compare(figure, base):
    assert None is tables.ratio_of(figure, base)


@pytest.mark.parametrize(("value", "expected"), [(0.0123, "0.012"), (0.5, "0.50"), (9.99, "9.99"), (1234.4, "1,234")])
def test_ratios_for_people(value, expected):
    assert expected == tables.number(value)


def test_what_belongs_to_a_measurement_is_counted_once_with_all_that_descends_from_it():
    processes = {1: (0, 1000), 10: (1, 1), 11: (10, 2), 12: (11, 4), 20: (1, 8), 30: (1, 16)}
    assert {10: 1, 11: 2, 12: 4, 20: 8} == ticks_of(processes, [10, 11, 20, 99])
