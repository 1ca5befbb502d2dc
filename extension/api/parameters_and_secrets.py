"""The paths, bodies and errors of AWS's Parameters and Secrets extension, to the byte.

https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html and
https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html. The bodies are the Go SDK's
structs as Go prints them: this key order, ``null`` for what is absent, no blanks. AWS's own Java sample does not parse
them but searches for ``"SecretString`` and counts characters.
"""

from __future__ import annotations

import binascii

from extension import dates, jsontext
from extension.api.problems import JSON, TEXT
from extension.api.questions import Question, versioned_secret
from extension.api.reading import answer_with
from extension.api.target import flag, parameters
from extension.errors import SourceError
from extension.http1.connection import Response
from extension.references import parameter_resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.http1.connection import Reply
    from extension.reading import Reading
    from extension.resolution import Resolver
    from extension.sources.parameter import Parameter
    from extension.sources.secrets_manager import Secret
    from extension.store import Store

SECRET_PATH = "/secretsmanager/get"
PARAMETER_PATH = "/systemsmanager/parameters/get"

FORWARDED = Response(400, [TEXT], b"Forwarded")
UNAUTHORIZED = Response(
    401, [TEXT, (b"x-amzn-errortype", b"AccessDeniedException")], b"bad session token or header key"
)


def failed(code: str) -> Response:
    """The one body for every failure; AWS's bare code in a header of ours says which."""
    return Response(
        400,
        [TEXT, (b"Preheat-Error", code.encode("ascii"))],
        b"an unexpected error occurred while executing request",
    )


def ask_secret(resolver: Resolver, query: str) -> Question:
    """``/secretsmanager/get``; ``ValueError`` where it is malformed."""
    asked = dict(reversed(parameters(query)))  # the first of a repeated one counts
    return versioned_secret(
        resolver,
        _needed(asked, "secretId"),
        stage=asked.get("versionStage", ""),
        version=asked.get("versionId", ""),
        role=asked.get("roleArn", ""),
        force=flag(asked.get("refreshNow") or "false"),
    )


def answer_secret(store: Store, question: Question, reply: Reply) -> None:
    """GetSecretValue's output, or the one body for every failure."""

    def render(result: Reading | SourceError) -> Response:
        if isinstance(result, SourceError):
            return failed(result.code)
        if question.stage and question.stage not in result.value.stages:
            return failed("ResourceNotFoundException")  # asked for by its version, too, which is at another stage
        return Response(200, [JSON], secret_body(result.value))

    answer_with(store, question.resources[0], reply, render, force=question.force)


def secret_body(secret: Secret) -> bytes:
    """GetSecretValue's output."""
    binary = secret.binary
    return jsontext.dumps(
        {
            "ARN": secret.arn,
            "CreatedDate": None if secret.created is None else dates.to_rfc3339(secret.created),
            "Name": secret.name,
            "SecretBinary": None if binary is None else binascii.b2a_base64(binary, newline=False).decode("ascii"),
            "SecretString": secret.string,
            "VersionId": secret.version or None,
            "VersionStages": secret.stages or None,
            "ResultMetadata": {},
        }
    )


def ask_parameter(resolver: Resolver, query: str) -> Question:
    """``/systemsmanager/parameters/get``. Of version and label the one written first counts."""
    pairs = parameters(query)
    asked = dict(reversed(pairs))
    name, role = _needed(asked, "name"), asked.get("roleArn", "")
    resource = resolver.alias("ssm", name)
    if resource is None or (role and resource.role != role):
        resource = parameter_resource(name, role=role)
    selectors = [(key, value) for key, value in pairs if key in ("version", "label") and value]
    if selectors:
        key, value = selectors[0]
        version, label = (value, "") if key == "version" else ("", value)
        # The name decides what a version may be: that of a secret through SSM is no number.
        selected = parameter_resource(resource.name, version=version, label=label)
        resource = resource.replaced(selector=selected.selector)
    resource = resource.replaced(decrypt=flag(asked.get("withDecryption") or "false"))
    return Question((resolver.meant(resource),), flag(asked.get("refreshNow") or "false"))


def _needed(asked: dict[str, str], name: str) -> str:
    if not asked.get(name):
        raise ValueError(f"{name}= is missing")
    return asked[name]


def answer_parameter(store: Store, question: Question, reply: Reply) -> None:
    """GetParameter's output, or the one body for every failure."""
    (resource,) = question.resources

    def render(result: Reading | SourceError) -> Response:
        if isinstance(result, SourceError):
            return failed(result.code)
        return Response(200, [JSON], parameter_body(result.value, resource.selector))

    answer_with(store, resource, reply, render, force=question.force)


def parameter_body(parameter: Parameter, selector: str) -> bytes:
    """GetParameter's output; ``selector`` as asked, with its colon, for a held entry may have been asked for
    otherwise."""
    return jsontext.dumps(
        {
            "Parameter": {
                "ARN": parameter.arn or None,
                "DataType": parameter.data_type,
                "LastModifiedDate": None if parameter.modified is None else dates.to_rfc3339(parameter.modified),
                "Name": parameter.name,
                "Selector": selector or None,
                "SourceResult": parameter.source_result,
                "Type": parameter.type,
                "Value": parameter.value,
                "Version": parameter.version,
            },
            "ResultMetadata": {},
        }
    )
