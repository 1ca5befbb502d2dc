"""A setting that is wrong ends INIT: one init/error, one clear line, exit status 1, and nothing of Python's own."""

from __future__ import annotations

import pytest

# What the line must say of each besides the variable's name: what is allowed.
BAD = [
    ("PREHEAT_TTL", "5 minutes", "duration from 0 to 7d"),
    ("PREHEAT_TTL", "-1", "duration from 0 to 7d"),
    ("PREHEAT_TTL", "8d", "duration from 0 to 7d"),
    ("PREHEAT_STALE_IF_ERROR", "1w", "duration"),
    ("PREHEAT_STALE_WHILE_REVALIDATE", "nan", "duration"),
    ("PREHEAT_INIT_TIMEOUT", "10s", "from 0 to 9s"),
    ("PREHEAT_FETCH_TIMEOUT", "99ms", "from 100ms to 60s"),
    ("PREHEAT_FETCH_TIMEOUT", "61", "from 100ms to 60s"),
    ("PREHEAT_PORT", "80", "1024 to 65535"),
    ("PREHEAT_PORT", "65536", "1024 to 65535"),
    ("PREHEAT_PORT", "9001", "other than 9001"),
    ("PREHEAT_PORT", "2773x", "1024 to 65535"),
    ("PREHEAT_CACHE_ITEMS", "0", "whole number from 1"),
    ("PREHEAT_CACHE_ITEMS", "1.5", "whole number"),
    ("PREHEAT_CACHE_MEMORY", "64", "size"),
    ("PREHEAT_CACHE_MEMORY", "1KB", "at least 1MB"),
    ("PREHEAT_ALLOW", "none", "any"),
    ("PREHEAT_SECRETS_BATCH", "Auto?", "always"),
    ("PREHEAT_SNAPSTART", "yes", "defer"),
    ("PREHEAT_COMPAT", "sma", "agent"),
    ("PREHEAT_LOG_LEVEL", "LOUD", "DEBUG"),
    ("PREHEAT_ENABLED", "perhaps", "true or false"),
    ("PREHEAT_SECRETS", "good,bad name", "letters, digits"),
    ("PREHEAT_SECRETS", "app/*", "wildcard"),
    ("PREHEAT_SECRETS", "a?stage=X&version=Y", "not both"),
    ("PREHEAT_SECRETS", "a?ttl=soon", "duration"),
    ("PREHEAT_SECRETS", "a?colour=red", "unknown option"),
    ("PREHEAT_SECRETS", "a?ttl=1&ttl=2", "once"),
    ("PREHEAT_SECRETS", "a?as=x,b?as=x", "alias once"),
    ("PREHEAT_SECRETS", "a%zz", "%XX"),
    ("PREHEAT_SECRETS", "arn:aws:ssm:us-east-1:123456789012:parameter/x", "secret:NAME"),
    ("PREHEAT_SECRETS", "a?region=no where", "region"),
    ("PREHEAT_SECRETS", "a?role=admin", "role"),
    ("PREHEAT_PARAMETERS", "/a/*/b", "at its end only"),
    ("PREHEAT_PARAMETERS", "/a?version=1&label=x", "not both"),
    ("PREHEAT_PARAMETERS", "/a?decrypt=maybe", "true or false"),
    ("PREHEAT_S3", "bucket/key", "s3://BUCKET/KEY"),
    ("PREHEAT_S3", "s3://UPPER/key", "lower-case"),
    ("PREHEAT_S3", "s3://bucket/key?table=t&format=xml", "json"),
    ("PREHEAT_CONFIG", "/no/such/file.json", ""),
    ("PREHEAT_CONFIG", '{"no_such_key": 1}', ""),
]


@pytest.mark.parametrize(("variable", "text", "allowed"), BAD)
def test_it_is_named_with_what_is_allowed(api, launch, variable, text, allowed):
    sidecar = launch(None, environ={variable: text})
    error = api.wait_init_error()
    assert 1 == sidecar.wait_exit()
    (line,) = sidecar.log
    assert ("ERROR", "init.invalid_setting") == (line["level"], line["event"])
    assert variable == line["setting"].split(" ")[0]
    assert "Preheat.InvalidSetting" == error.error_type == error.document["errorType"]
    message = error.document["errorMessage"]
    assert line["problem"] == message
    assert message.startswith(variable)
    assert allowed in message
    assert 0 == api.extension().next_calls


@pytest.mark.parametrize(
    ("variable", "text", "shown"),
    [
        ("PREHEAT_TTL", "x" * 5000, '"' + "x" * 80 + '"...'),
        ("PREHEAT_TTL", 'a"b\\c\u001b[31m\u202e', '"a\\"b\\\\c\\x1b[31m\\u202e"'),
        ("PREHEAT_SECRETS", "ok,a b", '"a b"'),
    ],
)
def test_what_it_held_is_shown_escaped_and_cut(api, launch, variable, text, shown):
    sidecar = launch(None, environ={variable: text})
    assert shown in api.wait_init_error().document["errorMessage"]
    assert 1 == sidecar.wait_exit()


@pytest.mark.parametrize(
    "settings",
    [
        {"log_level": "NONE", "ttl": "wrong"},
        {"log_level": "none", "parameters": ["//"]},
    ],
)
def test_it_is_said_at_every_log_level(api, launch, settings):
    sidecar = launch(None, **settings)
    api.wait_init_error()
    assert 1 == sidecar.wait_exit()
    assert 1 == len(sidecar.log)


@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_an_empty_variable_is_an_unset_one(api, launch, text):
    variables = {variable for variable, _, _ in BAD} - {"PREHEAT_PORT"}
    sidecar = launch(None, environ=dict.fromkeys(variables, text) | {"PREHEAT_TOKEN": "t"})
    api.wait_next()
    assert "healthy" == sidecar.get("/ping").text
    assert {"credentials.missing", "init.report"} == {line["event"] for line in sidecar.log}


def test_a_name_that_is_nearly_a_setting_warns_with_the_right_one(api, launch):
    sidecar = launch(None, environ={"PREHEAT_SECRET": "x", "PREHEAT_TLL": "1s", "PREHEAT_TOKEN": "t"})
    api.wait_next()
    problems = [line["problem"] for line in sidecar.events("settings.warning")]
    assert 2 == len(problems)
    assert [True, True] == ["PREHEAT_SECRETS" in problems[0], "PREHEAT_TTL" in problems[1]]


def test_a_kill_switch_wins_over_what_is_wrong(api, launch):
    """Nothing is bound, nothing is fetched, nothing else is read; SHUTDOWN still ends it."""
    sidecar = launch(None, enabled="false", ttl="wrong", secrets=["a b"])
    api.wait_next()
    assert ["SHUTDOWN"] == api.extension().events
    with pytest.raises(ConnectionRefusedError):
        sidecar.connect()
    api.shutdown()
    assert 0 == sidecar.wait_exit()
    assert ["init.disabled"] == [line["event"] for line in sidecar.log]
