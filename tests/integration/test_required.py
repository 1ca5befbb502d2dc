"""required=true: INIT fails loudly where such an entry is not there."""

from __future__ import annotations

import time

import pytest

from tests.integration.world import LISTS, fill


def _absent_secret(aws):
    return {"secrets": ["app/secret-1", "app/absent?required=true"]}, "app/absent"


def _denied_in_a_batch(aws):
    aws.deny("*", "app/secret-3")
    return {"secrets": ["app/secret-1", "app/secret-3?required=true"], "secrets_batch": "always"}, "app/secret-3"


def _denied_parameter(aws):
    aws.deny("ssm:*", "/app/parameter-1")
    return {"parameters": ["/app/parameter-0", "/app/parameter-1?required=true"]}, "/app/parameter-1"


def _absent_object(aws):
    return {"s3": ["s3://lookup/rates.json", "s3://lookup/absent?required=true"]}, "s3://lookup/absent"


def _no_match(aws):
    return {"parameters": ["/none/*?required=true"]}, "/none/*"


def _too_large(aws):
    aws.put_object("lookup", "large", b"x" * 2_000_000)
    nowhere = {"TMPDIR": "/proc/none"}  # where no file can be
    return {"s3": ["s3://lookup/large?required=true"], "cache_memory": "1MB", "environ": nowhere}, "s3://lookup/large"


def _too_slow(aws):
    aws.faults.add("hang")
    return {"secrets": ["app/secret-1?required=true"], "init_timeout": "300ms"}, "app/secret-1"


@pytest.mark.parametrize(
    "prepare", [_absent_secret, _denied_in_a_batch, _denied_parameter, _absent_object, _no_match, _too_large, _too_slow]
)
def test_init_fails_and_names_what_is_missing(aws, api, launch, prepare):
    fill(aws)
    settings, spelling = prepare(aws)
    sidecar = launch(aws, **settings)
    error = api.wait_init_error()
    assert "Preheat.RequiredResourceUnavailable" == error.error_type
    assert error.error_type == error.document["errorType"]
    assert f'"{spelling}"' in error.document["errorMessage"]
    assert "app/secret-1" == spelling or "app/secret-1" not in error.document["errorMessage"]
    assert 1 == sidecar.wait_exit()
    (line,) = sidecar.events("init.required_unavailable")
    assert error.document["errorMessage"] == line["problem"]
    assert 0 == api.extension().next_calls


def test_what_is_required_and_there_does_no_harm(aws, ready):
    fill(aws)
    sidecar = ready(secrets=["app/secret-1?required=true"], parameters=["/app/*?required=true"], s3=LISTS["s3"])
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
    assert [] == [line for line in sidecar.log if "INFO" != line["level"]]


def test_what_is_not_required_never_fails_init(aws, ready):
    sidecar = ready(secrets=["absent?required=false", "absent-too"], parameters=["/absent"], s3=["s3://absent/key"])
    assert 4 == len(sidecar.events("fetch.failed"))
    assert 200 == sidecar.get("/health").status


def test_required_with_ttl_0_is_told_apart_from_a_failure(aws, api, launch):
    """It is never stored, so it cannot be required to be there; that this ends INIT must at least be said."""
    aws.put_secret("app/db", "x")
    started = time.monotonic()
    sidecar = launch(aws, secrets=["app/db?required=true&ttl=0"])
    error = api.wait_init_error()
    assert 5 > time.monotonic() - started
    assert "app/db" in error.document["errorMessage"]
    assert 1 == sidecar.wait_exit()
