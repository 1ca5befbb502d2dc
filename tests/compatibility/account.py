"""What AWS holds in these tests: the things whose answers were recorded from the real extension, and how they read.

The bodies are in tests/data/aws_bodies, to the byte.
"""

from __future__ import annotations

from pathlib import Path

from tests.fakes.aws import FakeAws

BODIES = Path(__file__).resolve().parents[1] / "data" / "aws_bodies"
SECRET = "dummy-string-secret"
BINARY = "dummy-binary-secret"
AWKWARD = "awkward/secret_+=.@-!"
PARAMETER = "/lambda-ext-test-param/dummy-string"
SECURE = "/lambda-ext-test-param/dummy-secure-string"
LISTED = "/lambda-ext-test-param/dummy-list"
PUBLIC = "/aws/service/global-infrastructure/regions/eu-west-1/longName"
VERSION = "b1c367b9-7f53-4a47-82c4-be51a054b953"
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dummy-string-secret-MFUBmH"
BINARY_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dummy-binary-secret-aBc123"
OTHER_ACCOUNT = "210987654321"
READER = f"arn:aws:iam::{OTHER_ACCOUNT}:role/team/reader"
STRANGER = f"arn:aws:iam::{OTHER_ACCOUNT}:role/stranger"  # trusts nobody


def fill(aws: FakeAws) -> None:
    """Put all of it into AWS."""
    for name, value, arn in (
        (SECRET, "an-insecure-string-secret-value", ARN),
        (BINARY, b"an insecure binary \x00\xff", BINARY_ARN),
    ):
        secret = aws.put_secret(name, value, version_id=VERSION)
        secret.arn = arn
        secret.versions[VERSION].created = 1668586960.499
    aws.put_secret(AWKWARD, 'a "quoted" \\ <b>&amp; ä€😀\n\t\x01/ value')
    aws.put_secret(SECRET, "theirs", account=OTHER_ACCOUNT)
    aws.add_role(READER)
    for name, value, kind, modified in (
        (PARAMETER, "my-string-param-value", "String", 1668586960.362),
        (SECURE, "my-secure-string-value", "SecureString", 1668587045.374),
        (LISTED, "a,b,c", "StringList", 1668586960.5),
    ):
        aws.put_parameter(name, value, type=kind, labels=("Dev",)).versions[-1].modified = modified
    aws.put_parameter(PUBLIC, "Europe (Ireland)").versions[-1].modified = 1668586960.0


def body(name: str) -> bytes:
    """A recorded body."""
    return (BODIES / f"{name}.json").read_bytes()
