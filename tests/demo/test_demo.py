"""The demo itself, as people start it: under AWS's emulator where that runs, and with the project's own stand-in."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from demo import prepare, workload
from demo.standin import StandIn
from tests.emulator import kernel

ROOT = Path(__file__).resolve().parents[2]
ROWS = ("exec to registered", "connections (3)", "GetSecretValue", "GetParameters", "GetObject", "sidecar ready")
FUNCTION_ROWS = ("runtime starts", "static code", "INIT over", "first handler")


@pytest.fixture(scope="session")
def layer(tmp_path_factory):
    """Built of this checkout, with bytecode for one Python only."""
    zip_file = tmp_path_factory.mktemp("demo") / "layer.zip"
    command = [ROOT / "build.sh", "--output", zip_file, "--pythons", sys.executable]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return zip_file


def start(*arguments: object, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "demo", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def left_behind(demo: subprocess.Popen[str]) -> list[str]:
    """What of it still runs, of its session or with its folder on the command line; and its folder."""
    name = f"{ROOT}/.cache/demo-{demo.pid}-"
    found = [str(path) for path in (ROOT / ".cache").glob(f"demo-{demo.pid}-*")]
    for folder in Path("/proc").iterdir():
        try:
            pid = int(folder.name)
            command = kernel.command_line(pid)
            if os.getsid(pid) == demo.pid or name in command:
                found.append(command)
        except (ValueError, OSError):
            continue  # no process, or one that has ended
    return found


def assert_is_a_page(page: str) -> None:
    assert page.isascii()
    assert 80 >= max(map(len, page.splitlines()))
    for text in (*ROWS, *FUNCTION_ROWS, "The same function with boto3", "One start each", "order-pricing/database"):
        assert text in page
    durations = dict(re.findall(r"^  (\S+) +[:= ]+ +([\d.]+) ms$", page, re.MULTILINE))
    assert all(workload.LATENCY_MS * 0.95 <= float(durations[call]) for call in ("GetSecretValue", "GetParameter"))


def test_the_demo_runs_under_the_emulator(layer):
    with start("--runs", "1", "--layer", layer) as demo:
        page, progress = demo.communicate()
    if "cannot run here" in progress:
        pytest.skip(progress)
    assert 0 == demo.returncode, progress
    assert_is_a_page(page)
    assert "AWS's Runtime Interface Emulator" in page
    assert [] == [canary for canary in workload.CANARIES if canary in page + progress]
    assert [] == left_behind(demo)


def test_where_the_emulator_cannot_run_it_says_so_and_takes_the_stand_in(layer, tmp_path):
    with start("--runs", "1", "--layer", layer, PATH=str(tmp_path)) as demo:  # no unshare there
        page, progress = demo.communicate()
    assert 0 == demo.returncode, progress
    assert "AWS's emulator cannot run here: " in progress
    assert_is_a_page(page)
    assert "the project's own stand-in, not AWS's emulator" in " ".join(page.split())
    assert [] == [canary for canary in workload.CANARIES if canary in page + progress]
    assert [] == left_behind(demo)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("arguments", [(), ("--stand-in",)])
def test_interrupted_it_leaves_nothing_behind(layer, arguments, number):
    with start("--layer", layer, *arguments) as demo:
        said = ""
        while "starting moto" not in said:
            character = demo.stderr.read(1)
            assert character, said
            said += character
        demo.send_signal(number)
        page, progress = demo.communicate()
    assert (130, "") == (demo.returncode, page)
    assert progress.endswith("Stopped.\n")
    assert [] == left_behind(demo)


def test_what_goes_wrong_is_said_with_what_to_do(tmp_path):
    (tmp_path / "no.zip").write_bytes(b"no zip")
    with start("--stand-in", "--layer", tmp_path / "no.zip") as demo:
        page, progress = demo.communicate()
    assert (1, "") == (demo.returncode, page)
    assert "The demo failed: " in progress
    assert "no.zip cannot be unpacked" in progress
    assert [] == left_behind(demo)


def test_the_stand_in_plays_the_same_for_both(layer, tmp_path):
    """In figures, not in text: three calls each, one answer, nothing asked again when warm."""
    opt = prepare.lay_out_layer(layer, tmp_path / "opt")
    task = prepare.lay_out_function(tmp_path / "task")
    (tmp_path / "stage").mkdir()
    with ExitStack() as stack:
        stage = StandIn(tmp_path / "stage", opt, task, stack)
        preheat = stage.cold_start(with_preheat=True, warm=3)
        boto3 = stage.cold_start(with_preheat=False, warm=3)
    assert (3, 3) == (preheat.calls, boto3.calls)
    assert (3, 3) == (len(preheat.warm_ms), len(boto3.warm_ms))
    assert '"total"' in preheat.answer
    assert preheat.answer == boto3.answer
    assert ["ok"] * 3 == [resource.outcome for resource in preheat.fetched]
    assert () == boto3.fetched
    assert 0 < preheat.init_ms <= preheat.answered_ms
    calls = [row for row in boto3.rows if row.label.startswith("Get")]
    assert [True, True] == [one.bars[0][1] <= other.bars[0][0] for one, other in itertools.pairwise(calls)]
