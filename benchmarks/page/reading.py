"""What the figures say, in sentences made from them: none says more than they do.

One contestant is ahead of another where it is in at least three quarters of the paired runs, that is where the quartile
of the ratio that speaks against it still does.
"""

from __future__ import annotations

from benchmarks import workload
from benchmarks.contestants import base_of
from benchmarks.figures import Figure
from benchmarks.page.tables import name, number, ratio_of
from benchmarks.results import Section
from benchmarks.sections import cold, growth, warm

AHEAD, BEHIND, LEVEL = "ahead", "behind", "level"
_MOST_NAMED = 4  # rows
_BUSY = 0.9  # share of a CPU from which on the client is what limits


def verdict(ratio: Figure) -> str:
    """Where Preheat is, by how many times as much another one takes."""
    low, high = ratio.quartiles
    return AHEAD if low > 1 else BEHIND if high < 1 else LEVEL


def budgets(section: Section) -> list[str]:
    found = [
        (what, section.figure(what=what, of="found").median, section.figure(what=what, of="most").median)
        for what in section.values_of("what")
    ]
    broken = [what for what, median, most in found if median > most]
    said = [f"{len(found) - len(broken)} of {len(found)} budgets hold here."]
    if broken:
        said.append(f"Broken: {'; '.join(broken)}.")
    stricter = [
        what
        for what, median, most in found
        if median <= most and median > section.figure(what=what, of="design").median
    ]
    if stricter:
        said.append(f"Kept by this machine's limit, and not by the design's own: {'; '.join(stricter)}.")
    return said


def cold_starts(section: Section) -> list[str]:
    """Each contestant's sum beside Preheat's; and its INIT, where Preheat is not ahead in that alone."""
    said = []
    for key in section.values_of("variant"):
        if key in ("a", base_of(key)):
            continue
        sums, inits = _ratios(section, cold.SUM, key), _ratios(section, cold.INIT, key)
        if sums:
            said.append(_beside(name(key), name(base_of(key)), sums))
        if any(verdict(ratio) != AHEAD for ratio in inits.values()):
            said.append(_beside(f"INIT alone: that of {name(key)}", name(base_of(key)), inits))
    added = _added(section)
    return ([added] if added else []) + said


def _ratios(section: Section, what: str, key: str) -> dict[tuple[int, int], Figure]:
    """By resources and latency, how many times as much it is as Preheat's."""
    ratios = {}
    for count in section.values_of("resources"):
        for latency in section.values_of("latency"):
            names = {"what": what, "resources": count, "latency": latency}
            ratio = ratio_of(section.get(variant=key, **names), section.get(variant=base_of(key), **names))
            if ratio is not None:
                ratios[count, latency] = ratio
    return ratios


def _beside(other: str, ours: str, ratios: dict[tuple[int, int], Figure]) -> str:
    by_verdict: dict[str, list[tuple[int, int]]] = {AHEAD: [], LEVEL: [], BEHIND: []}
    for cell, ratio in ratios.items():
        by_verdict[verdict(ratio)].append(cell)
    medians = [ratio.median for ratio in ratios.values()]
    text = f"{other} takes {between(medians)} times as long as {ours}"
    for where, cells in by_verdict.items():
        if len(cells) == len(ratios):
            return f"{text}: Preheat is {where} in {_rows(len(ratios))}."
    parts = [f"Preheat is ahead in {len(by_verdict[AHEAD])} of {len(ratios)} rows"]
    for where in (LEVEL, BEHIND):
        cells = by_verdict[where]
        if len(cells) > _MOST_NAMED:
            parts.append(f"{where} in {len(cells)}")
        elif cells:
            rows = ", ".join(f"{count} resources at {latency} ms" for count, latency in cells)
            parts.append(f"{where} with {rows}")
    return f"{text}: {'; '.join(parts)}."


def between(ratios: list[float]) -> str:
    """From the least to the most of them."""
    low, high = number(min(ratios)), number(max(ratios))
    return low if low == high else f"{low} to {high}"


def _rows(count: int) -> str:
    return "the one row" if count == 1 else f"all {count} rows"


def _added(section: Section) -> str:
    """INIT with Preheat, less INIT with nothing."""
    added = []
    for count in section.values_of("resources"):
        for latency in section.values_of("latency"):
            names = {"what": cold.INIT, "resources": count, "latency": latency}
            ours, nothing = section.get(variant="b", **names), section.get(variant="a", **names)
            if ours and nothing:
                added.append(ours.minus(nothing).median)
    if not added:
        return ""
    low, high = (f"{value:.0f}" for value in (min(added), max(added)))
    return f"Preheat adds {low if low == high else f'{low} to {high}'} ms to INIT over a function that reads nothing."


def extension(section: Section, **where: str | int) -> list[str]:
    """What the extensions use themselves."""
    said = []
    for key in section.values_of("variant"):
        if key == base_of(key):
            continue
        for what in (cold.CPU, cold.PEAK):
            names = {"what": what} | where
            theirs, ours = section.get(variant=key, **names), section.get(variant=base_of(key), **names)
            ratio = ratio_of(theirs, ours)
            if ratio:
                more = f"{number(ratio.median)} times that of {name(base_of(key))}"
                said.append(f"{what.capitalize() if what != cold.CPU else what} of {name(key)}: {more}.")
    return [text.replace(" of extension of", " of the extension of") for text in said]


def reads(section: Section) -> list[str]:
    said = []
    for key in warm.SERVERS[1:]:
        ratios: dict[str, list[str]] = {AHEAD: [], LEVEL: [], BEHIND: []}
        medians = []
        for size in section.values_of("size"):
            for connections in section.values_of("connections"):
                names = {"what": warm.P50, "part": warm.BY_SIZE, "size": size, "connections": connections}
                ratio = ratio_of(section.get(variant=key, **names), section.get(variant="b", **names))
                if ratio is not None:
                    medians.append(ratio.median)
                    ratios[verdict(ratio)].append(f"{workload.SIZES[size]} over {connections}")
        if medians:
            text = f"{name(key)}: its p50 is {between(medians)} times Preheat's"
            parts = [f"Preheat is {where} in {len(of)} of {len(medians)} rows" for where, of in ratios.items() if of]
            behind = f" (behind: {', '.join(ratios[BEHIND])})" if ratios[BEHIND] else ""
            said.append(f"{text}; {', '.join(parts)}{behind}.")
    said += _memory(section)
    busy = _busy(section)
    if busy:
        said.append(f"The client was the limit, with a CPU of its own in full use, in: {', '.join(busy)}.")
    return said


def _memory(section: Section) -> list[str]:
    socket = section.get(what=warm.P50, part=warm.BY_CLIENT, reader="raw socket")
    said = []
    for reader in section.values_of("reader"):
        ratio = ratio_of(socket, section.get(what=warm.P50, part=warm.IN_MEMORY, reader=reader))
        if ratio is not None:
            where = "ahead of" if verdict(ratio) == AHEAD else "not ahead of"
            said.append(
                f"A value in the function's own memory ({reader}) is {where} any read over a socket: "
                f"{number(ratio.median)} times as fast as the raw socket's p50."
            )
    return said


def _busy(section: Section) -> list[str]:
    found = []
    for key in warm.SERVERS:
        for size in section.values_of("size"):
            for connections in section.values_of("connections"):
                names = {"part": warm.BY_SIZE, "variant": key, "size": size, "connections": connections}
                rate, cpu = section.get(what=warm.RATE, **names), section.get(what=warm.CPU, **names)
                if rate and cpu and rate.median * cpu.median / 1e6 > _BUSY:
                    found.append(f"{name(key)} {workload.SIZES[size]} over {connections}")
    return found


def starved(section: Section) -> list[str]:
    said = cold_starts(section)
    for key in warm.SERVERS[1:]:
        ratio = ratio_of(section.get(what=warm.P50, variant=key), section.get(what=warm.P50, variant="b"))
        if ratio is not None:
            said.append(f"{name(key)}: a read's p50 is {number(ratio.median)} times Preheat's ({verdict(ratio)}).")
    return said


def grown(section: Section) -> list[str]:
    """From the least to the most."""
    said = []
    for part, whats in (
        (growth.BY_RESOURCES, (cold.INIT, cold.PEAK)),
        (growth.BY_CONNECTIONS, (warm.RATE, cold.PEAK)),
    ):
        for what in whats:
            for key in growth.KEYS:
                names = {"what": what, "part": part, "variant": key}
                found = [(count, section.get(**names, **{part: count})) for count in section.values_of(part)]
                measured = [(count, figure) for count, figure in found if figure is not None]
                if len(measured) > 1:
                    ends = " to ".join(
                        f"{figure.median:,.{figure.digits}f}" for _, figure in (measured[0], measured[-1])
                    )
                    unit = "" if measured[0][1].unit == "1/s" else " " + measured[0][1].unit
                    counts = f"{measured[0][0]:,} to {measured[-1][0]:,} {part}"
                    said.append(f"{name(key)}, {counts}: {what} goes from {ends}{unit}.")
    return said
