"""After a crash INIT runs inside an invocation: the prefetch may hold it for a moment only (contract §5)."""

from __future__ import annotations

import time

import pytest

from tests.integration.world import SECRETS

HANGING = {"secrets": list(SECRETS), "init_timeout": "5s", "fetch_timeout": "4s"}


@pytest.fixture
def again(aws, api, launch, tmp_path):
    """again(): the next process in the same environment, blocked in `next`; how long it took from registering."""
    folder = tmp_path / "kept"
    folder.mkdir()

    def start(**settings):
        api.reset()
        sidecar = launch(aws, environ={"TMPDIR": str(folder)}, **settings)
        api.wait_registered()
        registered = time.monotonic()
        api.wait_next()
        sidecar.held = time.monotonic() - registered
        sidecar.kept = folder
        return sidecar

    return start


def end(sidecar):
    """As a timeout of the function ends it."""
    sidecar.process.kill()
    sidecar.wait_exit()


def test_a_first_init_waits_for_its_prefetch(aws, again):
    aws.faults.add("hang", match="secretsmanager")
    assert again(secrets=list(SECRETS), init_timeout="1500ms", fetch_timeout="4s").held > 1.2


def test_the_next_init_in_the_same_environment_is_held_for_half_a_second_at_most(aws, again):
    aws.faults.add("hang", match="secretsmanager")
    end(again(secrets=list(SECRETS), init_timeout="0"))
    assert 0.3 < again(**HANGING).held < 1.0


def test_it_is_held_for_a_quarter_of_a_short_timeout(aws, api, again):
    aws.faults.add("hang", match="secretsmanager")
    sidecar = again(secrets=list(SECRETS), init_timeout="0")
    api.invoke_and_wait(timeout_ms=1000)
    end(sidecar)
    assert again(**HANGING).held < 0.45


def test_the_file_holds_the_timeout_and_nothing_else(api, again):
    sidecar = again(secrets=[])
    assert (sidecar.kept / ".preheat-init").read_bytes() == b""
    api.invoke_and_wait(timeout_ms=3000)
    assert 2500 < int((sidecar.kept / ".preheat-init").read_bytes()) <= 3000
    assert [".preheat-init"] == [path.name for path in sidecar.kept.iterdir()]


@pytest.mark.parametrize("content", [b"nonsense", b"-5", b"9" * 400, b"\xff"])
def test_what_the_file_holds_can_not_lengthen_the_hold(aws, again, content):
    aws.faults.add("hang", match="secretsmanager")
    sidecar = again(secrets=[])
    (sidecar.kept / ".preheat-init").write_bytes(content)
    end(sidecar)
    assert again(**HANGING).held < 1.0


def test_a_link_in_its_place_is_not_followed(again, tmp_path):
    target = tmp_path / "elsewhere"
    target.write_text("mine")
    (tmp_path / "kept" / ".preheat-init").symlink_to(target)
    again(secrets=[])
    assert target.read_text() == "mine"
