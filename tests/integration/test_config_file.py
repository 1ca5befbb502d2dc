"""PREHEAT_CONFIG in the running sidecar: inline, a JSON file, a TOML file beside the function."""

from __future__ import annotations

import json
import sys
from collections import Counter

import pytest

from tests.integration.sidecar import TOKEN_HEADER
from tests.integration.world import fill

TOML = pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
DOCUMENT = {
    "secrets": ["app/secret-1?as=database", {"ref": "app/secret-2", "ttl": 60, "required": True}],
    "parameters": ["/app/*"],
    "s3": [{"ref": "s3://lookup/rates.json"}],
    "ttl": "2m",
    "log_level": "DEBUG",
}
DOCUMENT_TOML = """
ttl = "2m"
secrets = ["app/secret-1?as=database", {ref = "app/secret-2", ttl = 60, required = true}]
parameters = ["/app/*"]

[[s3]]
ref = "s3://lookup/rates.json"
"""


def _check(aws, sidecar):
    """Everything that the document lists is there, with the lifetime that it gives, and no call is made for it."""
    assert {"GetSecretValue": 2, "GetParametersByPath": 1, "GetObject": 1} == Counter(call.action for call in aws.calls)
    expected = {
        "/secrets/database": ("secret value 1", "120"),
        "/secrets/app/secret-2": ("secret value 2", "60"),
        "/parameters/app/parameter-3": ("parameter value 3", "120"),
        "/s3/lookup/rates.json": ('{"EUR": 1.0}', "120"),
    }
    for target, (body, lifetime) in expected.items():
        answer = sidecar.get(target)
        assert (200, body, "hit") == (answer.status, answer.text, answer.header("preheat-cache")), target
        assert f"private, max-age={lifetime}" == answer.header("cache-control")
    assert 4 == len(aws.calls)


def test_inline(aws, ready):
    fill(aws)
    _check(aws, ready(config=json.dumps(DOCUMENT)))


@pytest.mark.parametrize("name", ["preheat.json", pytest.param("preheat.toml", marks=TOML)])
def test_a_file(aws, ready, tmp_path, name):
    fill(aws)
    text = json.dumps(DOCUMENT, indent=2) if name.endswith("json") else DOCUMENT_TOML
    (tmp_path / name).write_text(text)
    _check(aws, ready(config=str(tmp_path / name)))


def test_variables_win_and_lists_add_up(aws, ready):
    fill(aws)
    sidecar = ready(config=json.dumps(DOCUMENT), secrets=["app/secret-3", "app/secret-2?as=other&ttl=20"], ttl="30s")
    for name, lifetime in [("secret-1", 30), ("secret-2", 20), ("secret-3", 30)]:
        answer = sidecar.get(f"/secrets/app/{name}")
        assert ("hit", f"private, max-age={lifetime}") == (
            answer.header("preheat-cache"),
            answer.header("cache-control"),
        )
    assert "secret value 2" == sidecar.get("/secrets/other").text
    assert 3 == aws.count("GetSecretValue")


def test_its_token_opens_the_door_and_is_nowhere_to_be_seen(aws, ready, api):
    """Outside Lambda there is no session token, and the token may well lie in the file."""
    fill(aws)
    sidecar = ready(config='{"token": "hunter2-in-a-file", "secrets": ["app/secret-1"]}', log_level="DEBUG")
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1", {TOKEN_HEADER: "hunter2-in-a-file"}).text
    assert 401 == sidecar.get("/secrets/app/secret-1", {TOKEN_HEADER: "hunter2"}).status
    api.shutdown()
    assert 0 == sidecar.wait_exit()
    assert "hunter2" not in sidecar.output


def test_a_token_variable_wins_over_the_files(aws, ready):
    fill(aws)
    sidecar = ready(config='{"token": "from-the-file"}', token="from-the-variable")
    assert [401, 200] == [
        sidecar.get("/secrets/app/secret-1", {TOKEN_HEADER: f"from-the-{place}"}).status
        for place in ("file", "variable")
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"ttl": "8d"}', 'ttl in PATH must be a duration from 0 to 7d (a number, then ms, s, m, h or d), got "8d"'),
        ('{"ttl": 5,\n "token": hunter2}', "PATH (PREHEAT_CONFIG) must be JSON; it is not at line 2, column 11"),
    ],
)
def test_what_is_wrong_in_a_file_ends_init_with_one_line(aws, api, launch, tmp_path_factory, content, said):
    path = tmp_path_factory.getbasetemp() / "p.json"
    path.write_text(content)
    sidecar = launch(aws, config=str(path))
    error = api.wait_init_error()
    assert "Preheat.InvalidSetting" == error.error_type
    assert said.replace("PATH", str(path)) == error.document["errorMessage"]
    assert 1 == sidecar.wait_exit()
    (line,) = sidecar.log
    assert ("init.invalid_setting", error.document["errorMessage"]) == (line["event"], line["problem"])
    assert [] == aws.calls


def test_a_kill_switch_wins_over_a_file_that_is_not_there(api, launch):
    sidecar = launch(None, enabled="false", config="/nowhere/preheat.json")
    api.wait_next()
    assert ["init.disabled"] == [line["event"] for line in sidecar.log]


def test_a_relative_path_is_not_looked_for_in_the_working_directory(api, launch, tmp_path):
    (tmp_path / "preheat.json").write_text("{}")
    sidecar = launch(None, config="preheat.json", cwd=tmp_path)
    assert "a relative path is under /var/task" in api.wait_init_error().document["errorMessage"]
    assert 1 == sidecar.wait_exit()
