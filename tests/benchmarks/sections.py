"""Sections with figures that nobody measured: three runs each."""

from benchmarks.results import Section
from benchmarks.sections import cold, growth, warm


def cold_section(sums):
    """``sums``: contestant -> the sums of three runs, in every row of two."""
    section = Section(cold.NAME, "a machine", "2026-01-01")
    for count in (3, 20):
        for key, values in sums.items():
            names = {"variant": key, "resources": count, "latency": 15}
            section.add([value / 2 for value in values], "ms", what=cold.INIT, **names)
            section.add([value / 2 for value in values], "ms", what=cold.FIRST, **names)
            section.add(list(values), "ms", what=cold.SUM, **names)
            section.add([20.0] * 3, "MB", what=cold.PEAK, **names)
    return section


def warm_section():
    section = Section(warm.NAME, "a machine", "2026-01-01")
    for key, p50 in (("b", 50.0), ("f", 100.0), ("g, secrets", 25.0)):
        for connections in (1, 8):
            names = {"part": warm.BY_SIZE, "variant": key, "size": 100, "connections": connections}
            section.add([p50] * 3, "µs", what=warm.P50, **names)
            section.add([1e6 / p50] * 3, "1/s", what=warm.RATE, **names)
            section.add([p50 - 1 if key == "g, secrets" else 5.0] * 3, "µs", what=warm.CPU, **names)
    section.add([50.0] * 3, "µs", what=warm.P50, part=warm.BY_CLIENT, reader="raw socket")
    section.add([0.5] * 3, "µs", what=warm.P50, part=warm.IN_MEMORY, reader="functools.lru_cache")
    return section


def growth_section():
    section = Section(growth.NAME, "a machine", "2026-01-01")
    for count, init in ((1, 100.0), (1000, 900.0)):
        names = {"part": growth.BY_RESOURCES, "variant": "b", "resources": count}
        section.add([init] * 3, "ms", what=cold.INIT, **names)
        section.add([17.0] * 3, "MB", what=cold.PEAK, **names)
    return section
