"""AWS Signature Version 4, the verifying side, written from AWS's description alone.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html. Shares no code with the sidecar or with
botocore: it is the judge of both.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from urllib.parse import quote, unquote_to_bytes

from tests.fakes.aws.errors import AwsError
from tests.fakes.http_message import Request

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


class Claim:
    """What an Authorization header claims, before anybody believes it."""

    def __init__(self, request: Request) -> None:
        match = AUTHORIZATION.fullmatch(request.header("authorization"))
        if match is None:
            raise ValueError("not a Signature Version 4 header")
        self.access_key, self.day, self.region, self.service, signed, self.signature = match.groups()
        self.signed_headers = signed.split(";")
        self.timestamp = request.header("x-amz-date")

    @property
    def epoch(self) -> float:
        """The request's time in epoch seconds; raises ValueError where x-amz-date is missing or malformed."""
        if not re.fullmatch(r"\d{8}T\d{6}Z", self.timestamp):
            raise ValueError("x-amz-date is not like 20150830T123600Z")
        return calendar.timegm(time.strptime(self.timestamp, "%Y%m%dT%H%M%SZ"))


def expected_signature(claim: Claim, request: Request, secret: str, payload_hash: str) -> str:
    """The signature that this request must carry, in lower-case hex."""
    scope = f"{claim.day}/{claim.region}/{claim.service}/aws4_request"
    canonical = canonical_request(claim, request, payload_hash)
    to_sign = "\n".join(("AWS4-HMAC-SHA256", claim.timestamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{secret}".encode()
    for part in (claim.day, claim.region, claim.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def canonical_request(claim: Claim, request: Request, payload_hash: str) -> str:
    headers = "".join(f"{name}:{_canonical_value(request, name)}\n" for name in claim.signed_headers)
    return "\n".join(
        (
            request.method,
            _canonical_path(request.path, s3=claim.service == "s3"),
            _canonical_query(request.query),
            headers,
            ";".join(claim.signed_headers),
            payload_hash,
        )
    )


def _canonical_value(request: Request, name: str) -> str:
    values = [value for key, value in request.headers if key.lower() == name]
    return ",".join(" ".join(value.split()) for value in values)


def _canonical_path(path: str, *, s3: bool) -> str:
    """S3 signs the encoded path once and as it is; the others normalise it and encode it twice."""
    encoded = quote(unquote_to_bytes(path), safe="/-_.~")
    if s3:
        return encoded or "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept[-1:] = []
        elif segment not in ("", "."):
            kept.append(quote(segment, safe="-_.~"))
    slash = "/" if kept and path.endswith("/") else ""
    return "/" + "/".join(kept) + slash


def _canonical_query(query: str) -> str:
    pairs = []
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        pairs.append(tuple(quote(unquote_to_bytes(text.replace("+", " ")), safe="-_.~") for text in (name, value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def body_hash(claim: Claim, request: Request) -> str:
    """The payload hash that was signed, checked against the body; raises AwsError as the services do."""
    actual = hashlib.sha256(request.body).hexdigest()
    claimed = request.header("x-amz-content-sha256")
    if not claimed:
        if claim.service == "s3":
            text = "Missing required header for this request: x-amz-content-sha256"
            raise AwsError("InvalidRequest", text)
        return actual
    if claimed == "UNSIGNED-PAYLOAD" and claim.service == "s3":
        return claimed
    if claimed != actual:
        if claim.service == "s3":
            text = "The provided 'x-amz-content-sha256' header does not match what was computed."
            extra = {"ClientComputedContentSHA256": claimed, "S3ComputedContentSHA256": actual}
            raise AwsError("XAmzContentSHA256Mismatch", text, extra=extra)
        raise AwsError("InvalidSignatureException", MISMATCH, spelling="message")
    return actual


def headers_not_signed(claim: Claim, request: Request) -> list[str]:
    """Headers that have to be signed and are not: host, and every x-amz-* that was sent."""
    names = {name.lower() for name, _ in request.headers}
    needed = {name for name in names if name == "host" or name.startswith("x-amz-")}
    return sorted(needed - set(claim.signed_headers))


def iso_time(epoch: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(epoch))
