"""The stand-in's own Signature Version 4: right by AWS's vectors, and of one mind with botocore."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.fakes.aws import FakeAws
from tests.fakes.aws.signatures import Claim, canonical_request, expected_signature
from tests.fakes.http_message import Request

VECTORS = Path(__file__).parents[2] / "data" / "aws4_testsuite"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def read_vector(path: Path) -> Request:
    """A request of AWS's suite with its signature, as a server reads it: lines that go on are joined to the one before.

    The signature is taken from the .authz file: one of the signed requests (.sreq) carries that of another.
    """
    head, _, body = path.read_text().partition("\n\n")
    request_line, *lines = head.split("\n")
    method, target = request_line.removesuffix(" HTTP/1.1").split(" ", 1)
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith(" "):
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}")
        else:
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
    headers = [pair for pair in headers if pair[0] != "Authorization"]
    headers.append(("Authorization", path.with_suffix(".authz").read_text()))
    return Request(method, target, headers, body.encode())


@pytest.mark.parametrize("path", sorted(VECTORS.rglob("*.sreq")), ids=lambda path: path.stem)
def test_awss_vectors(path) -> None:
    request = read_vector(path)
    claim = Claim(request)
    canonical = path.with_suffix(".creq").read_text()
    payload_hash = canonical.rsplit("\n", 1)[1]
    assert canonical_request(claim, request, payload_hash) == canonical
    assert expected_signature(claim, request, SECRET, payload_hash) == claim.signature


def test_all_of_awss_vectors_are_there() -> None:
    assert len(list(VECTORS.rglob("*.sreq"))) > 25


def test_the_example_in_s3s_documentation() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "GET Object"."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    scope = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
    signed = "host;range;x-amz-content-sha256;x-amz-date"
    headers = [
        ("Host", "examplebucket.s3.amazonaws.com"),
        ("Range", "bytes=0-9"),
        ("x-amz-content-sha256", empty),
        ("x-amz-date", "20130524T000000Z"),
        ("Authorization", f"{scope},SignedHeaders={signed},Signature={signature}"),
    ]
    request = Request("GET", "/test.txt", headers, b"")
    assert expected_signature(Claim(request), request, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", empty) == signature


@pytest.fixture
def signed_for(aws: FakeAws, session):
    """signed_for("ssm", region, host): the answer to a request that botocore signed for a region, sent to a host."""

    def send(service: str, region: str, host: str):
        target = {"ssm": "AmazonSSM.GetParameter"}.get(service, "")
        request = AWSRequest(
            "POST" if target else "GET",
            f"https://{host}/" + ("" if target else "bucket/key"),
            headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target} if target else {},
            data=b'{"Name":"a"}' if target else b"",
        )
        keys = Credentials(aws.identity.access_key, aws.identity.secret_key, aws.identity.session_token)
        (S3SigV4Auth if service == "s3" else SigV4Auth)(keys, service, region).add_auth(request)
        context = ssl.create_default_context(cafile=aws.ca_bundle)
        connection = http.client.HTTPSConnection("127.0.0.1", aws.port, context=context, timeout=5)
        path = request.url.partition(host)[2]
        connection.request(request.method, path, request.data, {**dict(request.headers), "Host": host})
        body = connection.getresponse().read()
        connection.close()
        return body

    return send


def test_a_host_with_a_region_wants_that_region_in_the_scope(signed_for) -> None:
    answer = json.loads(signed_for("ssm", "us-east-1", "ssm.eu-west-1.amazonaws.com"))
    text = "Credential should be scoped to a valid region, not 'us-east-1'. "
    assert answer == {"__type": "InvalidSignatureException", "message": text}
    answer = signed_for("s3", "us-east-1", "s3.eu-west-1.amazonaws.com")
    assert b"<Code>AuthorizationHeaderMalformed</Code>" in answer
    assert b"<Region>eu-west-1</Region>" in answer


@pytest.mark.parametrize("host", ["ssm.eu-west-1.amazonaws.com", "ssm-fips.eu-west-1.amazonaws.com", "localhost"])
def test_a_host_with_the_scopes_region_or_none_is_fine(signed_for, host) -> None:
    assert json.loads(signed_for("ssm", "eu-west-1", host)) == {"__type": "ParameterNotFound"}


@pytest.mark.parametrize("key", ["plain", "a b", "a+b", "ü/ñ", "a%2Fb", "~._-!*'()", "x=y&z", "//", "../x", "a//b"])
def test_botocores_signature_of_any_key_is_accepted(aws, client, key) -> None:
    """Keys that need encoding are where canonical paths go wrong."""
    aws.put_object("bucket", key, b"here")
    assert client("s3").get_object(Bucket="bucket", Key=key)["Body"].read() == b"here"
