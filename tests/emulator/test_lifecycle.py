"""What the emulator sees of Preheat besides the values: SHUTDOWN, failed INITs, broken invocations, a rival."""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path

import pytest

from tests.emulator.resources import value_of

RIVAL = Path(__file__).parent / "extensions" / "AWSParametersAndSecretsLambdaExtension"


def assert_reads_are_right(environment, resources):
    paths = list(resources.reads)
    reads = environment.invoke({"reads": paths}).json()["reads"]
    assert resources.reads == {
        path: value_of(path, base64.b64decode(body)) for path, (_, body) in zip(paths, reads, strict=True)
    }


def assert_ended_in_good_order(environment):
    assert environment.terminate() == 0
    assert "Sending SIGKILL" not in environment.log
    assert "Extension.Crash" not in environment.log


def test_shutdown_is_seen_reported_and_obeyed(start, aws, resources):
    with start(aws.environ | resources.lists) as environment:
        assert environment.invoke().status == 200
        assert [] == environment.events("shutdown.report")
        assert_ended_in_good_order(environment)
    (report,) = environment.events("shutdown.report")
    assert ("SandboxTerminated", 1, 4) == tuple(report[name] for name in ("reason", "invocations", "calls"))
    assert len(report["never_read"]) == 22


@pytest.mark.parametrize(
    ("settings", "error_type", "named"),
    [
        ({"PREHEAT_SECRETS": "prod/db-0,prod/none?required=true"}, "Preheat.RequiredResourceUnavailable", "prod/none"),
        ({"PREHEAT_TTL": "soon"}, "Preheat.InvalidSetting", "PREHEAT_TTL"),
    ],
    ids=["required=true", "invalid setting"],
)
def test_an_error_in_init_fails_the_function_with_a_type_of_ours(start, aws, settings, error_type, named):
    with start(aws.environ | settings, log_level="debug") as environment:
        assert environment.invoke().status == 502
        (line,) = [line for line in environment.log.splitlines() if "/extension/init/error" in line]
        assert f"Lambda-Extension-Function-Error-Type:[{error_type}]" in line
        # Only at the second attempt does the emulator pass on what it was told at the first.
        assert environment.invoke().status == 502
        assert "Invoke DONE failed: Extension.InitError" in environment.log
    problems = [line["problem"] for line in environment.sidecar if line["event"].startswith("init.")]
    assert len(problems) == 2
    assert all(named in problem for problem in problems)


def test_a_taken_port_leaves_the_function_running(start, aws, resources, layer, tmp_path):
    """AWS's own extension has it: Preheat says what is wrong, fetches nothing, and ends in good order."""
    opt = tmp_path / "opt"
    shutil.copytree(layer, opt / "layer")
    (opt / "extensions").mkdir()
    shutil.copy(RIVAL, opt / "extensions")
    # All extensions start at once; this one lets the rival be first.
    launcher = opt / "extensions" / "preheat"
    launcher.write_text("#!/bin/sh\nread -r _ </tmp/port-is-taken\nexec /opt/layer/extensions/preheat\n")
    launcher.chmod(0o755)
    environment = start(aws.environ | resources.lists, opt=opt)
    os.mkfifo(environment.tmp / "port-is-taken")
    with environment:
        assert [200, 200] == [environment.invoke().status, environment.invoke().status]
        assert_ended_in_good_order(environment)
    (line,) = environment.sidecar
    assert ("ERROR", "boot.port_taken") == (line["level"], line["event"])
    assert "2773" in line["problem"]
    assert f"/opt/extensions/{RIVAL.name}" in line["problem"]
    assert [] == aws.calls()


@pytest.mark.parametrize(
    ("end", "said", "reason"),
    [("hang", b"Task timed out after 3.00 seconds", "Timeout"), ("exit", b"Runtime.ExitError", "ReleaseFail")],
)
def test_after_a_broken_invocation_the_next_one_reads_as_before(start, aws, resources, end, said, reason):
    """The environment starts anew, with a sidecar that fetches anew."""
    with start(aws.environ | resources.lists, timeout=3) as environment:
        assert_reads_are_right(environment, resources)
        assert said in environment.invoke({"then": end}).body
        assert_reads_are_right(environment, resources)
        assert_reads_are_right(environment, resources)
        assert_ended_in_good_order(environment)
    assert [reason, "SandboxTerminated"] == [line["reason"] for line in environment.events("shutdown.report")]
    assert [2, 2] == [line["invocations"] for line in environment.events("shutdown.report")]
    assert [22, 22] == [line["loaded"] for line in environment.events("init.report")]
    assert len(aws.calls()) == 8
