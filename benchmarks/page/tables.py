"""Tables of figures in Markdown: a median, its quartiles, and how many times the same thing of Preheat it is."""

from __future__ import annotations

from benchmarks.contestants import BY_KEY, base_of
from benchmarks.figures import Figure
from benchmarks.results import Section
from benchmarks.sections import cold, growth, warm
from benchmarks.sections.starved import COUNT, LATENCY
from benchmarks.workload import SIZES

NONE = "-"
_COLD = (cold.INIT, cold.FIRST, cold.SUM, cold.CPU, cold.CPU_ALL, cold.PEAK, cold.PEAK_ALL, cold.CALLS)
_READS = (warm.P50, warm.P99, warm.RATE, warm.CPU)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Markdown, aligned, so that it can be read as text, too."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [head, [("-" if not column else "-:").rjust(width, "-") for column, width in enumerate(widths)], *rows]
    return "\n".join(
        "| "
        + " | ".join(
            _padded(cell, width, column) for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in lines
    )


def _padded(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)


def cell(figure: Figure | None, base: Figure | None = None) -> str:
    """``123.4 (120.1 to 130.0) x3.2``; the ratio is the median of those within each run."""
    if figure is None:
        return NONE
    text = spread(figure)
    ratio = ratio_of(figure, base)
    return text if ratio is None else f"{text} x{number(ratio.median)}"


def spread(figure: Figure) -> str:
    """The median, and the quartiles unless they say the same."""
    median, low, high = (f"{value:,.{figure.digits}f}" for value in (figure.median, *figure.quartiles))
    return median if median == low == high else f"{median} ({low} to {high})"


def ratio_of(figure: Figure | None, base: Figure | None) -> Figure | None:
    """How many times ``base`` it is, run by run; None where that can't be said."""
    if figure is None or base is None or len(figure.values) != len(base.values) or not all(base.values):
        return None
    return figure.over(base)


def number(value: float) -> str:
    """A ratio for people."""
    return f"{value:.3f}" if value < 0.095 else f"{value:.2f}" if value < 9.995 else f"{value:,.0f}"


def name(key: str) -> str:
    """(b) Preheat."""
    return f"({key[0]}) {BY_KEY[key].title}"


def budgets(section: Section) -> str:
    rows = []
    for what in section.values_of("what"):
        found, most, design = (section.figure(what=what, of=of) for of in ("found", "most", "design"))
        kept = found.median <= most.median
        unit = f" {found.unit}" if found.unit not in ("", "x") else ""
        limit = f"{most.median:g}{unit}"
        rows.append(
            [what, f"{spread(found)}{unit}", f"{design.median:g}{unit}", limit, "kept" if kept else "**broken**"]
        )
    return table(["Budget", "found", "design", "limit here", ""], rows)


def cold_summary(section: Section, count: int) -> str:
    """Sums, by latency."""
    latencies = section.values_of("latency")
    rows = []
    for key in section.values_of("variant"):
        names = {"what": cold.SUM, "resources": count}
        found = [section.get(variant=key, latency=latency, **names) for latency in latencies]
        bases = [section.get(variant=base_of(key), latency=latency, **names) for latency in latencies]
        if any(found):
            rows.append([name(key), *map(cell, found, bases)])
    return table([f"{count} resources; ms", *(f"{latency} ms a call" for latency in latencies)], rows)


def cold_detail(section: Section, count: int, latency: int) -> str:
    """All there is about one number of resources and one latency."""
    rows = []
    for key in section.values_of("variant"):
        names = {"resources": count, "latency": latency}
        found = [section.get(what=what, variant=key, **names) for what in _COLD]
        bases = [section.get(what=what, variant=base_of(key), **names) for what in _COLD]
        if any(found):
            rows.append([name(key), *map(cell, found, bases)])
    units = [f"{what}, {cold.UNITS[what]}".rstrip(", ") for what in _COLD]
    return table([f"{count} resources, {latency} ms a call", *units], rows)


def warm_sizes(section: Section, size: int) -> str:
    """Reads by raw sockets, by number of connections and server."""
    rows = []
    for connections in warm.CONNECTIONS:
        for key in warm.SERVERS:
            names = {"part": warm.BY_SIZE, "size": size, "connections": connections}
            found = [section.get(what=what, variant=key, **names) for what in _READS]
            bases = [section.get(what=what, variant="b", **names) for what in _READS]
            if any(found):
                rows.append([f"{connections} · {name(key)}", *map(cell, found, bases)])
    return table([f"{SIZES[size]}: connections, server", *_READ_HEAD], rows)


def warm_clients(section: Section, part: str) -> str:
    """Reads by one reader after another; compared with a raw socket."""
    readers = [reader for reader in section.values_of("reader") if section.get(what=warm.P50, part=part, reader=reader)]
    rows = []
    for reader in readers:
        found = [section.get(what=what, part=part, reader=reader) for what in _READS]
        bases = [section.get(what=what, part=warm.BY_CLIENT, reader="raw socket") for what in _READS]
        rows.append([reader, *map(cell, found, bases)])
    return table(["one connection to Preheat" if part == warm.BY_CLIENT else "from memory", *_READ_HEAD], rows)


_READ_HEAD = ("p50, µs", "p99, µs", "reads a second", "client's CPU, µs a read")


def starved_cold(section: Section) -> str:
    return cold_detail(section, COUNT, LATENCY)


def starved_reads(section: Section) -> str:
    rows = []
    for key in warm.SERVERS:
        found = [section.get(what=what, variant=key) for what in _READS[:3]]
        bases = [section.get(what=what, variant="b") for what in _READS[:3]]
        if any(found):
            rows.append([name(key), *map(cell, found, bases)])
    return table(["100 B, one connection", *_READ_HEAD[:3]], rows)


def growth_of(section: Section, part: str) -> str:
    """By number of resources, or of connections."""
    whats = (
        (cold.INIT, cold.CPU, cold.PEAK, cold.CALLS)
        if part == growth.BY_RESOURCES
        else (warm.P50, warm.P99, warm.RATE, cold.PEAK)
    )
    units = (
        ("INIT, ms", "CPU of extension, ms", "memory of extension, MB", "AWS calls")
        if part == growth.BY_RESOURCES
        else (*_READ_HEAD[:3], "memory of extension, MB")
    )
    rows = []
    for count in section.values_of(part):
        for key in growth.KEYS:
            names = {"part": part, part: count}
            found = [section.get(what=what, variant=key, **names) for what in whats]
            bases = [section.get(what=what, variant="b", **names) for what in whats]
            if any(found):
                rows.append([f"{count:,} · {name(key)}", *map(cell, found, bases)])
    return table([f"{part}, extension", *units], rows)
