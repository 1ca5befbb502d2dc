"""What was measured, as it is kept: a file of JSON for each section, from which the page can be made at any time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from tests.emulator.namespace import ROOT

FOLDER = ROOT / ".cache" / "bench"
UNITS = {"ms": 1, "µs": 1, "MB": 1, "KB": 1, "x": 2, "1/s": 0, "": 0}  # digits for people


class Section:
    """Figures under names: ``add(values, "ms", what="INIT", variant="b")``. ``notes`` are what was left out, and why.

    Values of one key come run by run, so that variants can be compared within a run.
    """

    def __init__(self, name: str, machine: str = "", when: str = "") -> None:
        self.name = name
        self.machine = machine
        self.when = when
        self.notes: list[str] = []
        self._figures: dict[tuple[tuple[str, Any], ...], Figure] = {}

    def add(self, values: list[float], unit: str, **names: Any) -> None:
        self._figures[_key(names)] = Figure(values, unit, UNITS[unit])

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def get(self, **names: Any) -> Figure | None:
        """None: it was left out."""
        return self._figures.get(_key(names))

    def figure(self, **names: Any) -> Figure:
        """One that must be there."""
        return self._figures[_key(names)]

    def values_of(self, name: str) -> list[Any]:
        """All that figures are named by under ``name``, in the order in which they came."""
        return list(dict.fromkeys(dict(key)[name] for key in self._figures if name in dict(key)))

    def as_dict(self) -> dict[str, Any]:
        return {
            "section": self.name,
            "machine": self.machine,
            "when": self.when,
            "notes": self.notes,
            "figures": [
                {"of": dict(key), "unit": figure.unit, "values": [round(value, 6) for value in figure.values]}
                for key, figure in self._figures.items()
            ],
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Section:
        section = cls(document["section"], document["machine"], document["when"])
        section.notes = document["notes"]
        for figure in document["figures"]:
            section.add(figure["values"], figure["unit"], **figure["of"])
        return section


def save(section: Section, folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(section.as_dict(), indent=1, ensure_ascii=False) + "\n"
    (folder / f"{section.name}.json").write_text(text, encoding="utf-8")


def load(name: str, folder: Path = FOLDER) -> Section | None:
    """None: it was not measured."""
    try:
        return Section.from_dict(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _key(names: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(names.items()))
