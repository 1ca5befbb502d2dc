"""The page and its drawings, from figures alone."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from benchmarks import page, results
from benchmarks.page import plots, svg, tables
from benchmarks.results import Section
from tests.benchmarks.sections import cold_section, growth_section, warm_section

SVG = "{http://www.w3.org/2000/svg}"


def test_figures_survive_their_file(tmp_path):
    section = cold_section({"b": (100, 110, 120)})
    section.note("something was left out")
    results.save(section, tmp_path)
    assert section.as_dict() == results.load("cold", tmp_path).as_dict()


def test_a_section_that_was_not_measured_is_none(tmp_path):
    assert None is results.load("cold", tmp_path)


def test_the_page_holds_every_section_in_order_and_names_drawings_that_exist(tmp_path):
    sections = [growth_section(), warm_section(), cold_section({"a": (80, 80, 80), "b": (100, 110, 120)})]
    text = page.write(sections, tmp_path).read_text(encoding="utf-8")
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert ["## Cold start", "## Reads of what is held", "## Growth"] == titles
    drawings = re.findall(r"^!\[\w.*\]\((.*)\)$", text, re.MULTILINE)
    assert 4 == len(drawings)
    for name in drawings:
        ElementTree.parse(tmp_path / name)
    assert "Measured on a machine, on 2026-01-01." in text


def test_a_section_without_figures_says_why():
    section = Section("starved", "a machine", "2026-01-01")
    section.note("Not measured: no control group.")
    assert "Not measured: no control group." in page.text([section])
    assert {} == plots.of(section)


def test_who_was_left_out_has_no_row():
    section = cold_section({"b": (100, 110, 120)})
    assert "AWS's provider" not in tables.cold_summary(section, 20)
    assert "(b) Preheat" in tables.cold_summary(section, 20)


def test_a_table_is_aligned():
    assert ["| a | bb |", "| - | -: |", "| x |  1 |"] == tables.table(["a", "bb"], [["x", "1"]]).splitlines()


def test_bars_are_as_long_as_their_values():
    drawn = ElementTree.fromstring(svg.bars("t", "ms", ("INIT",), [("g", [("one", [10.0]), ("two", [20.0])])]))
    _legend, one, two = [float(each.attrib["width"]) for each in drawn.iter(f"{SVG}rect")]
    assert 2 == pytest.approx(two / one, rel=0.01)


def test_parts_of_a_bar_follow_each_other():
    drawn = ElementTree.fromstring(svg.bars("t", "ms", ("a", "b"), [("g", [("one", [10.0, 30.0])])]))
    first, second = list(drawn.iter(f"{SVG}rect"))[2:]
    assert float(second.attrib["x"]) == pytest.approx(float(first.attrib["x"]) + float(first.attrib["width"]), abs=0.2)


def test_points_lie_by_their_logarithms():
    drawn = ElementTree.fromstring(svg.lines("t", "x", "y", [("one", [(1, 10), (10, 100), (100, 1000)])]))
    xs = [float(each.attrib["cx"]) for each in drawn.iter(f"{SVG}circle")]
    ys = [float(each.attrib["cy"]) for each in drawn.iter(f"{SVG}circle")]
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2)
    assert ys[0] - ys[1] == pytest.approx(ys[1] - ys[2], abs=0.2)
    assert ys[0] > ys[2]  # up is more


@pytest.mark.parametrize("values", [[1, 1], [3, 7], [0.4, 250]])
def test_ticks_embrace_all_values(values):
    ticks = svg._ticks(values)
    assert ticks[0] <= min(values)
    assert ticks[-1] >= max(values)
    assert sorted(set(ticks)) == ticks


def test_text_is_escaped():
    assert "a &lt; b" in svg.lines("a < b", "x", "y", [("one", [(1, 1)])])
