"""When the layer is built anew, and what lies where before Lambda starts."""

from __future__ import annotations

import os
import zipfile

import pytest

from demo import prepare
from demo.records import Failed


@pytest.fixture
def checkout(tmp_path):
    """Sources, all of one second, and a layer made a second later."""
    for name in (
        "build.sh",
        "requirements/build.txt",
        "requirements/layer.txt",
        "extension/boot.py",
        "layer/preheat/start.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    for path in tmp_path.rglob("*"):
        os.utime(path, (1000, 1000))
    (tmp_path / "layer.zip").write_text("")
    os.utime(tmp_path / "layer.zip", (1001, 1001))
    return tmp_path


def test_a_layer_newer_than_its_sources_is_current(checkout):
    assert prepare.is_current(checkout / "layer.zip", checkout)


def test_no_layer_is_not_current(checkout):
    assert not prepare.is_current(checkout / "none.zip", checkout)


@pytest.mark.parametrize(
    "name",
    ["build.sh", "requirements/build.txt", "requirements/layer.txt", "extension/boot.py", "layer/preheat/start.py"],
)
def test_a_changed_source_makes_it_old(checkout, name):
    os.utime(checkout / name, (1002, 1002))
    assert not prepare.is_current(checkout / "layer.zip", checkout)


def test_a_source_that_is_gone_makes_it_old(checkout):
    (checkout / "layer" / "preheat" / "start.py").unlink()
    assert not prepare.is_current(checkout / "layer.zip", checkout)


def test_bytecode_beside_the_sources_does_not(checkout):
    (checkout / "extension" / "__pycache__").mkdir()
    (checkout / "extension" / "__pycache__" / "boot.pyc").write_text("")
    os.utime(checkout / "extension", (1000, 1000))
    assert prepare.is_current(checkout / "layer.zip", checkout)


def test_the_layer_keeps_its_modes(tmp_path):
    entry = zipfile.ZipInfo("extensions/preheat")
    entry.external_attr = 0o100755 << 16
    with zipfile.ZipFile(tmp_path / "layer.zip", "w") as archive:
        archive.writestr(entry, "#!/bin/sh\n")
    opt = prepare.lay_out_layer(tmp_path / "layer.zip", tmp_path / "opt")
    assert os.access(opt / "extensions" / "preheat", os.X_OK)


def test_what_is_no_layer_is_refused(tmp_path):
    with pytest.raises(Failed, match=r"none\.zip cannot be unpacked"):
        prepare.lay_out_layer(tmp_path / "none.zip", tmp_path / "opt")


def test_the_folder_of_a_run_that_was_killed_goes_with_the_next_one(monkeypatch, tmp_path):
    monkeypatch.setattr(prepare, "ROOT", tmp_path)
    ended = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(ended, 0)
    left = tmp_path / ".cache" / f"demo-{ended}-abc"
    running = tmp_path / ".cache" / f"demo-{os.getppid()}-abc"
    for folder in (left, running):
        folder.mkdir(parents=True)
    with prepare.folder() as folder:
        assert folder.parent == tmp_path / ".cache"
        assert (False, True) == (left.exists(), running.exists())
    assert not folder.exists()
