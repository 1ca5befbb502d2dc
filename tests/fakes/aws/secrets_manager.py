"""Secrets Manager: GetSecretValue and BatchGetSecretValue over secrets with versions and staging labels."""

from __future__ import annotations

import base64
import re
import secrets
import threading
import uuid
from typing import Any

from tests.fakes.aws.context import Context
from tests.fakes.aws.errors import AwsError, json_answer
from tests.fakes.aws.secret_data import CURRENT, Secret, SecretVersion
from tests.fakes.aws.validation import text_member, too_many
from tests.fakes.http_message import Reply

NAME = re.compile(r"[A-Za-z0-9/_+=.@!:-]{1,512}")
SUFFIXED = re.compile(r"-[A-Za-z0-9]{6}$")
MARKED_DELETED = "You can't perform this operation on the secret because it was marked for deletion."
BAD_NAME = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
NOT_FOUND = "Secrets Manager can't find the specified secret."


class SecretsManager:
    """The service; its data is guarded by one lock."""

    def __init__(self) -> None:
        self.batch_page_size = 20
        self._lock = threading.RLock()
        self._secrets: dict[tuple[str, str, str], Secret] = {}
        self._tokens: dict[str, tuple[tuple[str, ...], int]] = {}

    # -- data --

    def put(
        self,
        name: str,
        value: str | bytes,
        *,
        account: str,
        region: str,
        now: float,
        stages: tuple[str, ...] = (CURRENT,),
        version_id: str | None = None,
    ) -> Secret:
        """Add a version, making the secret if there is none."""
        with self._lock:
            secret = self._secrets.setdefault((account, region, name), Secret(name, account, region))
            version = SecretVersion(value, version_id or str(uuid.uuid4()), now)
            secret.versions[version.version_id] = version
            secret.attach(version, stages)
            return secret

    def get(self, name: str, account: str, region: str) -> Secret:
        with self._lock:
            return self._secrets[account, region, name]

    def delete(self, name: str, account: str, region: str, *, force: bool) -> None:
        """Mark for deletion, or really remove."""
        with self._lock:
            if force:
                del self._secrets[account, region, name]
            else:
                self._secrets[account, region, name].marked_deleted = True

    # -- operations --

    def answer(self, context: Context) -> Reply:
        with self._lock:
            if context.call.action == "GetSecretValue":
                return json_answer(self._get_secret_value(context, context.call.parameters))
            if context.call.action == "BatchGetSecretValue":
                return json_answer(self._batch_get_secret_value(context, context.call.parameters))
        raise AwsError("UnknownOperationException", status=400)

    def read(
        self, context: Context, asked: str, stage: str | None, version_id: str | None
    ) -> tuple[Secret, SecretVersion]:
        """What GetSecretValue does, without its shape; raises AwsError. Parameter Store's references use it too."""
        with self._lock:
            secret = self._find(context, asked)
            names = (secret.arn, secret.name) if secret else ()
            context.denials.check(context.identity, "secretsmanager:GetSecretValue", asked, *names)
            if secret is None:
                raise AwsError("ResourceNotFoundException", NOT_FOUND)
            if secret.marked_deleted:
                raise AwsError("InvalidRequestException", MARKED_DELETED)
            if context.denials.forbid(context.identity, "kms:Decrypt", secret.name, secret.arn):
                raise AwsError("AccessDeniedException", "Access to KMS is not allowed")
            return secret, _select(secret, stage, version_id)

    def _get_secret_value(self, context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
        asked = text_member(parameters, "SecretId", 1, 2048, required=True)
        version_id = text_member(parameters, "VersionId", 32, 64)
        stage = text_member(parameters, "VersionStage", 1, 256)
        assert asked is not None
        if not asked.startswith("arn:") and not NAME.fullmatch(asked):
            raise AwsError("ValidationException", BAD_NAME, spelling="message")
        return _shape(*self.read(context, asked, stage, version_id))

    def _batch_get_secret_value(self, context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
        asked = parameters.get("SecretIdList")
        if not asked or parameters.get("Filters"):
            text = "You must include Filters or SecretIdList, but not both."
            raise AwsError("InvalidParameterException", text)
        if parameters.get("MaxResults"):
            raise AwsError("InvalidParameterException", "To use MaxResults, you must also use Filters.")
        if len(asked) > 20:
            raise too_many("secretIdList", asked, 20)
        if len(set(asked)) != len(asked):
            raise AwsError("InvalidParameterException", "The SecretIdList contains duplicate values.")
        context.denials.check(context.identity, "secretsmanager:BatchGetSecretValue", "*")
        start = self._start(parameters.get("NextToken"), tuple(asked))
        page = asked[start : start + self.batch_page_size]
        answer: dict[str, Any] = {"SecretValues": [], "Errors": []}
        for one in page:
            try:
                answer["SecretValues"].append(_shape(*self._read_of_batch(context, one)))
            except AwsError as error:
                failure = {"SecretId": one, "ErrorCode": error.code, "Message": error.message}
                answer["Errors"].append(failure)
        if start + len(page) < len(asked):
            token = base64.b64encode(secrets.token_bytes(24)).decode()
            self._tokens[token] = (tuple(asked), start + len(page))
            answer["NextToken"] = token
        return answer

    def _read_of_batch(self, context: Context, asked: str) -> tuple[Secret, SecretVersion]:
        secret = self._find(context, asked)
        if secret is not None and asked not in (secret.name, secret.arn):
            raise AwsError("ResourceNotFoundException", NOT_FOUND)  # a batch takes no partial ARNs
        return self.read(context, asked, None, None)

    def _start(self, token: str | None, asked: tuple[str, ...]) -> int:
        if token is None:
            return 0
        known = self._tokens.get(token)
        if known is None or known[0] != asked:
            raise AwsError("InvalidNextTokenException", "The NextToken value is invalid.")
        return known[1]

    def _find(self, context: Context, asked: str) -> Secret | None:
        """By name in the caller's account; by ARN; by an ARN without its suffix, unless it looks like one that has one.

        https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
        """
        if not asked.startswith("arn:"):
            return self._secrets.get((context.identity.account, context.region, asked))
        for secret in self._secrets.values():
            if secret.region != context.region:
                continue
            if secret.arn == asked or (secret.arn[:-7] == asked and not SUFFIXED.search(asked)):
                return secret
        return None


def _select(secret: Secret, stage: str | None, version_id: str | None) -> SecretVersion:
    if version_id is not None:
        version = secret.versions.get(version_id)
        if version is None:
            text = f"Secrets Manager can't find the specified secret value for VersionId: {version_id}"
            raise AwsError("ResourceNotFoundException", text)
        if stage is not None and stage not in version.stages:
            text = "You provided a VersionStage that is not associated to the provided VersionId."
            raise AwsError("InvalidRequestException", text)
        return version
    version = secret.staged(stage or CURRENT)
    if version is None:
        text = f"Secrets Manager can't find the specified secret value for staging label: {stage or CURRENT}"
        raise AwsError("ResourceNotFoundException", text)
    return version


def _shape(secret: Secret, version: SecretVersion) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "ARN": secret.arn,
        "CreatedDate": version.created,
        "Name": secret.name,
        "VersionId": version.version_id,
        "VersionStages": sorted(version.stages),
    }
    if isinstance(version.value, bytes):
        shape["SecretBinary"] = base64.b64encode(version.value).decode()
    else:
        shape["SecretString"] = version.value
    return shape
