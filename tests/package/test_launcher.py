"""The launcher: which interpreter it takes, what it keeps from it, what it says where there is none."""

from __future__ import annotations

import bz2
import json
import marshal
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.fakes.lambda_api import FakeLambdaApi
from tests.package.conftest import PYTHONS, ROOT, build

ON_LAMBDA = "/var/lang/bin/python3"
# Stands where the sidecar would: tells what reached it.
PROBE = """
import sys
def main():
    import json, os
    names = "ignore_environment", "no_user_site", "no_site", "dont_write_bytecode"
    flags = {name: getattr(sys.flags, name) for name in names}
    print(json.dumps({
        "argv": sys.argv, "path": sys.path, "flags": flags, "environ": dict(os.environ), "pid": os.getpid(),
        "executable": sys.executable, "json": json.__file__, "file": __file__,
    }))
"""
OLD = sorted(
    path
    for pattern in ("2.7.*", "3.[6-9].*")
    for path in Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions").glob(f"{pattern}/bin/python")
)
SHELLS = [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)]


class Opt:
    """A stand-in for ``/opt``: the real launcher and what it starts, with a probe as the sidecar, in source, and no
    Python of Lambda's yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lambda_python = folder.parent / "var" / "lang" / "bin" / "python3"
        self.launcher = folder / "extensions" / "preheat"
        text = (ROOT / "layer" / "extensions" / "preheat").read_text("utf-8")
        assert 2 == len(re.findall(rf"{ON_LAMBDA}(?= \]|$)", text, re.MULTILINE))
        self.launcher.parent.mkdir(parents=True)
        self.launcher.write_text(re.sub(rf"{ON_LAMBDA}(?= \]|$)", f"'{self.lambda_python}'", text, flags=re.MULTILINE))
        self.launcher.chmod(0o755)
        (folder / "preheat").mkdir()
        for name in ("start.py", "otherwise.py"):
            shutil.copy(ROOT / "layer" / "preheat" / name, folder / "preheat")
        importer = (ROOT / "layer" / "preheat" / "importer.py").read_text("utf-8")
        modules = {"importer.py": importer, "extension/__init__.py": "", "extension/boot.py": PROBE}
        (folder / "preheat" / "sources").write_bytes(bz2.compress(marshal.dumps(modules)))

    def run(self, *, path=None, cwd="/", shell=(), launcher=None, **environ) -> subprocess.CompletedProcess[str]:
        """Start the launcher as Lambda would, with nothing on PATH but the folder ``path``."""
        environ.setdefault("PATH", str(path or self.folder / "nothing"))
        command = [*shell, launcher or self.launcher]
        return subprocess.run(command, capture_output=True, text=True, env=environ, cwd=cwd, timeout=30)

    def probe(self, **options) -> dict:
        done = self.run(**options)
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def opt(tmp_path):
    return Opt(tmp_path / "opt with blanks")


def on_path(folder: Path, python: Path) -> Path:
    """A folder for PATH in which ``python3`` is the given interpreter."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "python3").symlink_to(python)
    return folder


@pytest.fixture
def path(tmp_path):
    return on_path(tmp_path / "bin", PYTHONS[-1].path)


@pytest.fixture(params=["as on Lambda", "on PATH"])
def each_way(request, opt, python, tmp_path):
    """Keyword arguments for ``run`` that let the launcher find ``python`` in one of the two places."""
    if request.param == "on PATH":
        return {"path": on_path(tmp_path / "bin", python.path)}
    on_path(opt.lambda_python.parent, python.path)
    return {}


def test_lambdas_python_comes_before_the_one_on_path(opt, path):
    on_path(opt.lambda_python.parent, PYTHONS[0].path)
    assert str(opt.lambda_python) == opt.probe(path=path)["executable"]


def test_python3_on_path_serves_where_lambda_has_none(opt, path):
    assert str(path / "python3") == opt.probe(path=path)["executable"]


def test_without_any_python_one_line_names_the_remedy_and_the_status_is_1(opt):
    done = opt.run()
    assert (1, "") == (done.returncode, done.stderr)
    assert re.fullmatch(r"preheat: found no Python\. [^\n]*python3\.10 or later[^\n]*remove the layer\.\n", done.stdout)


def assert_says_too_old(done, version):
    assert (1, "") == (done.returncode, done.stderr)
    expected = rf"preheat: needs Python 3\.10 or newer, and \S+ is {re.escape(version)}: [^\n]*remove the layer\.\n"
    assert re.fullmatch(expected, done.stdout)


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.parts[-3])
def test_an_old_python_on_path_is_told_apart_in_one_line(opt, old, tmp_path):
    assert_says_too_old(opt.run(path=on_path(tmp_path / "bin", old)), old.parts[-3])


@pytest.mark.parametrize("old", [path for path in OLD if path.parts[-3] >= "3"], ids=lambda path: path.parts[-3])
def test_an_old_python_of_lambda_is_told_apart_in_one_line(opt, old, tmp_path):
    on_path(opt.lambda_python.parent, old)
    assert_says_too_old(opt.run(), old.parts[-3])


def test_the_version_decides_and_not_a_failure_to_import(opt, tmp_path):
    """A new Python that calls itself 3.9.18: holds where no old one is installed."""
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin" / "python3"
    program = (
        "import sys, runpy; sys.version_info = (3, 9, 18); sys.version = '3.9.18 (main)'; runpy.run_path(sys.argv[1])"
    )
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{program}" "$4"\n')
    shim.chmod(0o755)
    assert_says_too_old(opt.run(path=shim.parent), "3.9.18")


def test_the_interpreter_takes_the_launchers_place(opt, path):
    """Signals and the exit status are the sidecar's own; no shell stays in memory."""
    process = subprocess.Popen([opt.launcher], stdout=subprocess.PIPE, env={"PATH": str(path)})
    output, _ = process.communicate(timeout=30)
    assert process.pid == json.loads(output)["pid"]


def test_hostile_files_and_variables_of_the_function_have_no_effect(opt, each_way, tmp_path):
    """The working directory, PYTHONPATH and PYTHONHOME are the function's to fill, with a json.py for instance."""
    hostile = tmp_path / "task"
    (hostile / "extension").mkdir(parents=True)
    for name in ("json", "linecache", "os", "encodings", "codecs", "sitecustomize", "usercustomize", "extension/boot"):
        (hostile / f"{name}.py").write_text("raise SystemExit('hostile code ran')\n")
    told = opt.probe(
        **each_way,
        cwd=hostile,
        PYTHONPATH=str(hostile),
        PYTHONHOME=str(hostile),
        PYTHONSTARTUP=str(hostile / "json.py"),
        PYTHONINSPECT="1",
        PYTHONWARNINGS="error",
        PYTHONSAFEPATH="",
        PYTHONPLATLIBDIR="hostile",
        PYTHONUSERBASE=str(hostile),
    )
    assert [] == [entry for entry in told["path"] if not entry or entry.startswith((str(hostile), str(opt.folder)))]
    assert [] == [entry for entry in told["path"] if entry.endswith("site-packages")]
    assert {"ignore_environment": 1, "no_user_site": 1, "no_site": 1, "dont_write_bytecode": 1} == told["flags"]
    assert not told["json"].startswith(str(hostile))


def test_what_was_to_be_preloaded_is_not(opt, each_way):
    told = opt.probe(**each_way, LD_PRELOAD="/nowhere/hostile.so", LD_LIBRARY_PATH="/var/lang/lib")
    assert "LD_PRELOAD" not in told["environ"]
    assert "/var/lang/lib" == told["environ"]["LD_LIBRARY_PATH"]  # Lambda's own Python needs it


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "timeout:1 attempts:2"),
        ({"RES_OPTIONS": ""}, "timeout:1 attempts:2"),
        ({"RES_OPTIONS": "timeout:3 rotate"}, "timeout:3 rotate"),
    ],
    ids=["unset", "empty", "set"],
)
def test_name_look_ups_give_up_early_unless_the_function_says_otherwise(opt, path, given, expected):
    assert expected == opt.probe(path=path, **given)["environ"]["RES_OPTIONS"]


@pytest.mark.parametrize("shell", SHELLS)
def test_any_shell_will_do_as_sh(opt, path, shell):
    """dash, bash (as sh on Amazon Linux) and BusyBox; bash 5 tells the time of exec for free, others say nothing."""
    command = [shutil.which(shell), *(["--posix"] if shell == "bash" else ["sh"] if shell == "busybox" else [])]
    before = time.time()
    exec_time, name = opt.probe(path=path, shell=command)["argv"][1:]
    assert "preheat" == name
    if exec_time:
        assert before <= float(exec_time.replace(",", ".")) <= time.time()
    else:
        assert shell != "bash" or b"version 5" not in subprocess.check_output([*command[:1], "--version"])


def test_the_extension_is_named_after_the_launchers_file(opt, path):
    renamed = opt.launcher.rename(opt.launcher.with_name("other"))
    assert "other" == opt.probe(path=path, launcher=renamed)["argv"][2]


@pytest.mark.parametrize(("cwd", "launcher"), [("", "extensions/preheat"), ("extensions", "./preheat")])
def test_a_relative_path_finds_the_sidecar_too(opt, path, cwd, launcher):
    told = opt.probe(path=path, cwd=opt.folder / cwd, launcher=launcher)
    assert (opt.folder / "preheat" / "extension" / "boot.py") == (opt.folder / cwd / told["file"]).resolve()


def test_under_the_file_name_of_aws_s_extension_it_is_the_same_layer_and_registers_by_that_name(
    checkout, layer_zip, opt, path, tmp_path
):
    """For tools that look for that file, ``build.sh --aws-name``."""
    output = tmp_path / "aws.zip"
    build(checkout, "--output", output, "--aws-name")
    ours, theirs = "extensions/preheat", "extensions/AWSParametersAndSecretsLambdaExtension"
    with zipfile.ZipFile(layer_zip) as one, zipfile.ZipFile(output) as other:
        assert {name.replace(ours, theirs) for name in one.namelist()} == set(other.namelist())
        assert all(other.read(name.replace(ours, theirs)) == one.read(name) for name in one.namelist())
        assert "-rwxr-xr-x" == stat.filemode(other.getinfo(theirs).external_attr >> 16)
    renamed = opt.launcher.rename(opt.folder / theirs)
    assert "AWSParametersAndSecretsLambdaExtension" == opt.probe(path=path, launcher=renamed)["argv"][2]


@pytest.mark.parametrize("missing", ["sources", "bytecode"])
def test_the_built_layer_lives_under_each_cpython_from_a_read_only_folder(layer_zip, python, missing, tmp_path):
    """The real sidecar, from exec to SHUTDOWN: with bytecode for this Python alone, and with no bytecode at all."""
    folder = tmp_path / "opt"
    shutil.unpack_archive(layer_zip, folder)
    launcher = folder / "extensions" / "preheat"
    launcher.chmod(0o755)
    if missing == "sources":
        (folder / "preheat" / "sources").unlink()
    else:
        shutil.rmtree(folder / "preheat" / "bytecode")
    for path in folder.rglob("*"):
        path.chmod(path.stat().st_mode & 0o555)
    before = sorted(folder.rglob("*"))
    with FakeLambdaApi() as api, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        environ = {"PATH": str(on_path(tmp_path / "bin", python.path)), "PREHEAT_PORT": str(free.getsockname()[1])}
        free.close()
        process = subprocess.Popen([launcher], stdout=subprocess.PIPE, env=environ | api.environ, cwd="/")
        try:
            api.wait_next()
            api.shutdown()
            output, _ = process.communicate(timeout=30)
        finally:
            process.kill()
            process.wait()
    told = {line["event"]: line for line in map(json.loads, output.splitlines())}
    assert (0, "INFO") == (process.returncode, told["init.report"]["level"])
    assert "shutdown.report" in told
    assert before == sorted(folder.rglob("*"))
