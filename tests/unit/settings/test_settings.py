"""The settings as a whole: defaults, precedence, the kill switch. Contract §2 and §2.1."""

import random
from typing import Any

import pytest

from extension.errors import InvalidSetting
from extension.references import parameter_path, s3_resource, secret_resource
from extension.settings import Settings, names

MB = 2**20
PREFIX = "PARAMETERS_SECRETS_EXTENSION_"


def settings(**environ):
    return Settings.from_environ(environ)


def quiet(**environ):
    result = settings(**environ)
    assert result.warnings == ()
    return result


def refusal(**environ):
    with pytest.raises(InvalidSetting) as caught:
        settings(**environ)
    return str(caught.value)


DEFAULTS: dict[str, Any] = {
    "enabled": True,
    "initialization_type": "on-demand",
    "entries": (),
    "ttl": {"secretsmanager": 300, "ssm": 300, "s3": 300},
    "stale_if_error": 3600,
    "stale_while_revalidate": 0,
    "init_timeout": 8,
    "fetch_timeout": {"secretsmanager": 5, "ssm": 5, "s3": 5},
    "port": 2773,
    "cache_items": 1000,
    "cache_memory": 64 * MB,
    "max_connections": 4,
    "allow": "any",
    "secrets_batch": "auto",
    "snapstart": "defer",
    "compat": "extension",
    "token": "",
    "log_level": "INFO",
    "region": "",
    "endpoint_urls": {"secretsmanager": None, "ssm": None, "s3": None, "sts": None},
    "fips": False,
    "dualstack": False,
    "ca_bundle": None,
    "https_proxy": None,
    "no_proxy": "",
    "warnings": (),
}


@pytest.mark.parametrize("environ", [{}, dict.fromkeys([*names.KNOWN, *names.AWS], ""), {"PATH": "/bin", "LANG": "C"}])
def test_with_nothing_set_everything_has_its_default(environ):
    result = Settings.from_environ(environ)

    assert {name: getattr(result, name) for name in Settings.__slots__} == DEFAULTS


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("PREHEAT_TTL", "1m", "ttl", {"secretsmanager": 60, "ssm": 60, "s3": 60}),
        ("PREHEAT_TTL", "0", "ttl", {"secretsmanager": 0, "ssm": 0, "s3": 0}),
        ("PREHEAT_STALE_IF_ERROR", "0", "stale_if_error", 0),
        ("PREHEAT_STALE_WHILE_REVALIDATE", "30s", "stale_while_revalidate", 30),
        ("PREHEAT_INIT_TIMEOUT", "0", "init_timeout", 0),
        ("PREHEAT_FETCH_TIMEOUT", "250ms", "fetch_timeout", {"secretsmanager": 0.25, "ssm": 0.25, "s3": 0.25}),
        ("PREHEAT_PORT", "4000", "port", 4000),
        ("PREHEAT_CACHE_ITEMS", "5", "cache_items", 5),
        ("PREHEAT_CACHE_MEMORY", "2MB", "cache_memory", 2 * MB),
        ("PREHEAT_ALLOW", "listed", "allow", "listed"),
        ("PREHEAT_SECRETS_BATCH", "never", "secrets_batch", "never"),
        ("PREHEAT_SNAPSTART", "include", "snapstart", "include"),
        ("PREHEAT_COMPAT", "agent", "compat", "agent"),
        ("PREHEAT_TOKEN", "hunter2", "token", "hunter2"),
        ("PREHEAT_LOG_LEVEL", "error", "log_level", "ERROR"),
        ("PREHEAT_ENABLED", "TRUE", "enabled", True),
        ("AWS_REGION", "eu-west-1", "region", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1", "region", "eu-west-1"),
        ("AWS_USE_FIPS_ENDPOINT", "true", "fips", True),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true", "dualstack", True),
        ("AWS_CA_BUNDLE", "/etc/ca.pem", "ca_bundle", "/etc/ca.pem"),
        ("HTTPS_PROXY", "http://proxy:3128", "https_proxy", "http://proxy:3128"),
        ("https_proxy", "http://proxy:3128", "https_proxy", "http://proxy:3128"),
        ("NO_PROXY", ".internal", "no_proxy", ".internal"),
        ("no_proxy", ".internal", "no_proxy", ".internal"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start", "initialization_type", "snap-start"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128", "cache_memory", 32 * MB),
        (PREFIX + "CACHE_SIZE", "20", "cache_items", 20),
        (PREFIX + "MAX_CONNECTIONS", "7", "max_connections", 7),
        (PREFIX + "HTTP_PORT", "4000", "port", 4000),
        (PREFIX + "LOG_LEVEL", "none", "log_level", "NONE"),
        (PREFIX + "CACHE_ENABLED", "FALSE", "ttl", {"secretsmanager": 0, "ssm": 0, "s3": 300}),
        (PREFIX + "CACHE_ENABLED", "true", "ttl", DEFAULTS["ttl"]),
        (PREFIX + "CACHE_SIZE", "0", "ttl", {"secretsmanager": 0, "ssm": 0, "s3": 300}),
        (PREFIX + "CACHE_SIZE", "0", "cache_items", 1000),
        ("SECRETS_MANAGER_TTL", "60", "ttl", {"secretsmanager": 60, "ssm": 300, "s3": 300}),
        ("SECRETS_MANAGER_TTL", "0", "ttl", {"secretsmanager": 0, "ssm": 300, "s3": 300}),
        ("SECRETS_MANAGER_TTL", "300", "ttl", DEFAULTS["ttl"]),
        ("SSM_PARAMETER_STORE_TTL", "60", "ttl", {"secretsmanager": 300, "ssm": 60, "s3": 300}),
        ("SECRETS_MANAGER_TIMEOUT_MILLIS", "1500", "fetch_timeout", {"secretsmanager": 1.5, "ssm": 5, "s3": 5}),
        ("SECRETS_MANAGER_TIMEOUT_MILLIS", "0", "fetch_timeout", {"secretsmanager": None, "ssm": 5, "s3": 5}),
        ("SSM_PARAMETER_STORE_TIMEOUT_MILLIS", "1", "fetch_timeout", {"secretsmanager": 5, "ssm": 0.001, "s3": 5}),
        ("PREHEAT_CLIENT_CACHE", "whatever", "warnings", ()),
    ],
)
def test_each_variable_sets_its_field_and_no_other(variable, text, field, value):
    result = Settings.from_environ({variable: text})

    changed = {name: getattr(result, name) for name in Settings.__slots__ if getattr(result, name) != DEFAULTS[name]}
    assert getattr(result, field) == value
    assert set(changed) <= {field} | ({"ttl"} if variable == PREFIX + "CACHE_SIZE" else set())


# Init timeout by initialization type


@pytest.mark.parametrize("kind", ["", "on-demand"])
def test_on_demand_init_can_be_held_9_seconds(kind):
    assert quiet(AWS_LAMBDA_INITIALIZATION_TYPE=kind, PREHEAT_INIT_TIMEOUT="9s").init_timeout == 9
    text = refusal(AWS_LAMBDA_INITIALIZATION_TYPE=kind, PREHEAT_INIT_TIMEOUT="9001ms")
    assert text.startswith("PREHEAT_INIT_TIMEOUT must be a duration from 0 to 9s ")


@pytest.mark.parametrize("kind", ["provisioned-concurrency", "snap-start", "lambda-managed-instances"])
def test_any_other_init_can_be_held_2_minutes(kind):
    assert quiet(AWS_LAMBDA_INITIALIZATION_TYPE=kind, PREHEAT_INIT_TIMEOUT="120").init_timeout == 120
    text = refusal(AWS_LAMBDA_INITIALIZATION_TYPE=kind, PREHEAT_INIT_TIMEOUT="120001ms")
    assert text.startswith("PREHEAT_INIT_TIMEOUT must be a duration from 0 to 120s ")


# Memory


@pytest.mark.parametrize(("size", "expected"), [("128", 32), ("1769", 442.25), ("10240", 2560)])
def test_the_cache_takes_a_quarter_of_the_functions_memory(size, expected):
    assert quiet(AWS_LAMBDA_FUNCTION_MEMORY_SIZE=size).cache_memory == expected * MB
    assert quiet(AWS_LAMBDA_FUNCTION_MEMORY_SIZE=size, PREHEAT_CACHE_MEMORY="1MB").cache_memory == MB


# Precedence: PREHEAT_ > AWS's > default


@pytest.mark.parametrize(
    ("own", "awss", "field", "value"),
    [
        (("PREHEAT_TTL", "60"), ("SECRETS_MANAGER_TTL", "5"), "ttl", {"secretsmanager": 60, "ssm": 60, "s3": 60}),
        (("PREHEAT_TTL", "1h"), (PREFIX + "CACHE_ENABLED", "false"), "ttl", dict.fromkeys(DEFAULTS["ttl"], 3600)),
        (("PREHEAT_TTL", "0"), ("SSM_PARAMETER_STORE_TTL", "5"), "ttl", dict.fromkeys(DEFAULTS["ttl"], 0)),
        (("PREHEAT_CACHE_ITEMS", "9"), (PREFIX + "CACHE_SIZE", "5"), "cache_items", 9),
        (("PREHEAT_PORT", "4000"), (PREFIX + "HTTP_PORT", "5000"), "port", 4000),
        (("PREHEAT_LOG_LEVEL", "warn"), (PREFIX + "LOG_LEVEL", "debug"), "log_level", "WARN"),
        (
            ("PREHEAT_FETCH_TIMEOUT", "2s"),
            ("SECRETS_MANAGER_TIMEOUT_MILLIS", "0"),
            "fetch_timeout",
            {"secretsmanager": 2, "ssm": 2, "s3": 2},
        ),
    ],
)
def test_preheats_own_name_wins_over_awss(own, awss, field, value):
    assert getattr(quiet(**dict([own, awss])), field) == value


def test_an_empty_own_name_leaves_awss_in_force():
    result = quiet(
        PREHEAT_TTL="", SECRETS_MANAGER_TTL="5", PREHEAT_PORT=" ", PARAMETERS_SECRETS_EXTENSION_HTTP_PORT="80"
    )

    assert (result.ttl["secretsmanager"], result.port) == (5, 80)


def test_the_cache_switched_off_wins_over_the_ttl_beside_it():
    result = quiet(SECRETS_MANAGER_TTL="60", PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED="FALSE")

    assert result.ttl == {"secretsmanager": 0, "ssm": 0, "s3": 300}


@pytest.mark.parametrize("text", ["301", "3600", "9" * 100])
@pytest.mark.parametrize(
    ("name", "service"), [("SECRETS_MANAGER_TTL", "secretsmanager"), ("SSM_PARAMETER_STORE_TTL", "ssm")]
)
def test_a_ttl_under_awss_name_is_clamped_with_a_warning(name, service, text):
    result = Settings.from_environ({name: text})

    assert result.ttl[service] == 300
    assert result.warnings == (
        f"{name} is clamped to 300 seconds, the limit of AWS's extension; PREHEAT_TTL goes up to 7d",
    )


@pytest.mark.parametrize("name", [name for name, (kind, _) in names.AWS.items() if kind != "text"])
def test_a_wrong_value_under_awss_name_only_warns_and_the_default_holds(name):
    result = Settings.from_environ({name: "no good"})

    assert {field: getattr(result, field) for field in DEFAULTS if field != "warnings"} == {
        field: value for field, value in DEFAULTS.items() if field != "warnings"
    }
    assert len(result.warnings) == 1
    assert result.warnings[0].startswith(name + " must be ")


def test_a_wrong_value_leaves_the_next_name_in_force():
    result = settings(
        AWS_REGION="Europe",
        AWS_DEFAULT_REGION="eu-west-1",
        AWS_ENDPOINT_URL_SSM="nowhere",
        AWS_ENDPOINT_URL="http://localhost:1",
    )

    assert result.region == "eu-west-1"
    assert result.endpoint_urls["ssm"] == "http://localhost:1"
    assert len(result.warnings) == 2


def test_of_two_regions_the_one_that_lambda_sets_counts():
    assert quiet(AWS_REGION="eu-west-1", AWS_DEFAULT_REGION="eu-west-2").region == "eu-west-1"


def test_an_endpoint_for_a_service_wins_over_the_one_for_all():
    result = quiet(
        AWS_ENDPOINT_URL="http://all",
        AWS_ENDPOINT_URL_SECRETS_MANAGER="http://secrets",
        AWS_ENDPOINT_URL_S3="http://s3",
        AWS_ENDPOINT_URL_STS="http://sts",
    )

    assert result.endpoint_urls == {
        "secretsmanager": "http://secrets",
        "ssm": "http://all",
        "s3": "http://s3",
        "sts": "http://sts",
    }


def test_lower_case_proxy_variables_win_as_in_boto3():
    result = quiet(HTTPS_PROXY="http://upper", https_proxy="http://lower", NO_PROXY="upper", no_proxy="lower")

    assert (result.https_proxy, result.no_proxy) == ("http://lower", "lower")


# Lists


def test_the_lists_are_entries_of_their_stores_in_order():
    result = quiet(
        PREHEAT_S3="s3://bucket/key?table=t", PREHEAT_PARAMETERS="/app/*", PREHEAT_SECRETS="prod/db?ttl=60&as=db, x"
    )

    assert [entry.resource for entry in result.entries] == [
        secret_resource("prod/db"),
        secret_resource("x"),
        parameter_path("/app/"),
        s3_resource("bucket", "key"),
    ]
    assert [entry.source for entry in result.entries] == [
        "PREHEAT_SECRETS",
        "PREHEAT_SECRETS",
        "PREHEAT_PARAMETERS",
        "PREHEAT_S3",
    ]
    assert (result.entries[0].ttl, result.entries[0].alias, result.entries[1].ttl) == (60, "db", None)


@pytest.mark.parametrize(
    ("environ", "ttl"),
    [
        ({}, 300),
        ({"PREHEAT_TTL": "2h"}, 3600),
        ({"SECRETS_MANAGER_TTL": "5"}, 5),
        ({"SECRETS_MANAGER_TTL": "5", "PREHEAT_TTL": "10"}, 10),
    ],
)
def test_the_same_resource_with_and_without_a_ttl_has_the_smaller_of_its_own_and_the_settings(environ, ttl):
    (entry,) = Settings.from_environ({"PREHEAT_SECRETS": "a?ttl=1h,a", **environ}).entries

    assert entry.ttl == ttl


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PREHEAT_SECRETS", "a,b?tll=5", 'PREHEAT_SECRETS entry 2 "b?tll=5": has an unknown option; '),
        ("PREHEAT_PARAMETERS", "a b", 'PREHEAT_PARAMETERS entry 1 "a b": must be the name or the ARN of a parameter'),
        ("PREHEAT_S3", "bucket/key", 'PREHEAT_S3 entry 1 "bucket/key": must be s3://BUCKET/KEY'),
        ("PREHEAT_SECRETS", "a?as=x,b?as=x", 'PREHEAT_SECRETS must use an alias once only, got "x"'),
    ],
)
def test_a_malformed_list_is_an_invalid_setting(variable, text, expected):
    assert refusal(**{variable: text}).startswith(expected)


# Errors


@pytest.mark.parametrize("name", [name for name, (kind, _) in names.PREHEAT.items() if kind != "text"])
def test_a_wrong_value_of_preheats_own_stops_with_name_value_and_what_is_allowed(name):
    with pytest.raises(InvalidSetting) as caught:
        Settings.from_environ({name: "no\ngood"})

    assert caught.value.name == name
    assert caught.value.error_type == "Preheat.InvalidSetting"
    assert str(caught.value).startswith(name + " must be ")
    assert str(caught.value).endswith(r', got "no\ngood"')


def test_the_tables_name_every_setting_of_the_contract():
    contract = """SECRETS PARAMETERS S3 CONFIG TTL STALE_IF_ERROR STALE_WHILE_REVALIDATE INIT_TIMEOUT FETCH_TIMEOUT PORT
        CACHE_ITEMS CACHE_MEMORY ALLOW SECRETS_BATCH SNAPSTART COMPAT TOKEN LOG_LEVEL ENABLED CLIENT_CACHE"""

    assert sorted(names.KNOWN) == sorted(f"PREHEAT_{name}" for name in contract.split())


def test_an_empty_configuration_is_none():
    assert quiet(PREHEAT_CONFIG=" ").enabled


def test_no_error_or_warning_repeats_the_token():
    environ = {"PREHEAT_TOKEN": "hunter2", "PREHEAT_TOKENS": "hunter2", "HTTPS_PROXY": "x://a:hunter2@b"}

    result = Settings.from_environ(environ)
    assert result.token == "hunter2"
    assert len(result.warnings) == 2
    assert "hunter2" not in repr(result) + "".join(result.warnings)
    assert "hunter2" not in refusal(**environ, PREHEAT_TTL="x")


def test_the_repr_shows_no_proxy_no_endpoint_and_no_token():
    result = quiet(
        PREHEAT_TOKEN="hunter2", HTTPS_PROXY="http://u:hunter2@proxy:1", AWS_ENDPOINT_URL="http://u:hunter2@host"
    )

    assert repr(result) == "<Settings 0 entries, port 2773>"


# The kill switch


@pytest.mark.parametrize("text", ["false", "FALSE", "0", "no", "off"])
def test_the_kill_switch_wins_over_everything_that_is_wrong_in_the_rest(text):
    result = Settings.from_environ(
        {
            "PREHEAT_ENABLED": text,
            "PREHEAT_TTL": "x",
            "PREHEAT_SECRETS": "a b",
            "PREHEAT_CONFIG": "{}",
            "PREHEAT_X": "1",
        }
    )

    assert result.enabled is False
    assert {name: getattr(result, name) for name in DEFAULTS if name != "enabled"} == {
        name: value for name, value in DEFAULTS.items() if name != "enabled"
    }


def test_a_kill_switch_that_is_not_understood_is_an_invalid_setting():
    assert refusal(PREHEAT_ENABLED="maybe") == 'PREHEAT_ENABLED must be true or false, got "maybe"'


# Frozen


@pytest.mark.parametrize("name", [*DEFAULTS, "anything"])
def test_settings_do_not_change(name):
    result = quiet()

    with pytest.raises(AttributeError, match="do not change"):
        setattr(result, name, 1)
    with pytest.raises(AttributeError, match="do not change"):
        delattr(result, name)


@pytest.mark.parametrize("name", ["ttl", "fetch_timeout", "endpoint_urls"])
@pytest.mark.parametrize("result", [Settings(), Settings.from_environ({"PREHEAT_TTL": "5"})], ids=["defaults", "read"])
def test_what_is_by_service_does_not_change_either(result, name):
    with pytest.raises(TypeError):
        getattr(result, name)["s3"] = 1


def test_settings_can_be_made_by_hand():
    assert (Settings(port=4000).port, Settings(port=4000).cache_items) == (4000, 1000)
    with pytest.raises(AttributeError):
        Settings(prot=4000)


# Arbitrary environments


def test_arbitrary_environments_raise_nothing_but_invalid_settings():
    source = random.Random(20240615)
    variables = [*names.KNOWN, *names.AWS, "PREHEAT_X", "AWS_LAMBDA_INITIALIZATION_TYPE"]
    texts = [
        "0",
        "5",
        "1h",
        "100ms",
        "64MB",
        "true",
        "x",
        "s3://bucket/key",
        "/app/*",
        "any",
        "\x00",
        "ä\udcff",
        "{",
        "",
    ]
    read = 0
    said: list[str] = []
    for _ in range(3000):
        environ = {
            name: source.choice(texts) + source.randbytes(source.randrange(3)).decode("utf-8", "surrogateescape")
            for name in source.choices(variables, k=source.randrange(1, 4))
        }
        try:
            result = Settings.from_environ(environ)
        except InvalidSetting as error:
            said.append(str(error))
        else:
            said += result.warnings
            read += 1
    assert 300 < read < 2700
    assert all(text.isprintable() for text in said)
