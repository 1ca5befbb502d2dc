"""Which host answers for a service under these settings, and calls in the AWS JSON protocol."""

import json

import pytest

from extension.aws.directory import Directory
from extension.errors import SourceError
from extension.settings import Settings

ROLE = "arn:aws:iam::123456789012:role/reader"


def directory(**settings):
    return Directory(Settings(**{"region": "eu-west-1", **settings}))


@pytest.mark.parametrize(
    ("settings", "service", "region", "host"),
    [
        ({}, "ssm", "eu-west-1", "ssm.eu-west-1.amazonaws.com"),
        ({}, "secretsmanager", "cn-north-1", "secretsmanager.cn-north-1.amazonaws.com.cn"),
        ({"fips": True}, "ssm", "us-east-1", "ssm-fips.us-east-1.amazonaws.com"),
        ({"dualstack": True}, "ssm", "us-east-1", "ssm.us-east-1.api.aws"),
        ({"endpoint_urls": {"ssm": "http://localhost:4566"}}, "ssm", "us-east-1", "localhost"),
        ({"endpoint_urls": {"ssm": "http://localhost:4566"}}, "sts", "us-east-1", "sts.us-east-1.amazonaws.com"),
    ],
)
def test_the_settings_decide_the_host(settings, service, region, host):
    assert host == directory(**settings).endpoint(service, region).host


def test_an_endpoint_is_resolved_once():
    found = directory()

    assert found.endpoint("ssm", "eu-west-1") is found.endpoint("ssm", "eu-west-1")
    assert found.endpoint("ssm", "eu-west-1") is not found.endpoint("ssm", "eu-west-2")


@pytest.mark.parametrize(
    ("settings", "region", "code"),
    [
        ({}, "", "NoRegion"),
        ({}, "evil.example.com/", "InvalidEndpoint"),
        ({"endpoint_urls": {"ssm": "ftp://user:hunter2@host"}}, "eu-west-1", "InvalidEndpoint"),
    ],
)
def test_where_there_can_be_no_host_the_error_is_the_askers_and_shows_no_password(settings, region, code):
    with pytest.raises(SourceError) as caught:
        directory(**settings).endpoint("ssm", region)

    assert (400, code, False) == (caught.value.status, caught.value.code, caught.value.transient)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("region", "called"), [("", "eu-west-1"), ("us-east-1", "us-east-1")])
def test_a_call_in_the_json_protocol(region, called):
    call = directory().json_call("ssm", "AmazonSSM.GetParameter", {"Name": "/ä"}, region, ROLE)

    assert ("POST", "/", "", called, ROLE, "ssm") == (
        call.method,
        call.path,
        call.query,
        call.region,
        call.role,
        call.service,
    )
    assert f"ssm.{called}.amazonaws.com" == call.host == call.host_header
    assert {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.GetParameter"} == dict(
        call.headers
    )
    assert {"Name": "/ä"} == json.loads(call.body)


def test_a_custom_endpoint_has_its_port_in_the_host_header_and_its_path_in_front():
    settings = {"endpoint_urls": {"ssm": "http://localhost:4566/base"}}
    call = directory(**settings).json_call("ssm", "AmazonSSM.GetParameter", {}, "", "")

    assert ("localhost", "localhost:4566", "/base") == (call.host, call.host_header, call.path)
