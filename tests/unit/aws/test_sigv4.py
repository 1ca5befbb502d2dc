"""Signature Version 4 against AWS's published test suite and S3 examples."""

import datetime
import pathlib
import typing

import pytest

from extension import percent
from extension.aws import sigv4

SUITE = pathlib.Path(__file__).parents[2] / "data" / "aws4_testsuite"
CASES = sorted(path.parent.relative_to(SUITE).as_posix() for path in SUITE.rglob("*.req"))
SUITE_TIME = datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.timezone.utc).timestamp()

# In these the token is added after signing. We always sign it, as botocore does, so they are run without one: the
# signature is the same, only the complete request (.sreq) is not ours to send.
TOKEN_NOT_SIGNED = {"post-sts-token/post-sts-header-after"}


class Vector:
    """One case of the suite: the request, and what AWS says about it."""

    def __init__(self, case):
        folder = SUITE / case
        self._stem = folder / folder.name
        head, _, body = self.read("req").partition("\n\n")
        request_line, *lines = head.rstrip("\n").split("\n")
        self.body = body.encode()
        self.method, target = request_line.split(" ", 1)
        self.path, _, query = target.rsplit(" ", 1)[0].partition("?")
        # One case has a raw UTF-8 query, which a client escapes before it sends it.
        self.query = percent.encode(query, "&=%")
        self.headers: list[tuple[str, str]] = []
        for line in lines:
            if line.startswith(" "):  # folded: it belongs to the header before
                name, value = self.headers.pop()
                self.headers.append((name, value + "\n" + line))
            else:
                name, _, value = line.partition(":")
                self.headers.append((name, value))
        self.canonical = self.read("creq")
        self.string_to_sign = self.read("sts")
        self.authorization = self.read("authz")

    def read(self, suffix):
        return self._stem.with_suffix("." + suffix).read_text(encoding="utf-8")

    @property
    def token(self):
        """The suite names the token in the canonical request; not every request holds it."""
        found = [line for line in self.canonical.split("\n") if line.startswith("x-amz-security-token:")]
        return found[0].partition(":")[2] if found else None

    def sign(self):
        added = ("host", "x-amz-date", "x-amz-security-token")
        return sigv4.sign(
            method=self.method,
            host=dict(self.headers)["Host"],
            path=self.path,
            query=self.query,
            headers=[(name, value) for name, value in self.headers if name.lower() not in added],
            body=self.body,
            service="service",
            region="us-east-1",
            access_key="AKIDEXAMPLE",
            secret_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            session_token=self.token,
            timestamp=SUITE_TIME,
        )


def test_the_whole_suite_is_here():
    assert len(CASES) == 34
    assert set(CASES) >= TOKEN_NOT_SIGNED


@pytest.mark.parametrize("case", CASES)
def test_aws_published_case(case, monkeypatch):
    """Canonical request, string to sign and Authorization are as AWS published them."""
    vector = Vector(case)
    seen = []
    original = sigv4.string_to_sign

    def recorded(stamp, scope, canonical):
        seen.append((canonical, original(stamp, scope, canonical)))
        return seen[-1][1]

    monkeypatch.setattr(sigv4, "string_to_sign", recorded)
    signed = vector.sign()
    assert seen == [(vector.canonical, vector.string_to_sign)]
    assert signed[-1] == ("Authorization", vector.authorization)


def test_the_cases_with_an_unsigned_token_are_exactly_the_listed_ones():
    def sends_a_token_that_it_does_not_sign(case):
        vector = Vector(case)
        return "x-amz-security-token:" in vector.read("sreq").lower() and vector.token is None

    assert {case for case in CASES if sends_a_token_that_it_does_not_sign(case)} == TOKEN_NOT_SIGNED


@pytest.mark.parametrize(
    ("path", "query", "headers", "signature"),
    [
        (
            "/test.txt",
            "",
            [("Range", "bytes=0-9")],
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        ("/", "lifecycle", [], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("/", "max-keys=2&prefix=J", [], "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_aws_example_for_s3(path, query, headers, signature):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html: the examples without a body."""
    signed = sigv4.sign(
        method="GET",
        host="examplebucket.s3.amazonaws.com",
        path=path,
        query=query,
        headers=headers,
        body=b"",
        service="s3",
        region="us-east-1",
        access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        session_token=None,
        timestamp=datetime.datetime(2013, 5, 24, tzinfo=datetime.timezone.utc).timestamp(),
    )
    assert signed[-1][1].endswith("Signature=" + signature)


def signed(**changes):
    arguments: dict[str, typing.Any] = {
        "method": "GET",
        "host": "ssm.eu-west-1.amazonaws.com",
        "path": "/",
        "query": "",
        "headers": [],
        "body": b"",
        "service": "ssm",
        "region": "eu-west-1",
        "access_key": "AKIDEXAMPLE",
        "secret_key": "secret",
        "session_token": None,
        "timestamp": SUITE_TIME,
    }
    return sigv4.sign(**(arguments | changes))


def test_headers_come_in_a_fixed_order_with_the_host_first():
    names = [name for name, _ in signed(service="s3", headers=[("Range", "bytes=0-1")], session_token="token")]
    assert names == ["Host", "Range", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256", "Authorization"]


def test_only_s3_is_sent_the_hash_of_the_body_as_a_header():
    for service in ("secretsmanager", "ssm", "sts"):
        assert [name for name, _ in signed(service=service)] == ["Host", "X-Amz-Date", "Authorization"]


def test_an_empty_session_token_is_no_token():
    assert signed(session_token="") == signed(session_token=None)


def test_an_empty_path_is_signed_as_the_root():
    for service in ("ssm", "s3"):
        assert signed(service=service, path="") == signed(service=service, path="/")


def test_the_callers_list_of_headers_is_left_alone():
    headers = [("Range", "bytes=0-1")]
    signed(headers=headers)
    assert headers == [("Range", "bytes=0-1")]


@pytest.mark.parametrize("change", [{"body": b"x"}, {"method": "POST"}, {"query": "a=1"}, {"secret_key": "other"}])
def test_every_part_of_the_request_is_covered(change):
    assert signed(**change)[-1] != signed()[-1]


@pytest.mark.parametrize(
    "name", ["Host", "x-amz-date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "authorization"]
)
def test_a_header_that_signing_adds_may_not_be_given(name):
    with pytest.raises(ValueError, match="is added while signing"):
        signed(headers=[(name, "x")])
