"""Who may call: credentials with a secret, a session token, a role and an end; the check of a request by them."""

from __future__ import annotations

import hmac
import math
import secrets
import string
import threading

from tests.fakes.aws.errors import AwsError
from tests.fakes.aws.signatures import (
    MISMATCH,
    Claim,
    body_hash,
    expected_signature,
    headers_not_signed,
    iso_time,
)
from tests.fakes.http_message import Request

# Seconds a request's time may be off: AWS says 5 minutes for its JSON services and STS, 15 for S3.
ALLOWED_SKEW = {"s3": 900.0}
DEFAULT_SKEW = 300.0

_ALPHABET = string.ascii_uppercase + "234567"


class Identity:
    """One set of temporary credentials. `expires` is an epoch time by the stand-in's clock."""

    def __init__(self, *, account: str, role: str, session: str, expires: float = math.inf) -> None:
        self.access_key = "ASIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16))
        self.secret_key = secrets.token_urlsafe(30)
        # Real tokens are long and contain what base64 contains.
        self.session_token = "IQoJb3JpZ2luX2Vj" + secrets.token_hex(150) + "+/=="
        self.account = account
        self.role = role
        self.session = session
        self.expires = expires

    @property
    def arn(self) -> str:
        """The assumed role as IAM's messages name it."""
        return f"arn:aws:sts::{self.account}:assumed-role/{self.role}/{self.session}"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }

    def __repr__(self) -> str:
        return f"<Identity {self.arn}>"


class Identities:
    """The credentials that are known, and authentication as each service words it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Identity] = {}

    def add(self, identity: Identity) -> Identity:
        with self._lock:
            self._known[identity.access_key] = identity
        return identity

    def forget(self, identity: Identity) -> None:
        """As if it had never been issued."""
        with self._lock:
            self._known.pop(identity.access_key, None)

    def find(self, access_key: str) -> Identity | None:
        with self._lock:
            return self._known.get(access_key)

    def authenticate(self, request: Request, service: str, now: float) -> tuple[Identity, Claim]:
        """Check a request as `service` does at time `now`; raises AwsError."""
        try:
            claim = Claim(request)
        except ValueError:
            raise _refusal(service, "unsigned") from None
        _check_scope(claim, service)
        identity = self.find(claim.access_key)
        if identity is None:
            raise _refusal(service, "unknown")
        _check_token(request.header("x-amz-security-token"), identity, service, now)
        _check_time(claim, service, now)
        if unsigned := headers_not_signed(claim, request):
            raise _refusal(service, "headers", extra={"HeadersNotSigned": ", ".join(unsigned)})
        expected = expected_signature(claim, request, identity.secret_key, body_hash(claim, request))
        if not hmac.compare_digest(expected, claim.signature):
            raise _refusal(service, "mismatch")
        return identity, claim


def _check_scope(claim: Claim, service: str) -> None:
    if claim.service != service:
        text = f"Credential should be scoped to correct service: '{service}'. "
        if service == "s3":
            raise AwsError("AuthorizationHeaderMalformed", f"The authorization header is malformed; {text}")
        raise _worded(service, text)
    if claim.day != claim.timestamp[:8]:
        text = (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{claim.day}' != '{claim.timestamp[:8]}', from '{claim.timestamp}'."
        )
        raise _worded(service, text)


def _check_token(token: str, identity: Identity, service: str, now: float) -> None:
    if not token or not hmac.compare_digest(token.encode(), identity.session_token.encode()):
        raise _refusal(service, "token" if token else "no token")
    if now >= identity.expires:
        raise _refusal(service, "expired")


def _check_time(claim: Claim, service: str, now: float) -> None:
    try:
        sent = claim.epoch
    except ValueError:
        text = "AWS authentication requires a valid Date or x-amz-date header"
        raise AwsError("AccessDenied", text, 403) if service == "s3" else _worded(service, text) from None
    skew = ALLOWED_SKEW.get(service, DEFAULT_SKEW)
    if abs(now - sent) <= skew:
        return
    if service == "s3":
        extra = {
            "RequestTime": claim.timestamp,
            "ServerTime": iso_time(now),
            "MaxAllowedSkewMilliseconds": str(int(skew * 1000)),
        }
        text = "The difference between the request time and the current time is too large."
        raise AwsError("RequestTimeTooSkewed", text, 403, extra=extra)
    minutes = int(skew // 60)
    if sent < now:
        bound = f"{iso_time(now - skew)} ({iso_time(now)} - {minutes} min.)"
        raise _worded(service, f"Signature expired: {claim.timestamp} is now earlier than {bound}")
    bound = f"{iso_time(now + skew)} ({iso_time(now)} + {minutes} min.)"
    raise _worded(service, f"Signature not yet current: {claim.timestamp} is still later than {bound}")


def _worded(service: str, text: str) -> AwsError:
    """A signature problem with a text of its own."""
    if service == "s3":
        return AwsError("SignatureDoesNotMatch", text, 403)
    if service == "sts":
        return AwsError("SignatureDoesNotMatch", text, 403)
    return AwsError("InvalidSignatureException", text, spelling="message")


_INVALID_TOKEN = "The security token included in the request is invalid."
_EXPIRED_TOKEN = "The security token included in the request is expired"

_S3_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your key and signing method."
)

# what is wrong -> (code, text, status), in the words of S3, of STS and of the JSON services
_S3 = {
    "unsigned": ("AccessDenied", "Access Denied", 403),
    "unknown": ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403),
    "no token": ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403),
    "token": ("InvalidToken", "The provided token is malformed or otherwise invalid.", 400),
    "expired": ("ExpiredToken", "The provided token has expired.", 400),
    "headers": ("AccessDenied", "There were headers present in the request which were not signed", 403),
    "mismatch": ("SignatureDoesNotMatch", _S3_MISMATCH, 403),
}
_STS = {
    "unsigned": ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
    "unknown": ("InvalidClientTokenId", _INVALID_TOKEN, 403),
    "no token": ("InvalidClientTokenId", _INVALID_TOKEN, 403),
    "token": ("InvalidClientTokenId", _INVALID_TOKEN, 403),
    "expired": ("ExpiredToken", _EXPIRED_TOKEN, 403),
    "headers": ("SignatureDoesNotMatch", MISMATCH, 403),
    "mismatch": ("SignatureDoesNotMatch", MISMATCH, 403),
}
_JSON = {
    "unsigned": ("MissingAuthenticationTokenException", "Missing Authentication Token", 400),
    "unknown": ("UnrecognizedClientException", _INVALID_TOKEN, 400),
    "no token": ("UnrecognizedClientException", _INVALID_TOKEN, 400),
    "token": ("UnrecognizedClientException", _INVALID_TOKEN, 400),
    "expired": ("ExpiredTokenException", _EXPIRED_TOKEN, 400),
    "headers": ("InvalidSignatureException", MISMATCH, 400),
    "mismatch": ("InvalidSignatureException", MISMATCH, 400),
}


def _refusal(service: str, problem: str, extra: dict[str, str] | None = None) -> AwsError:
    code, text, status = {"s3": _S3, "sts": _STS}.get(service, _JSON)[problem]
    return AwsError(code, text, status, spelling="message", extra=extra)
