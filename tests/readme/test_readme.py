"""What README.md tells a newcomer to type works as it is written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from extension.settings import Settings
from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.sidecar import ROOT, Sidecar, lay_out

README = (ROOT / "README.md").read_text("utf-8")
VALUES = {
    "/secretsmanager/get?secretId=prod/db": '"SecretString":"{\\"password\\":\\"a password\\"}"',
    "/secrets/prod/db?field=password": "a password",
    "/parameters/app/prod/flag": "on",
    "/s3/my-bucket/rates.json": '{"EUR": 1.0}',
}


def snippets(language):
    """The code blocks of that language, without the indentation of the list they stand in."""
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^\1```", README, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in blocks]


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory):
    """A sidecar with the lists of the README's own snippet, over an AWS that has it all."""
    folder = tmp_path_factory.mktemp("readme")
    (lists,) = snippets("ini")
    environ = dict(line.split("=", 1) for line in lists.splitlines())
    with FakeLambdaApi() as api, FakeAws() as aws:
        aws.put_secret("prod/db", '{"password":"a password"}')
        aws.put_secret("prod/api-key", "a key")
        aws.put_parameter("/app/prod/flag", "on")
        aws.put_parameter("/shared/flags", "[]")
        aws.put_object("my-bucket", "rates.json", b'{"EUR": 1.0}', content_type="application/json")
        opt = lay_out(folder / "opt")
        with Sidecar.start(api, aws, opt=opt, folder=folder / "sidecar", environ=environ) as process:
            api.wait_next()
            yield process


def test_the_lists_of_the_readme_are_prefetched(sidecar):
    (report,) = sidecar.events("init.report")
    assert report["failed"] == 0
    assert {row["resource"] for row in report["resources"]} >= {"prod/db", "/app/prod/*", "s3://my-bucket/rates.json"}


def run(command, sidecar, **environ):
    variables = {
        "PATH": os.environ["PATH"],
        "PREHEAT_PORT": str(sidecar.port),
        "AWS_SESSION_TOKEN": sidecar.environ["AWS_SESSION_TOKEN"],
        **environ,
    }
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=30, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def test_the_python_snippet(sidecar):
    (snippet,) = snippets("python")
    program = snippet + "\nprint([password, flag, rates])"
    output = run([sys.executable, "-c", program], sidecar, PYTHONPATH=str(ROOT / "layer" / "python"))
    assert "['a password', 'on', {'EUR': 1.0}]\n" == output


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_each_curl_line(sidecar):
    lines = [line for block in snippets("sh") for line in block.splitlines() if line.startswith("curl ")]
    assert len(VALUES) == len(lines)
    for line, (path, value) in zip(lines, VALUES.items(), strict=True):
        assert path in line
        assert value in run(["sh", "-c", line.replace(":2773", f":{sidecar.port}")], sidecar)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
def test_the_javascript_snippet(sidecar):
    (snippet,) = snippets("js")
    program = snippet.replace(":2773", f":{sidecar.port}")
    assert "on\n" == run(["node", "--input-type=module", "-e", program], sidecar)


def test_the_powertools_line():
    (line,) = re.findall(r"`(from preheat\.powertools import \w+)`", README)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "layer" / "python")}
    subprocess.run([sys.executable, "-c", line], env=environ, check=True, timeout=30)


def test_every_make_target_and_every_link_exists():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"make ([a-z][a-z-]*)\b", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("http") or Path(ROOT, link).exists(), link


def test_the_defaults_in_the_table_are_the_defaults():
    settings = Settings.from_environ({})
    rows = dict(re.findall(r"^\| `(PREHEAT_\w+)` \| `([^`]+)` \|", README, re.MULTILINE))
    assert rows.pop("PREHEAT_ENABLED") == "true"
    assert {
        "PREHEAT_TTL": f"{settings.ttl['ssm']:.0f}s",
        "PREHEAT_STALE_IF_ERROR": f"{settings.stale_if_error / 3600:.0f}h",
        "PREHEAT_STALE_WHILE_REVALIDATE": f"{settings.stale_while_revalidate:.0f}",
        "PREHEAT_INIT_TIMEOUT": f"{settings.init_timeout:.0f}s",
        "PREHEAT_FETCH_TIMEOUT": f"{settings.fetch_timeout['ssm']:.0f}s",
        "PREHEAT_PORT": str(settings.port),
        "PREHEAT_ALLOW": settings.allow,
        "PREHEAT_SECRETS_BATCH": settings.secrets_batch,
        "PREHEAT_SNAPSTART": settings.snapstart,
        "PREHEAT_COMPAT": settings.compat,
        "PREHEAT_LOG_LEVEL": settings.log_level,
    } == rows
