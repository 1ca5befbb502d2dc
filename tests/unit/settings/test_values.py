"""How one setting is read: where its text comes from, and what is said of a wrong one."""

import pytest

from extension.errors import InvalidSetting
from extension.settings import names
from extension.settings.values import Values


def own(name, text, **options):
    return Values({name: text}).own(name, **options)


def problem(name, text, **options):
    with pytest.raises(InvalidSetting) as caught:
        own(name, text, **options)
    assert caught.value.name == name
    assert str(caught.value).startswith(name + " must ")
    return str(caught.value)


def aws(name, text):
    values = Values({name: text})
    return values.aws(name), values.warnings


# Where the text comes from


@pytest.mark.parametrize("text", ["", " ", "\t\r\n"])
@pytest.mark.parametrize("name", names.PREHEAT)
def test_an_empty_variable_is_an_unset_one(name, text):
    assert own(name, text) is None


@pytest.mark.parametrize("name", names.AWS)
def test_an_empty_variable_of_awss_is_an_unset_one_too(name):
    assert aws(name, " ") == (None, [])


def test_blanks_around_a_value_are_dropped():
    assert own("PREHEAT_TTL", " 5m\n") == 300
    assert own("PREHEAT_ENABLED", "\tFALSE\r\n") is False


def test_a_variable_wins_over_the_file_and_an_empty_one_does_not():
    file = {"PREHEAT_TTL": ("ttl in /var/task/preheat.json", "60s")}

    assert Values({"PREHEAT_TTL": "5"}, file).own("PREHEAT_TTL") == 5
    assert Values({"PREHEAT_TTL": ""}, file).own("PREHEAT_TTL") == 60
    assert Values({}, file).own("PREHEAT_TTL") == 60
    assert Values({}, file).own("PREHEAT_STALE_IF_ERROR") is None


def test_the_error_of_a_value_in_the_file_says_that_it_is_there():
    values = Values({}, {"PREHEAT_TTL": ("ttl in /var/task/preheat.json", "8d")})

    with pytest.raises(InvalidSetting, match=r'^ttl in /var/task/preheat.json must be .* from 0 to 7d .*, got "8d"$'):
        values.own("PREHEAT_TTL")


# Preheat's own


@pytest.mark.parametrize("name", ["PREHEAT_TTL", "PREHEAT_STALE_IF_ERROR", "PREHEAT_STALE_WHILE_REVALIDATE"])
def test_windows_go_from_0_to_7_days(name):
    assert (own(name, "0"), own(name, "604800s"), own(name, "7d")) == (0, 604800, 604800)
    for text in ("-1s", "604801s", "8d", "soon"):
        assert problem(name, text).endswith(
            f' must be a duration from 0 to 7d (a number, then ms, s, m, h or d), got "{text}"'
        )


def test_a_fetch_takes_100_milliseconds_to_a_minute():
    assert (own("PREHEAT_FETCH_TIMEOUT", "100ms"), own("PREHEAT_FETCH_TIMEOUT", "1m")) == (0.1, 60)
    for text in ("99ms", "0", "60001ms"):
        assert "from 100ms to 60s" in problem("PREHEAT_FETCH_TIMEOUT", text)


def test_init_is_held_0_to_120_seconds_or_what_it_is_limited_to():
    assert (own("PREHEAT_INIT_TIMEOUT", "0"), own("PREHEAT_INIT_TIMEOUT", "2m")) == (0, 120)
    assert "from 0 to 120s" in problem("PREHEAT_INIT_TIMEOUT", "120.001")
    assert own("PREHEAT_INIT_TIMEOUT", "9s", limits=("0", "9s")) == 9
    assert "from 0 to 9s" in problem("PREHEAT_INIT_TIMEOUT", "9001ms", limits=("0", "9s"))


@pytest.mark.parametrize("text", ["1024", "2773", "9000", "9002", "65535"])
def test_a_port_is_unprivileged(text):
    assert own("PREHEAT_PORT", text) == int(text)


@pytest.mark.parametrize("text", ["0", "1", "80", "1023", "65536", "9001", "http", "-1", "2773.0", "0002773", "٢٧٧٣"])
def test_no_other_port_is_taken_nor_that_of_the_runtime_api(text):
    assert "must be a port from 1024 to 65535 other than 9001, got " in problem("PREHEAT_PORT", text)


def test_items_go_from_1_to_100000():
    assert (own("PREHEAT_CACHE_ITEMS", "1"), own("PREHEAT_CACHE_ITEMS", "100000")) == (1, 100000)
    for text in ("0", "100001", "1k", "1e3"):
        assert "must be a whole number from 1 to 100000" in problem("PREHEAT_CACHE_ITEMS", text)


def test_memory_is_at_least_a_megabyte():
    assert (own("PREHEAT_CACHE_MEMORY", "1MB"), own("PREHEAT_CACHE_MEMORY", "512mb")) == (2**20, 2**29)
    for text in ("1023KB", "0MB", "64", "much"):
        assert "must be a size of at least 1MB (a number, then KB, MB or GB)" in problem("PREHEAT_CACHE_MEMORY", text)


@pytest.mark.parametrize(
    ("name", "choices", "allowed"),
    [
        ("PREHEAT_ALLOW", ("any", "listed"), "any or listed"),
        ("PREHEAT_SECRETS_BATCH", ("auto", "always", "never"), "auto, always or never"),
        ("PREHEAT_SNAPSTART", ("defer", "include"), "defer or include"),
        ("PREHEAT_COMPAT", ("extension", "agent"), "extension or agent"),
    ],
)
def test_a_choice_is_one_of_its_words(name, choices, allowed):
    assert tuple(own(name, text) for text in choices) == choices
    for text in ("ANY", "Listed", "none", "true", "\x00"):
        assert f" must be {allowed}, got " in problem(name, text)


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARN", "ERROR", "NONE"])
def test_a_log_level_is_in_any_case(level):
    assert {own("PREHEAT_LOG_LEVEL", text) for text in (level, level.lower(), level.title())} == {level}


@pytest.mark.parametrize("text", ["WARNING", "TRACE", "0", "\u0131nfo", "OFF"])
def test_there_is_no_other_log_level(text):
    assert " must be DEBUG, INFO, WARN, ERROR or NONE, got " in problem("PREHEAT_LOG_LEVEL", text)


def test_a_boolean_is_in_any_case():
    assert (own("PREHEAT_ENABLED", "True"), own("PREHEAT_ENABLED", "FALSE")) == (True, False)
    assert " must be true or false, got " in problem("PREHEAT_ENABLED", "maybe")


@pytest.mark.parametrize("text", ["x", "two words", "東京", "\udcff", "true", "{}", "a" * 4096])
def test_a_token_may_be_anything(text):
    assert own("PREHEAT_TOKEN", text) == text


@pytest.mark.parametrize("text", ["\x00\x1b[31m", 'say "hi"\n', "\udcff", "\u202e", "x" * 100_000])
def test_what_a_setting_held_is_escaped_and_cut(text):
    for name, (kind, _) in names.PREHEAT.items():
        if kind != "text":
            assert problem(name, text).isprintable()
            assert len(problem(name, text)) < 250


# AWS's names


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("SECRETS_MANAGER_TTL", "0", 0),
        ("SECRETS_MANAGER_TTL", "300", 300),
        ("SSM_PARAMETER_STORE_TTL", "100000", 100000),
        ("SECRETS_MANAGER_TIMEOUT_MILLIS", "0", 0),
        ("SSM_PARAMETER_STORE_TIMEOUT_MILLIS", "2500", 2500),
        ("PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED", "TRUE", True),
        ("PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED", "false", False),
        ("PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE", "0", 0),
        ("PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE", "1000", 1000),
        ("PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS", "1", 1),
        ("PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS", "5000", 5000),
        ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "1", 1),
        ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "65535", 65535),
        ("PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL", "debug", "DEBUG"),
        ("AWS_REGION", "us-gov-west-1", "us-gov-west-1"),
        ("AWS_DEFAULT_REGION", "eusc-de-east-1", "eusc-de-east-1"),
        ("AWS_ENDPOINT_URL", "http://localhost:4566", "http://localhost:4566"),
        ("AWS_ENDPOINT_URL_S3", "HTTPS://[::1]:9000/base", "HTTPS://[::1]:9000/base"),
        ("AWS_USE_FIPS_ENDPOINT", "True", True),
        ("AWS_USE_DUALSTACK_ENDPOINT", "false", False),
        ("AWS_CA_BUNDLE", "/var/task/my ca.pem", "/var/task/my ca.pem"),
        ("HTTPS_PROXY", "http://user:secret@proxy:3128", "http://user:secret@proxy:3128"),
        ("https_proxy", "proxy:3128", "proxy:3128"),
        ("NO_PROXY", "localhost,.internal", "localhost,.internal"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128", 128),
    ],
)
def test_awss_variables_are_read(name, text, value):
    assert aws(name, text) == (value, [])


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("SECRETS_MANAGER_TTL", "300s", "a whole number of at least 0"),
        ("SECRETS_MANAGER_TTL", "-1", "a whole number of at least 0"),
        ("SSM_PARAMETER_STORE_TTL", "5m", "a whole number of at least 0"),
        ("SECRETS_MANAGER_TIMEOUT_MILLIS", "1.5", "a whole number of at least 0"),
        ("SSM_PARAMETER_STORE_TIMEOUT_MILLIS", "-1", "a whole number of at least 0"),
        ("PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED", "maybe", "true or false"),
        ("PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE", "1001", "a whole number from 0 to 1000"),
        ("PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE", "-1", "a whole number from 0 to 1000"),
        ("PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS", "0", "a whole number of at least 1"),
        ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "0", "a port from 1 to 65535 other than 9001"),
        ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "65536", "a port from 1 to 65535 other than 9001"),
        ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "9001", "a port from 1 to 65535 other than 9001"),
        ("PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL", "trace", "DEBUG, INFO, WARN, ERROR or NONE"),
        ("AWS_REGION", "Europe", "a region: lower-case letters, digits and hyphens"),
        ("AWS_REGION", "evil.example/x", "a region: lower-case letters, digits and hyphens"),
        ("AWS_ENDPOINT_URL", "localhost:4566", "http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]"),
        ("AWS_ENDPOINT_URL_SSM", "ftp://host", "http://HOST"),
        ("AWS_ENDPOINT_URL_S3", "https://", "http://HOST"),
        ("AWS_ENDPOINT_URL_STS", "https:///path", "http://HOST"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://a b", "http://HOST"),
        ("AWS_ENDPOINT_URL", "https://a\r\nx: y", "http://HOST"),
        ("AWS_ENDPOINT_URL", "https://höst", "http://HOST"),
        ("AWS_USE_FIPS_ENDPOINT", "1", "true or false"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "yes", "true or false"),
        ("HTTPS_PROXY", "socks5://proxy:1080", "http://HOST:PORT, https://HOST:PORT or HOST:PORT"),
        ("HTTPS_PROXY", "http://", "http://HOST:PORT"),
        ("https_proxy", "proxy 3128", "http://HOST:PORT"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "lots", "a whole number of at least 1"),
    ],
)
def test_a_wrong_one_is_unset_and_leaves_one_warning(name, text, allowed):
    value, (warning,) = aws(name, text)

    assert value is None or (name.startswith("AWS_USE") and value is False)
    assert warning.startswith(f"{name} must be {allowed}")
    assert warning.endswith('"; it is ignored')
    assert warning.isprintable()


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_a_warning_never_repeats_the_user_of_a_proxy(name):
    _, (warning,) = aws(name, "socks5://user:hunter2@proxy:1080")

    assert "hunter2" not in warning
    assert "user" not in warning
    assert "***@proxy:1080" in warning


# Misspelt names


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("PREHEAT_SECRET", "PREHEAT_SECRETS"),
        ("PREHEAT_PARAMS", "PREHEAT_PARAMETERS"),
        ("PREHEAT_TLL", "PREHEAT_TTL"),
        ("PREHEAT_STALE_IF_ERRORS", "PREHEAT_STALE_IF_ERROR"),
        ("PREHEAT_INIT_TIMEOUTS", "PREHEAT_INIT_TIMEOUT"),
        ("PREHEAT_CACHE_ITEM", "PREHEAT_CACHE_ITEMS"),
        ("PREHEAT_LOGLEVEL", "PREHEAT_LOG_LEVEL"),
        ("PREHEAT_ENABLE", "PREHEAT_ENABLED"),
        ("PREHEAT_ttl", "PREHEAT_TTL"),
        ("PREHEAT_S4", "PREHEAT_S3"),
        ("PARAMETERS_AND_SECRETS_EXTENSION_CACHE_SIZE", "PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE"),
        ("PARAMETERS_AND_SECRETS_EXTENSION_LOG_LEVEL", "PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL"),
        ("PARAMETERS_AND_SECRETS_EXTENSION_PORT", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"),
    ],
)
def test_a_misspelt_variable_warns_with_the_right_name(variable, meant):
    values = Values({variable: "x"})
    values.warn_of_misspelt()

    assert values.warnings == [f'"{variable}" is no setting and is ignored; the nearest one is {meant}']


@pytest.mark.parametrize("variable", [*names.KNOWN, *names.AWS, "PREHEAT", "PATH", "MY_PREHEAT_TTL"])
def test_a_known_variable_and_one_that_is_not_ours_warn_of_nothing(variable):
    values = Values({variable: "x"})
    values.warn_of_misspelt()

    assert values.warnings == []


@pytest.mark.parametrize("variable", ["PREHEAT_TLL", "PARAMETERS_AND_SECRETS_EXTENSION_LOG_LEVEL"])
def test_a_misspelt_variable_that_is_empty_is_unset(variable):
    values = Values({variable: " "})
    values.warn_of_misspelt()

    assert values.warnings == []


@pytest.mark.parametrize("variable", ["PREHEAT_" + "X" * 100_000, "PREHEAT_\x00\n", "PREHEAT_\udcff", "PREHEAT_"])
def test_a_hostile_name_is_warned_of_too(variable):
    values = Values({variable: "hunter2"})
    values.warn_of_misspelt()
    (warning,) = values.warnings

    assert warning.isprintable()
    assert len(warning) < 250
    assert "hunter2" not in warning


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("KITTEN", ("SITTING", "MITTEN", "X"), "MITTEN"),
        ("kitten", ("SITTING", "MITTEN", "X"), "MITTEN"),
        ("PARAMS", ("PORT", "PARAMETERS"), "PARAMETERS"),
        ("", ("LONG", "S"), "S"),
        ("ABC", ("XYZ", "ABC"), "ABC"),
    ],
)
def test_the_nearest_name_has_the_fewest_edits(name, known, expected):
    assert names.nearest(name, known) == expected


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [("kitten", "sitting", 5), ("", "abc", 3), ("abc", "", 3), ("a", "a", 0), ("ab", "ba", 2)],
)
def test_edits_are_counted(one, other, edits):
    assert names._distance(one, other) == edits
