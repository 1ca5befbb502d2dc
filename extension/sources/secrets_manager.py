"""AWS Secrets Manager: GetSecretValue, and BatchGetSecretValue where it pays (see quotas.py)."""

from __future__ import annotations

import binascii

from extension.aws import outcome
from extension.errors import SourceError
from extension.quotas import SECRETS_IN_BATCH, SECRETS_SINGLES
from extension.sources.batching import BatchMemories, chunks, entries, grouped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from extension.aws.call import Budget
    from extension.aws.client import Client
    from extension.aws.directory import Directory
    from extension.clock import Clock, Instant
    from extension.fetcher import FetchCall
    from extension.references import Resource
    from extension.sources.batching import BatchMemory, Fallback

    Deliver = Callable[[Resource, Any, Instant], None]

SERVICE = "secretsmanager"


class Secret:
    """One version of a secret. Exactly one of ``string`` and ``binary`` is set. The repr shows neither."""

    __slots__ = ("arn", "binary", "created", "etag", "name", "size", "stages", "string", "version")

    def __init__(self, document: dict[str, Any]) -> None:
        self.arn: str = document["ARN"]
        self.name: str = document["Name"]
        self.version: str = document.get("VersionId") or ""
        self.stages: list[str] = document.get("VersionStages") or []
        self.created: float | None = document.get("CreatedDate")
        self.string: str | None = document.get("SecretString")
        encoded = document.get("SecretBinary")
        self.binary = binascii.a2b_base64(encoded) if encoded is not None else None
        if self.string is None and self.binary is None:
            raise ValueError("a secret without a value")
        self.size = len(self.string or "") + len(self.binary or b"") + len(self.arn) + len(self.name)
        self.etag = self.version

    def __repr__(self) -> str:
        return f"<Secret {self.name}>"


class SecretsManager:
    """The source of secrets. Thread-safe."""

    def __init__(self, client: Client, directory: Directory, clock: Clock, batch: str = "auto") -> None:
        self._client = client
        self._directory = directory
        self._batch = batch
        self._memories = BatchMemories(clock)

    def plan(self, resources: Sequence[Resource], *, deferred: bool = False) -> list[FetchCall]:  # noqa: ARG002 (parameters')
        """The calls that fetch these."""
        calls: list[FetchCall] = []
        for group in grouped(resources, self._place):
            memory = self._memory(group[0])
            batchable = [resource for resource in group if _batchable(resource) and not memory.alone(resource)]
            if not self._worth_a_batch(len(batchable), memory):
                batchable = []
            in_batch = set(batchable)
            calls += [_Batch(self, piece) for piece in chunks(batchable, SECRETS_IN_BATCH)]
            calls += [_Single(self, resource) for resource in group if resource not in in_batch]
        return calls

    def needs(self, _resource: Resource) -> str:
        """The IAM action that reading it takes."""
        return "secretsmanager:GetSecretValue"

    def host(self, region: str) -> str:
        """Where its calls go: host and port."""
        return self._directory.endpoint(SERVICE, region or self._directory.region).place

    def _place(self, resource: Resource) -> tuple[str, str]:
        """What the resources of one batch have in common; an ARN says its region, a name means the own one."""
        return resource.region or self._directory.region, resource.role

    def _memory(self, resource: Resource) -> BatchMemory:
        return self._memories.of(*self._place(resource))

    def _worth_a_batch(self, count: int, memory: BatchMemory) -> bool:
        if self._batch == "never" or not memory.usable:
            return False
        return count > (1 if self._batch == "always" else SECRETS_SINGLES)


def _batchable(resource: Resource) -> bool:
    partial_arn = bool(resource.arn) and not resource.full_arn
    return not resource.selector and not partial_arn


class _Single:
    """GetSecretValue for one."""

    action = "GetSecretValue"

    def __init__(self, source: SecretsManager, resource: Resource, fallback: Fallback | None = None) -> None:
        self._source = source
        self._fallback = fallback
        self.resources = (resource,)
        self.host = source.host(resource.region)

    def run(self, budget: Budget, deliver: Deliver) -> Sequence[FetchCall]:
        (resource,) = self.resources
        payload = {"SecretId": resource.arn or resource.name}
        kind, _, value = resource.selector.partition(":")
        if kind:
            payload["VersionStage" if kind == "stage" else "VersionId"] = value
        call = self._source._directory.json_call(
            SERVICE, "secretsmanager.GetSecretValue", payload, resource.region, resource.role
        )
        try:
            answer = self._source._client.perform(call, budget)
            secret = _secret(answer.content)
        except SourceError as error:
            if self._fallback is not None:
                self._fallback.note(resource, error)
            raise
        if self._fallback is not None:
            self._fallback.note(resource, secret)
        deliver(resource, secret, answer.sent)
        return ()


class _Batch:
    """BatchGetSecretValue for up to twenty of one region and role."""

    action = "BatchGetSecretValue"

    def __init__(self, source: SecretsManager, resources: Sequence[Resource]) -> None:
        self._source = source
        self.resources = tuple(resources)
        self.host = source.host(resources[0].region)

    def run(self, budget: Budget, deliver: Deliver) -> Sequence[FetchCall]:
        source, first = self._source, self.resources[0]
        wanted: dict[str, list[Resource]] = {}
        for resource in self.resources:
            wanted.setdefault(resource.arn or resource.name, []).append(resource)
        payload: dict[str, Any] = {"SecretIdList": list(wanted)}
        try:
            while True:
                call = source._directory.json_call(
                    SERVICE, "secretsmanager.BatchGetSecretValue", payload, first.region, first.role
                )
                call.patient = False  # single calls have a quota of their own, a hundred times this one
                answer = source._client.perform(call, budget)
                document = answer.content
                for item in entries(document, "SecretValues", dict):
                    secret = _secret(item)
                    for resource in wanted.pop(secret.arn, []) + wanted.pop(secret.name, []):
                        deliver(resource, secret, answer.sent)
                for item in entries(document, "Errors", dict):
                    error = outcome.from_item(str(item.get("ErrorCode") or ""), str(item.get("Message") or ""))
                    for resource in wanted.pop(str(item.get("SecretId")), []):
                        deliver(resource, error, answer.sent)
                token = document.get("NextToken")
                if not token or not wanted:
                    return [_Single(source, resource) for resources in wanted.values() for resource in resources]
                if token == payload.get("NextToken"):
                    raise outcome.failure(outcome.TRANSIENT, "", "Secrets Manager gives the same page again")
                payload["NextToken"] = token
        except SourceError as error:
            return self._instead(error, [resource for resources in wanted.values() for resource in resources])

    def _instead(self, error: SourceError, left: list[Resource]) -> Sequence[FetchCall]:
        """The single calls to make where the batch failed with ``error``, or the error itself."""
        source = self._source
        memory = source._memory(self.resources[0])
        if error.role:
            raise error  # the batch was not even asked for
        if error.kind == outcome.THROTTLED:
            memory.throttled()
            return [_Single(source, resource) for resource in left]
        if error.kind in (outcome.DENIED, outcome.MALFORMED):
            fallback = memory.sank(left)
            return [_Single(source, resource, fallback) for resource in left]
        raise error


def _secret(document: Any) -> Secret:
    try:
        return Secret(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise outcome.failure(outcome.TRANSIENT, "", "Secrets Manager's answer holds no secret") from None
