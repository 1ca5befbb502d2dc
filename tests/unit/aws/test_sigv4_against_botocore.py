"""Signature Version 4 against botocore, on random requests."""

import datetime
import random
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from extension.aws import sigv4

SEED = 20150830

PIECES = [
    "a",
    "Z",
    "0",
    "-",
    ".",
    "_",
    "~",
    " ",
    "  ",
    "%",
    "%41",
    "+",
    "*",
    "'",
    "!",
    "(",
    "=",
    "&",
    "?",
    "#",
    ";",
    ":",
]
PIECES += [
    "@",
    "$",
    ",",
    "/",
    "\\",
    '"',
    "<",
    "|",
    "^",
    "\t",
    "\n",
    "\x00",
    "\x7f",
    "é",
    "ß",
    "€",
    "語",
    "\u2028",
    "😀",
]
SEGMENTS = ["", ".", "..", "...", "v1", "2015-03-31", "%2E%2E"]
HEADER_NAMES = [
    "Content-Type",
    "content-type",
    "X-Amz-Target",
    "Range",
    "If-None-Match",
    "Accept-Encoding",
    "x-a",
    "X-A",
]
UNSIGNED_NAMES = ["User-Agent", "Connection", "Expect", "X-Amzn-Trace-Id", "Transfer-Encoding", "TE", "Traceparent"]


class RandomRequest:
    """A request of odd parts, in the wire form that ``urllib.parse.quote`` gives it."""

    def __init__(self, chance):
        def text(longest=5):
            return "".join(chance.choices(PIECES, k=chance.randrange(longest + 1)))

        def quoted(raw):
            return urllib.parse.quote(raw, safe="")

        self.service = chance.choice(["s3", "secretsmanager", "ssm", "sts"])
        self.region = chance.choice(["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1"])
        self.scheme, self.host = chance.choice(
            [
                ("https", "ssm.eu-central-1.amazonaws.com"),
                ("https", "bucket.s3.us-east-1.amazonaws.com"),
                ("http", "localhost:4566"),
                ("https", "[::1]:8443"),
                ("http", "127.0.0.1"),
            ]
        )
        self.method = chance.choice(["GET", "HEAD", "POST", "PUT"])
        parts = [chance.choice(SEGMENTS) if chance.random() < 0.4 else text() for _ in range(chance.randrange(5))]
        self.path = "/" + "/".join(map(quoted, parts))
        self.parameters = [(text(3), text()) for _ in range(chance.randrange(5))]
        if self.parameters and chance.random() < 0.3:  # a name sent twice
            self.parameters.append((self.parameters[0][0], text()))
        bare = chance.random() < 0.3  # "?versions" where others send "?versions="
        self.query = "&".join(
            quoted(name) if bare and name and not value else f"{quoted(name)}={quoted(value)}"
            for name, value in self.parameters
        )
        self.headers = []
        for name in chance.choices(HEADER_NAMES + UNSIGNED_NAMES, k=chance.randrange(5)):
            value = "".join(chance.choices(["x", "Y", "1", "/", ";", "=", ",", " ", "   ", "\t", '"'], k=6))
            self.headers.append((name, value))
        self.body = chance.randbytes(chance.randrange(200)) if chance.random() < 0.5 else b""
        self.access_key = "AKIA" + "".join(chance.choices("ABCDEFG234567", k=16))
        self.secret_key = "".join(chance.choices("abcXYZ019/+=", k=40))
        self.token = "".join(chance.choices("abcXYZ019/+=", k=80)) if chance.random() < 0.5 else None
        self.timestamp = chance.randrange(946684800, 4102444800) + chance.choice([0, 0.001, 0.5, 0.999])

    def signed_by_us(self):
        return sigv4.sign(
            method=self.method,
            host=self.host,
            path=self.path,
            query=self.query,
            headers=list(self.headers),
            body=self.body,
            service=self.service,
            region=self.region,
            access_key=self.access_key,
            secret_key=self.secret_key,
            session_token=self.token,
            timestamp=self.timestamp,
        )

    def signed_by_botocore(self, monkeypatch, parameters_apart):
        """``parameters_apart``: botocore gets them unencoded, and sorts and encodes them itself."""
        now = datetime.datetime.fromtimestamp(self.timestamp, datetime.timezone.utc)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now)
        url = f"{self.scheme}://{self.host}{self.path}"
        if not parameters_apart:
            url += "?" + self.query
        request = AWSRequest(self.method, url, data=self.body, params=self.parameters if parameters_apart else None)
        for name, value in self.headers:
            request.headers[name] = value
        signer = botocore.auth.S3SigV4Auth if self.service == "s3" else botocore.auth.SigV4Auth
        credentials = Credentials(self.access_key, self.secret_key, self.token)
        signer(credentials, self.service, self.region).add_auth(request)
        given = {name.lower() for name, _ in self.headers}
        return {name: value for name, value in request.headers.items() if name.lower() not in given}


def test_signatures_agree_with_botocore_on_6000_random_requests(monkeypatch):
    for number in range(6000):
        request = RandomRequest(random.Random(f"{SEED}/{number}"))
        host, *others = request.signed_by_us()
        given, added = others[: len(request.headers)], others[len(request.headers) :]
        label = f"seed {SEED}/{number}: {request.method} {request.path} {request.query} {request.headers}"
        assert host == ("Host", request.host), label
        assert given == request.headers, label
        assert dict(added) == request.signed_by_botocore(monkeypatch, number % 2 == 0), label
