"""Which service and action a request is for, and what it asks about."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.aws.calls import Call
from tests.fakes.aws.errors import AwsError
from tests.fakes.aws.s3 import Address
from tests.fakes.http_message import Request

TARGETS = {"secretsmanager": "secretsmanager", "AmazonSSM": "ssm"}
HOST_REGION = re.compile(r"\.((?:[a-z]+-){2,}\d)\.(?:amazonaws\.com|api\.aws)")


def identify(call: Call, request: Request) -> None:
    """Which service and action a request is for: by X-Amz-Target, by a form that names an Action, else S3."""
    prefix, _, action = request.header("x-amz-target").partition(".")
    if prefix:
        call.service, call.action = TARGETS.get(prefix, "secretsmanager"), action
        if prefix not in TARGETS or request.method != "POST" or request.path != "/":
            raise AwsError("UnknownOperationException", status=404)
        if request.header("content-type") != "application/x-amz-json-1.1":
            raise AwsError("UnknownOperationException", status=404)
        return
    if request.header("content-type").startswith("application/x-www-form-urlencoded"):
        call.service = "sts"
        call.parameters = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        call.action = call.parameters.get("Action", "")
        call.resources = [call.parameters.get("RoleArn", "")]
        return
    address = Address(request)
    call.service, call.action = "s3", address.action(request)
    call.parameters = request.parameters
    call.resources = [f"{address.bucket}/{address.key or request.parameters.get('prefix', '')}"]


def parse_body(call: Call, request: Request) -> None:
    if call.service == "sts":
        return
    try:
        parameters: Any = json.loads(request.body)
    except ValueError:
        raise AwsError("SerializationException", status=400) from None
    if not isinstance(parameters, dict):
        raise AwsError("SerializationException", status=400)
    call.parameters = parameters
    for member in ("SecretId", "SecretIdList", "Name", "Names", "Path"):
        value = parameters.get(member)
        if value:
            call.resources = [value] if isinstance(value, str) else [str(one) for one in value]


def check_region(call: Call, request: Request) -> None:
    """A host name of AWS's with a region in it takes only requests that are signed for that region."""
    match = HOST_REGION.search(request.header("host"))
    if match is None or match[1] == call.region:
        return
    if call.service == "s3":
        text = f"The authorization header is malformed; the region '{call.region}' is wrong; expecting '{match[1]}'"
        raise AwsError("AuthorizationHeaderMalformed", text, extra={"Region": match[1]})
    code = "SignatureDoesNotMatch" if call.service == "sts" else "InvalidSignatureException"
    text = f"Credential should be scoped to a valid region, not '{call.region}'. "
    raise AwsError(code, text, 403 if call.service == "sts" else 400, spelling="message")
