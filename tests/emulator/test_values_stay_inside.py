"""Values come out of nothing but a read: not of an error, /stats, /health, the log at its most talkative, or a file."""

from __future__ import annotations

import os

from tests.emulator.conftest import values_in

REFUSED = {
    "/secrets/prod/none": 404,
    "/secrets/prod/json?field=none": 404,
    "/secrets/prod/db-0?field=user": 404,
    "/secrets/prod/db-0?unknown=1": 400,
    "/secrets/prod/db-0?stage=AWSPENDING": 404,
    "/parameters/app/prod/none": 404,
    "/parameters/app/prod/flag-0?version=99": 404,
    "/s3/preheat-lookup-data/none.csv": 404,
    "/secretsmanager/get?secretId=none": 400,
    "/secretsmanager/get": 400,
    "/systemsmanager/parameters/get?name=none": 400,
    "/nothing": 404,
    "/%zz": 404,
}


def assert_holds_no_value(response, resources):
    told = response.body + repr(response.headers).encode()
    assert [] == [canary for canary in resources.canaries if canary in told]


def test_no_value_is_anywhere_but_in_the_answer_to_a_read(start, aws, resources):
    """That the log and all files of the environment are free of values, ``start`` looks after, here and everywhere."""
    with start(aws.environ | resources.lists | {"PREHEAT_LOG_LEVEL": "debug"}) as environment:
        environment.invoke({"reads": [*resources.reads, *REFUSED]})
        for path, status in REFUSED.items():
            response = environment.get(path)
            assert (path, status) == (path, response.status)
            assert_holds_no_value(response, resources)
        for wrong in ({"X_Aws_Parameters_Secrets_Token": "wrong"}, {"X_Forwarded_For": "::1"}, {"Host": "example.org"}):
            response = environment.get("/secrets/prod/db-0", **wrong)
            assert response.status in (400, 401)
            assert_holds_no_value(response, resources)

        # What was there and is no longer to be had: refused now, deleted, or AWS is down.
        aws.control("POST", "/do", {"method": "deny", "positional": ["secretsmanager:GetSecretValue", "*db-1*"]})
        aws.control("POST", "/do", {"method": "delete_parameter", "positional": ["plain-name"]})
        for path, status in {
            "/secrets/prod/db-1?refresh=true": 403,
            "/parameters/plain-name?refresh=true": 404,
        }.items():
            response = environment.get(path)
            assert status == response.status
            assert_holds_no_value(response, resources)
        for path in ("/stats", "/health", "/ping"):
            response = environment.get(path)
            assert response.status == 200
            assert_holds_no_value(response, resources)


def test_what_looks_for_values_finds_them(start, aws, resources):
    """The search that all tests here end with, on a log and a file that do hold values."""
    environment = start(aws.environ)
    for number, canary in enumerate(resources.canaries):
        (environment.tmp / "written").write_bytes(b"before " + canary + b" after")
        assert (number, ["written"]) == (number, values_in(environment, resources))
    os.unlink(environment.tmp / "written")
    with environment:
        environment.invoke()
