"""Parameter Store: GetParameter, GetParameters and GetParametersByPath, versions, labels and references to secrets."""

from __future__ import annotations

import base64
import re
import secrets
import threading
import uuid
from typing import Any

from tests.fakes.aws.context import Context, partition_of
from tests.fakes.aws.denials import refusal_text
from tests.fakes.aws.errors import AwsError, json_answer
from tests.fakes.aws.parameter_data import Parameter, ParameterVersion
from tests.fakes.aws.secret_references import PREFIX, read_reference
from tests.fakes.aws.secrets_manager import SecretsManager
from tests.fakes.aws.validation import constraint, too_many
from tests.fakes.http_message import Reply

NAME = re.compile(r"/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
ARN = re.compile(r"arn:aws[a-z-]*:ssm:([a-z0-9-]+):(\d{12}):parameter(/.+)")
BAD_NAME = (
    'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
    "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following "
    "3 symbols .-_"
)
BAD_PATH = (
    "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "
    '"/". It can\'t be prefixed with \\"aws\\" or \\"ssm\\" (case-insensitive). It must use only letters, numbers, or '
    "the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, "
    'if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.'
)


class ParameterStore:
    """The service; its data is guarded by one lock."""

    def __init__(self, secrets_manager: SecretsManager) -> None:
        self.path_page_size = 10
        self.empty_pages = 0  # pages by path that come first and hold nothing but a NextToken, as AWS allows itself
        self._secrets_manager = secrets_manager
        self._lock = threading.RLock()
        self._parameters: dict[tuple[str, str, str], Parameter] = {}
        self._tokens: dict[str, tuple[tuple[Any, ...], int, int]] = {}

    # -- data --

    def put(
        self, name: str, value: str, *, kind: str, labels: tuple[str, ...], account: str, region: str, now: float
    ) -> Parameter:
        """Add a version, making the parameter if there is none; its labels leave older versions."""
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a parameter's name")
        with self._lock:
            parameter = self._parameters.setdefault((account, region, name), Parameter(name, account, region))
            parameter.versions.append(ParameterVersion(value, kind, len(parameter.versions) + 1, now))
            self.label(name, parameter.versions[-1].number, labels, account, region)
            return parameter

    def label(self, name: str, number: int, labels: tuple[str, ...], account: str, region: str) -> None:
        """Move labels to a version."""
        with self._lock:
            parameter = self._parameters[account, region, name]
            for version in parameter.versions:
                version.labels = [label for label in version.labels if label not in labels]
                if version.number == number:
                    version.labels += labels

    def delete(self, name: str, account: str, region: str) -> None:
        with self._lock:
            del self._parameters[account, region, name]

    # -- operations --

    def answer(self, context: Context) -> Reply:
        operations = {
            "GetParameter": self._get_parameter,
            "GetParameters": self._get_parameters,
            "GetParametersByPath": self._get_parameters_by_path,
        }
        operation = operations.get(context.call.action)
        if operation is None:
            raise AwsError("UnknownOperationException", status=400)
        with self._lock:
            return json_answer(operation(context, context.call.parameters))

    def _get_parameter(self, context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
        asked = parameters.get("Name")
        if not isinstance(asked, str):
            raise constraint("null", "name", "Member must not be null")
        decrypt = parameters.get("WithDecryption") is True
        return {"Parameter": self._read(context, "ssm:GetParameter", asked.strip(), decrypt=decrypt)}

    def _get_parameters(self, context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
        asked = parameters.get("Names")
        if not isinstance(asked, list) or not asked:
            raise constraint("null", "names", "Member must not be null")
        if len(asked) > 10:
            raise too_many("names", asked, 10)
        if len(set(asked)) != len(asked):
            raise AwsError("ValidationException", "Duplicate parameter names are not allowed.", spelling="message")
        decrypt = parameters.get("WithDecryption") is True
        found, invalid = [], []
        for name in asked:
            try:
                found.append(self._read(context, "ssm:GetParameters", name.strip(), decrypt=decrypt))
            except AwsError as error:
                reference = name.startswith(PREFIX) and error.code == "ValidationException"
                if not reference and error.code not in ("ParameterNotFound", "ParameterVersionNotFound"):
                    raise  # one name that is denied or malformed sinks the whole call
                invalid.append(name)
        found.sort(key=lambda shape: shape["Name"])
        return {"InvalidParameters": sorted(invalid), "Parameters": found}

    def _get_parameters_by_path(self, context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
        path = parameters.get("Path")
        if not isinstance(path, str) or not path.startswith("/"):
            raise AwsError("ValidationException", BAD_PATH, spelling="message")
        if parameters.get("ParameterFilters"):
            raise AwsError("InvalidFilterKey", "The specified filter key isn't valid.", spelling="message")
        limit = parameters.get("MaxResults", 10)
        if not 1 <= limit <= 10:
            bound = "less than or equal to 10" if limit > 10 else "greater than or equal to 1"
            raise constraint(f"'{limit}'", "maxResults", f"Member must have value {bound}")
        recursive, decrypt = parameters.get("Recursive") is True, parameters.get("WithDecryption") is True
        prefix = path.rstrip("/") + "/"
        account, region = context.identity.account, context.region
        arn = f"arn:{partition_of(region)}:ssm:{region}:{account}:parameter{prefix.rstrip('/') or '/'}"
        context.denials.check(context.identity, "ssm:GetParametersByPath", arn, path, prefix.rstrip("/"))
        found = [p for p in self._parameters.values() if (p.account, p.region) == (account, region)]
        below = sorted((p for p in found if _is_below(p.name, prefix, recursive)), key=lambda p: p.name)
        query = (account, region, path, recursive, decrypt)
        start, empty = self._start(parameters.get("NextToken"), query)
        page = [] if empty else below[start : start + min(limit, self.path_page_size)]
        for parameter in page:
            self._check_key(context, parameter, parameter.versions[-1], decrypt=decrypt)
        answer: dict[str, Any] = {"Parameters": [p.shape(p.versions[-1], decrypt=decrypt) for p in page]}
        if empty or start + len(page) < len(below):
            token = base64.b64encode(secrets.token_bytes(48)).decode()
            self._tokens[token] = (query, start + len(page), max(0, empty - 1))
            answer["NextToken"] = token
        return answer

    def _start(self, token: str | None, query: tuple[Any, ...]) -> tuple[int, int]:
        if token is None:
            return 0, self.empty_pages
        known = self._tokens.get(token)
        if known is None or known[0] != query:
            raise AwsError("InvalidNextToken", "The specified token isn't valid.")
        return known[1], known[2]

    def _read(self, context: Context, action: str, asked: str, *, decrypt: bool) -> dict[str, Any]:
        if asked.startswith(PREFIX):
            return read_reference(self._secrets_manager, context, action, asked, decrypt=decrypt)
        account, region, name, selector = _resolve(context, asked)
        parameter = self._parameters.get((account, region, name))
        if parameter is None and asked.startswith("arn:"):  # an ARN does not tell "x" from "/x"
            parameter = self._parameters.get((account, region, name.removeprefix("/")))
        arn = f"arn:{partition_of(region)}:ssm:{region}:{account}:parameter/{name.removeprefix('/')}"
        context.denials.check(context.identity, action, arn, name, asked, name.removeprefix("/"))
        if parameter is None:
            raise AwsError("ParameterNotFound")
        version = parameter.select(selector)
        if version is None:
            what = "version" if selector.isdigit() else "label"
            text = f"Systems Manager could not find {what} {selector} of {name}. Verify the {what} and try again."
            raise AwsError("ParameterVersionNotFound", text, spelling="message")
        self._check_key(context, parameter, version, decrypt=decrypt)
        return parameter.shape(version, decrypt=decrypt, selector=selector)

    def _check_key(self, context: Context, parameter: Parameter, version: ParameterVersion, *, decrypt: bool) -> None:
        if version.kind != "SecureString" or not decrypt:
            return
        if context.denials.forbid(context.identity, "kms:Decrypt", parameter.name, parameter.arn):
            key = f"arn:{partition_of(parameter.region)}:kms:{parameter.region}:{parameter.account}:key/alias-aws-ssm"
            text = refusal_text(context.identity, "kms:Decrypt", key)
            tail = f"Error Code: AccessDeniedException; Request ID: {uuid.uuid4()}; Proxy: null"
            raise AwsError("AccessDeniedException", f"{text} (Service: AWSKMS; Status Code: 400; {tail})")


def _resolve(context: Context, asked: str) -> tuple[str, str, str, str]:
    """(account, region, name, selector) of a name or an ARN; raises the ValidationException of a malformed one."""
    account, region, rest = context.identity.account, context.region, asked
    if match := ARN.match(asked):
        region, account, rest = match.groups()
    name, _, selector = rest.partition(":")
    if not NAME.fullmatch(name) or name.lower().removeprefix("/").startswith("ssm"):
        raise AwsError("ValidationException", BAD_NAME, spelling="message")
    if region != context.region:
        raise AwsError("ParameterNotFound")
    return account, region, name, selector


def _is_below(name: str, prefix: str, recursive: bool) -> bool:
    """A name is below a path; at "/" the names without a slash are too."""
    full = name if name.startswith("/") else f"/{name}"
    return full.startswith(prefix) and (recursive or "/" not in full[len(prefix) :])
