"""The kept inputs: one text file for each target, an input a line, so that they can be read and stay small.

python -m tests.fuzz.corpus FOLDER: of the inputs in FOLDER/TARGET, keep those that reach something new.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.targets import LONGEST, TARGETS

_FOLDER = Path(__file__).with_name("corpus")
_TRACED = str(Path(__file__).parents[2] / "extension")


def read(target: str) -> list[bytes]:
    """The kept inputs of a target."""
    lines = (_FOLDER / f"{target}.txt").read_text("ascii").splitlines()
    return [line.encode("ascii").decode("unicode_escape").encode("latin-1") for line in lines]


def unpack(target: str, folder: Path) -> None:
    """Write them as libFuzzer wants them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(read(target)):
        (folder / f"kept-{number}").write_bytes(data)


def write(target: str, inputs: Iterable[bytes]) -> int:
    """Keep, of these, the shortest that reach each step from line to line; how many there are."""
    reached: set[tuple[str, int, int]] = set()
    kept = []
    for data in sorted(set(inputs), key=lambda data: (len(data), data)):
        steps = _steps(target, data)
        if not steps <= reached:
            reached |= steps
            kept.append(data.decode("latin-1").encode("unicode_escape").decode("ascii"))
    (_FOLDER / f"{target}.txt").write_text("".join(f"{line}\n" for line in kept), "ascii")
    return len(kept)


def _steps(target: str, data: bytes) -> set[tuple[str, int, int]]:
    """The pairs of lines of the extension that were run one after the other."""
    steps = set()
    last: dict[int, int] = {}

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(_TRACED):
            return None
        line = frame.f_lineno
        steps.add((code.co_filename, last.get(id(frame), 0) if event == "line" else 0, line))
        last[id(frame)] = line
        return trace

    sys.settrace(trace)
    try:
        TARGETS[target](data)
    finally:
        sys.settrace(None)
    return steps


def main(folder: Path) -> None:
    for target in TARGETS:
        before = read(target)
        found = [path.read_bytes() for path in (folder / target).glob("*")]
        found = [data for data in found if len(data) <= LONGEST]
        print(f"{target}: {len(before)} inputs kept before, {write(target, before + found)} now")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
