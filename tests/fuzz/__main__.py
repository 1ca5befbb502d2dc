"""Fuzz one target from its kept inputs, guided by coverage: python -m tests.fuzz TARGET FOLDER [libFuzzer's options]

The folder gets the inputs that reached something new, and what a failure was found with (crash-…).
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["extension"]):
    from tests.fuzz import corpus
    from tests.fuzz.targets import LONGEST, TARGETS


def main() -> None:
    """Does not return: libFuzzer ends the process."""
    program, target, folder, *options = sys.argv
    inputs = Path(folder) / target
    corpus.unpack(target, inputs)
    options += [f"-max_len={LONGEST}", f"-dict={Path(__file__).with_name('dictionary')}", f"-artifact_prefix={folder}/"]
    atheris.Setup([program, str(inputs), *options], TARGETS[target])
    atheris.Fuzz()


main()
