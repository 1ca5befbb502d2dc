"""STS over the query protocol: GetCallerIdentity, and AssumeRole, whose credentials are valid here, as that role."""

from __future__ import annotations

import re
import threading
import time
import uuid
from xml.sax.saxutils import escape

from tests.fakes.aws.context import Context
from tests.fakes.aws.denials import refusal_text
from tests.fakes.aws.errors import AwsError
from tests.fakes.aws.identities import Identities, Identity
from tests.fakes.http_message import Reply

ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/((?:[\w+=,.@/-]+/)?([\w+=,.@-]+))")
SESSION = re.compile(r"[\w+=,.@-]{2,64}")


class SecurityTokenService:
    """Only roles that were added can be assumed, as only roles that trust the caller can."""

    def __init__(self, identities: Identities) -> None:
        self.issued: list[Identity] = []
        self._identities = identities
        self._lock = threading.Lock()
        self._roles: dict[str, str | None] = {}

    def add_role(self, arn: str, external_id: str | None = None) -> None:
        if not ROLE.fullmatch(arn):
            raise ValueError(f"{arn!r} is not a role's ARN")
        with self._lock:
            self._roles[arn] = external_id

    def answer(self, context: Context) -> Reply:
        if context.call.action == "GetCallerIdentity":  # it takes no permission
            return _caller(context.identity)
        if context.call.action != "AssumeRole":
            raise AwsError("InvalidAction", f"Could not find operation {context.call.action}", 400)
        parameters = context.call.parameters
        arn, session = parameters.get("RoleArn", ""), parameters.get("RoleSessionName", "")
        match = ROLE.fullmatch(arn)
        if match is None:
            raise AwsError("ValidationError", f"{arn} is invalid")
        if not SESSION.fullmatch(session):
            text = (
                f"1 validation error detected: Value '{session}' at 'roleSessionName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [\\w+=,.@-]*"
            )
            raise AwsError("ValidationError", text)
        try:
            duration = int(parameters.get("DurationSeconds", "3600"))
        except ValueError:
            raise AwsError("MalformedInput", None) from None
        if not 900 <= duration <= 43200:
            raise AwsError(
                "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            )
        with self._lock:
            trusted = arn in self._roles and self._roles[arn] in (None, parameters.get("ExternalId"))
        if not trusted or context.denials.forbid(context.identity, "sts:AssumeRole", arn):
            text = refusal_text(context.identity, "sts:AssumeRole", arn).partition(" because")[0]
            raise AwsError("AccessDenied", text, 403)
        identity = Identity(
            account=match.group(1), role=match.group(3), session=session, expires=int(context.now) + duration
        )
        self._identities.add(identity)
        with self._lock:
            self.issued.append(identity)
        return _answer(identity)


def _caller(identity: Identity) -> Reply:
    return _xml(
        "GetCallerIdentity",
        f"""    <Arn>{escape(identity.arn)}</Arn>
    <UserId>AROA{identity.access_key[4:]}:{escape(identity.session)}</UserId>
    <Account>{identity.account}</Account>""",
    )


def _answer(identity: Identity) -> Reply:
    expiration = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(identity.expires))
    return _xml(
        "AssumeRole",
        f"""    <AssumedRoleUser>
      <AssumedRoleId>AROA{identity.access_key[4:]}:{escape(identity.session)}</AssumedRoleId>
      <Arn>{escape(identity.arn)}</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>{identity.access_key}</AccessKeyId>
      <SecretAccessKey>{escape(identity.secret_key)}</SecretAccessKey>
      <SessionToken>{escape(identity.session_token)}</SessionToken>
      <Expiration>{expiration}</Expiration>
    </Credentials>""",
    )


def _xml(action: str, result: str) -> Reply:
    request_id = str(uuid.uuid4())
    body = f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <{action}Result>
{result}
  </{action}Result>
  <ResponseMetadata>
    <RequestId>{request_id}</RequestId>
  </ResponseMetadata>
</{action}Response>
"""
    return Reply(200, [("x-amzn-RequestId", request_id), ("Content-Type", "text/xml")], body.encode())
