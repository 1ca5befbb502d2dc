"""examples/container: its Dockerfile read by hadolint, and what it does done without Docker."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment.readmes import commands
from tests.deployment.sam_template import ROOT

DOCKERFILE = ROOT / "examples" / "container" / "Dockerfile"


def test_hadolint_finds_nothing(tmp_path):
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, "--no-color", DOCKERFILE], cwd=tmp_path, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stdout), done.stderr


def test_its_readme_builds_both_where_their_paths_begin():
    build, docker = commands("container")
    assert (ROOT / build[0]).is_file()
    assert ["docker", "build"] == docker[:2]
    assert DOCKERFILE == ROOT / docker[docker.index("--file") + 1]
    assert "." == docker[-1]


def instructions():
    """(instruction, arguments) in order, comments and blank lines left out."""
    lines = DOCKERFILE.read_text("utf-8").splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line and not line.startswith("#")]


def image(context, root):
    """Do under `root`, a folder for each stage, what the instructions say; the last stage's folder.

    Knows just what the Dockerfile has: FROM … AS, COPY of one file or folder, RUN.
    """
    folder = root
    for instruction, arguments in instructions():
        words = shlex.split(arguments)
        if instruction == "FROM":
            folder = root / (words[2] if words[1:2] == ["AS"] else "final")
            (folder / "tmp").mkdir(parents=True)
        elif instruction == "COPY":
            source = context
            if words[0].startswith("--from="):
                source = root / words.pop(0).removeprefix("--from=")
            origin, target = words
            into = folder / target.replace("${LAMBDA_TASK_ROOT}", "/var/task").lstrip("/")
            origin = source / origin.lstrip("/")
            if origin.is_dir():
                shutil.copytree(origin, into)
            elif target.endswith("/"):
                into.mkdir(parents=True, exist_ok=True)
                shutil.copy(origin, into)
            else:
                shutil.copy(origin, into)
        elif instruction == "RUN":
            moved = arguments.replace(" /", f" {folder}/").replace("python3", sys.executable)
            subprocess.run(["sh", "-c", moved], check=True)
        else:
            assert instruction in ("ARG", "CMD"), f"{instruction}: this test does not know it"
    return folder


@pytest.fixture(scope="module")
def built(layer_zip, tmp_path_factory):
    """The image's file system, as far as the Dockerfile makes it."""
    context = tmp_path_factory.mktemp("context")
    (context / "dist").mkdir()
    shutil.copy(layer_zip, context / "dist" / "layer.zip")
    shutil.copytree(ROOT / "examples" / "function", context / "examples" / "function")
    return image(context, tmp_path_factory.mktemp("image"))


def tree(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_opt_holds_what_lambda_would_lay_there(built, opt):
    assert tree(opt) == tree(built / "opt")


def test_the_launcher_is_executable_and_nothing_else_is_beside_it(built):
    (launcher,) = (built / "opt" / "extensions").iterdir()
    assert "preheat" == launcher.name
    assert 0o755 == stat.S_IMODE(launcher.stat().st_mode)


def test_the_handler_is_where_the_command_looks_for_it(built):
    assert ("CMD", '["handler.handler"]') == instructions()[-1]
    code = "import handler; assert callable(handler.handler)"
    path = os.pathsep.join([str(built / "var" / "task"), str(built / "opt" / "python")])
    done = subprocess.run([sys.executable, "-B", "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)
