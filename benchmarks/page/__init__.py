"""docs/benchmarks.md and its drawings, made from what was measured: nothing in it is written by hand but how."""

from __future__ import annotations

from pathlib import Path

from benchmarks.page import plots, reading, tables
from benchmarks.results import Section
from benchmarks.sections import cold, growth, starved, warm
from benchmarks.workload import SIZES

ORDER = ("budgets", cold.NAME, warm.NAME, starved.NAME, growth.NAME)

_HEAD = """# Benchmarks

Made by `make bench`, which measures and writes this page; `python -m benchmarks --render` writes it from the figures
of the last run. Every figure is a median with its quartiles in brackets. `x2.00` says that it is twice Preheat's (b):
the median of the ratios within each run, as the contestants take turns.

All run under AWS's Runtime Interface Emulator, with the project's stand-in for AWS on the same machine, over TLS, with
the latency that the tables name. So compare the figures with each other: Lambda's own differ.

| | Contestant | Reads |
|-|------------|-------|
| (a) | no extension | nothing: what the runtime itself takes |
| (b) | Preheat | at the first invocation, by its client library |
| (c) | boto3 in static code | one call after another |
| (d) | boto3 in static code | eight threads, parameters ten at a time |
| (e) | Powertools parameters | at the first invocation; objects by boto3 |
| (f) | an extension on requests and boto3, eight threads | at the first invocation, over a bare socket |
| (g) | AWS's Workload Credentials Provider, in Rust, started by the script for Lambda in its crate | the same |

(g) knows secrets alone, so it reads as many secrets as the others read resources, and is compared with Preheat doing
that. Its script starts it after the first INVOKE event, on purpose; it prefetches nothing there. For all others a tenth
of the resources are objects of 2 KB in S3, the rest half secrets and half parameters.
"""

_TITLES = {
    "budgets": "Budgets",
    cold.NAME: "Cold start",
    warm.NAME: "Reads of what is held",
    starved.NAME: "With the CPU of 128 MB",
    growth.NAME: "Growth",
}

_INTRODUCTIONS = {
    "budgets": "22 resources, 15 ms a call. Limits in time are scaled to the machine by how long a bare interpreter "
    "takes to register there; the design's are those of one that takes 8 ms.",
    cold.NAME: "INIT is what the emulator reports: until the runtime and the extension have asked for the next event. "
    "The first invocation is the function's own time. Memory is the sum of the processes' peaks, shared pages in each; "
    "CPU is until the first invocation is answered, without the emulator's and the stand-in's.",
    warm.NAME: "Closed loop: each connection sends the next request when it has the answer to the last one. Client and "
    "server share this machine's CPUs. The client's own CPU is in the last column.",
    starved.NAME: "Emulator, function, extension and client share 1.4 ms of CPU in every 20 ms. Lambda's INIT may have "
    "more than that: this is the worst case of a cold start, and the rule for reads.",
    growth.NAME: "15 ms a call; the function reads nothing. Reads are of 100 bytes. (f) takes its names from "
    "variables, which on Lambda hold 4 KB, Preheat from `PREHEAT_CONFIG`.",
}


def write(sections: list[Section], folder: Path) -> Path:
    """Write page and drawings into ``folder``; the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for section in sections:
        for name, drawing in plots.of(section).items():
            (folder / name).write_text(drawing, encoding="utf-8")
    path = folder / "benchmarks.md"
    path.write_text(text(sections), encoding="utf-8")
    return path


def text(sections: list[Section]) -> str:
    """The page."""
    parts = [_HEAD, _measured_on(sections)]
    parts += [_chapter(section) for section in sorted(sections, key=lambda section: ORDER.index(section.name))]
    return "\n".join(parts)


def tables_of(section: Section) -> list[str]:
    """For the terminal and for the page."""
    return {
        "budgets": _budgets,
        cold.NAME: _cold,
        warm.NAME: _warm,
        starved.NAME: _starved,
        growth.NAME: _growth,
    }[section.name](section)


def reading_of(section: Section) -> list[str]:
    """What they say."""
    if section.name == cold.NAME:
        where = {"resources": 20, "latency": 15}
        return reading.cold_starts(section) + reading.extension(section, **where)
    return {
        "budgets": reading.budgets,
        warm.NAME: reading.reads,
        starved.NAME: reading.starved,
        growth.NAME: reading.grown,
    }[section.name](section)


def _measured_on(sections: list[Section]) -> str:
    where = dict.fromkeys((section.machine, section.when) for section in sections)
    return "".join(f"Measured on {machine}, on {when}.\n" for machine, when in where)


def _chapter(section: Section) -> str:
    parts = [f"## {_TITLES[section.name]}\n", _INTRODUCTIONS[section.name] + "\n"]
    if section.values_of("what"):
        said = reading_of(section)
        parts += ["".join(f"- {sentence}\n" for sentence in said)] if said else []
        parts += [f"![{plots.title(drawing)}]({name})\n" for name, drawing in plots.of(section).items()]
        parts += [table + "\n" for table in tables_of(section)]
    parts += [f"{note}\n" for note in section.notes]
    return "\n".join(parts)


def _budgets(section: Section) -> list[str]:
    return [tables.budgets(section)]


def _cold(section: Section) -> list[str]:
    counts, latencies = section.values_of("resources"), section.values_of("latency")
    found = [tables.cold_summary(section, count) for count in counts]
    return found + [tables.cold_detail(section, count, latency) for count in counts for latency in latencies]


def _warm(section: Section) -> list[str]:
    found = [tables.warm_sizes(section, size) for size in SIZES]
    return found + [tables.warm_clients(section, part) for part in (warm.BY_CLIENT, warm.IN_MEMORY)]


def _starved(section: Section) -> list[str]:
    return [tables.starved_cold(section), tables.starved_reads(section)]


def _growth(section: Section) -> list[str]:
    return [tables.growth_of(section, part) for part in (growth.BY_RESOURCES, growth.BY_CONNECTIONS)]
