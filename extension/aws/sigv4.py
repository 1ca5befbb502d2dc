"""AWS Signature Version 4, in the ``Authorization`` header. Pure: no clock, no environment, no I/O.

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, for S3 also
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import time
from _hashlib import hmac_digest, openssl_sha256

from extension import percent

_ALGORITHM = "AWS4-HMAC-SHA256"

# What a proxy on the way may change or drop, so it stays out of the signature (the SDKs leave out the same).
_UNSIGNED = frozenset(
    (
        "baggage",
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    )
)

_ADDED = frozenset(("host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "authorization"))


def sign(
    *,
    method: str,
    host: str,
    path: str,
    query: str,
    headers: list[tuple[str, str]],
    body: bytes,
    service: str,
    region: str,
    access_key: str,
    secret_key: str,
    session_token: str | None,
    timestamp: float,
) -> list[tuple[str, str]]:
    """All headers to send, in order.

    They are Host, the given ones, X-Amz-Date, X-Amz-Security-Token (with a session token), X-Amz-Content-SHA256 (S3
    alone wants it) and Authorization. ``host`` is the Host header; ``path`` and ``query`` (without ``?``) are what goes
    on the wire, encoded with ``percent.encode``; ``timestamp`` is in seconds since the epoch, and AWS takes a signature
    for some minutes only. ``ValueError`` where ``headers`` holds one that is added here: twice, it would be void.
    """
    for name, _ in headers:
        if name.lower() in _ADDED:
            raise ValueError(name + " is added while signing")
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(timestamp))
    payload_hash = openssl_sha256(body).hexdigest()
    complete = [("Host", host), *headers, ("X-Amz-Date", stamp)]
    if session_token:
        complete.append(("X-Amz-Security-Token", session_token))
    if service == "s3":
        complete.append(("X-Amz-Content-SHA256", payload_hash))
    # S3's keys may hold "//" and "..", so S3 alone signs the path as it was sent.
    uri = (path or "/") if service == "s3" else percent.encode(_normalised(path), "/")
    canonical, signed = canonical_request(method, uri, query, complete, payload_hash)
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    signature = hmac_digest(
        _signing_key(secret_key, scope), string_to_sign(stamp, scope, canonical).encode(), "sha256"
    ).hex()
    credential = f"Credential={access_key}/{scope}, SignedHeaders={signed}, Signature={signature}"
    complete.append(("Authorization", f"{_ALGORITHM} {credential}"))
    return complete


def canonical_request(
    method: str, uri: str, query: str, headers: list[tuple[str, str]], payload_hash: str
) -> tuple[str, str]:
    """AWS's "canonical request" and the list of the headers it covers. ``uri`` is canonical already."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        lowered = name.lower()
        if lowered not in _UNSIGNED:
            values.setdefault(lowered, []).append(" ".join(value.split()))
    names = sorted(values)
    lines = [f"{name}:{','.join(values[name])}\n" for name in names]
    signed = ";".join(names)
    return f"{method}\n{uri}\n{_canonical_query(query)}\n{''.join(lines)}\n{signed}\n{payload_hash}", signed


def string_to_sign(stamp: str, scope: str, canonical: str) -> str:
    """What the signing key is applied to: algorithm, time, scope and the hash of the canonical request."""
    return f"{_ALGORITHM}\n{stamp}\n{scope}\n{openssl_sha256(canonical.encode()).hexdigest()}"


def _signing_key(secret_key: str, scope: str) -> bytes:
    key = b"AWS4" + secret_key.encode()
    for part in scope.split("/"):
        key = hmac_digest(key, part.encode(), "sha256")
    return key


def _canonical_query(query: str) -> str:
    """Sorted by name, then by value, as pairs: sorting the joined text would put ``a-b=`` before ``a=``."""
    if not query:
        return ""
    pairs = []
    for parameter in query.split("&"):
        name, _, value = parameter.partition("=")
        pairs.append((name, value))
    return "&".join([f"{name}={value}" for name, value in sorted(pairs)])


def _normalised(path: str) -> str:
    """``path`` without dot segments (RFC 3986, section 5.2.4) and empty ones, as all services but S3 want it signed."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    return "/" + "/".join(segments) + ("/" if segments and path.endswith("/") else "")
