"""A signal at the worst moment: while a program is being started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, signal
from demo import interruption

interruption.arm()
try:
    with interruption.held():
        with interruption.held():
            os.kill(os.getpid(), signal.{signal})
            print("inside")
        print("still inside")
        {last}
    print("never")
except KeyboardInterrupt:
    print("behind", interruption.came())
os.kill(os.getpid(), signal.{signal})
print("not twice")
"""


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("last", ["pass", "raise ValueError"])
def test_it_waits_until_the_program_is_known_and_comes_once(signal, last):
    program = PROGRAM.format(signal=signal, last=last)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert ["inside", "still inside", "behind True", "not twice"] == done.stdout.splitlines(), done.stderr


def test_without_one_nothing_is_raised():
    program = "from demo import interruption\nwith interruption.held(): pass\nprint(interruption.came())"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert "False\n" == done.stdout, done.stderr
