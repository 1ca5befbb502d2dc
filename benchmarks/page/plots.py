"""Which drawings there are: a file's name and its SVG, for each section that has the figures."""

from __future__ import annotations

from typing import Any

from benchmarks.page import svg
from benchmarks.page.tables import name
from benchmarks.results import Section
from benchmarks.sections import cold, growth, starved, warm

LATENCY = 15


def of(section: Section) -> dict[str, str]:
    """File name -> SVG."""
    drawn = {"cold": _cold, "warm": _warm, "starved": _starved, "growth": _growth}
    return drawn[section.name](section) if section.name in drawn and section.values_of("what") else {}


def title(drawing: str) -> str:
    """Its text alternative."""
    return drawing.partition("<title>")[2].partition("</title>")[0]


def _cold(section: Section) -> dict[str, str]:
    latencies = section.values_of("latency")
    latency = LATENCY if LATENCY in latencies else latencies[0]
    groups = [(f"{count} resources", _bars(section, count, latency)) for count in section.values_of("resources")]
    heading = f"Cold start, {latency} ms a call to AWS: medians"
    return {"benchmarks-cold.svg": svg.bars(heading, "ms", (cold.INIT, cold.FIRST), groups)}


def _starved(section: Section) -> dict[str, str]:
    groups = [(f"{starved.COUNT} resources", _bars(section, starved.COUNT, starved.LATENCY))]
    heading = f"Cold start with 7 % of a CPU, {starved.LATENCY} ms a call to AWS: medians"
    return {"benchmarks-starved.svg": svg.bars(heading, "ms", (cold.INIT, cold.FIRST), groups)}


def _bars(section: Section, count: int, latency: int) -> list[svg.Bar]:
    found: list[svg.Bar] = []
    for key in section.values_of("variant"):
        parts = [
            section.get(what=what, variant=key, resources=count, latency=latency) for what in (cold.INIT, cold.FIRST)
        ]
        if all(parts):
            found.append((name(key), [part.median for part in parts]))
    return found


def _warm(section: Section) -> dict[str, str]:
    series = []
    for key in warm.SERVERS:
        names = {"what": warm.RATE, "part": warm.BY_SIZE, "variant": key, "size": 100}
        points = _points(section, "connections", **names)
        if points:
            series.append((name(key), points))
    heading = "Reads of 100 bytes a second: medians"
    return {"benchmarks-warm.svg": svg.lines(heading, "connections", "reads a second", series)} if series else {}


def _growth(section: Section) -> dict[str, str]:
    drawn = {}
    for file, heading, part, what, up in (
        ("init", "INIT by number of resources: medians", growth.BY_RESOURCES, cold.INIT, "ms"),
        ("memory", "Peak memory by number of resources: medians", growth.BY_RESOURCES, cold.PEAK, "MB"),
        ("connections", "Reads by number of connections: medians", growth.BY_CONNECTIONS, warm.RATE, "reads a second"),
    ):
        series = [(name(key), _points(section, part, what=what, part=part, variant=key)) for key in growth.KEYS]
        series = [(label, points) for label, points in series if points]
        if series:
            drawn[f"benchmarks-{file}.svg"] = svg.lines(heading, part, up, series)
    return drawn


def _points(section: Section, across: str, **names: Any) -> list[tuple[float, float]]:
    found = [(value, section.get(**names, **{across: value})) for value in section.values_of(across)]
    return [(float(value), figure.median) for value, figure in found if figure is not None]
