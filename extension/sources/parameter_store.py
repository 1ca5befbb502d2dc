"""SSM Parameter Store: GetParameters in tens, GetParametersByPath for wildcards, GetParameter where a batch may not be.

All three share one small quota (see quotas.py): retrying one by one what was throttled as a batch would multiply the
load.
"""

from __future__ import annotations

from extension.aws import outcome
from extension.errors import SourceError
from extension.quotas import PARAMETERS_IN_BATCH
from extension.sources.batching import BatchMemories, chunks, entries, grouped
from extension.sources.listing import Listing, PagedCall, pattern_of
from extension.sources.parameter import SECURE, Deferred, Parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from extension.aws.call import Answer, Budget
    from extension.aws.client import Client
    from extension.aws.directory import Directory
    from extension.clock import Clock, Instant
    from extension.fetcher import FetchCall
    from extension.references import Resource
    from extension.sources.batching import BatchMemory, Fallback

    Deliver = Callable[[Resource, Any, Instant], None]

SERVICE = "ssm"
_SECRET_REFERENCE = "/aws/reference/"  # a secret through SSM: GetParameters refuses to mix it with parameters


class ParameterStore:
    """The source of parameters. Thread-safe."""

    def __init__(self, client: Client, directory: Directory, clock: Clock, most_names: int) -> None:
        self._client = client
        self._directory = directory
        self._memories = BatchMemories(clock)
        self._most_names = most_names

    def plan(self, resources: Sequence[Resource], *, deferred: bool = False) -> list[FetchCall]:
        """The calls that fetch these; ``deferred``: without decryption, and what needs it comes to ``Deferred``."""
        calls: list[FetchCall] = []
        for group in grouped(resources, self._place):
            memory = self._memory(group[0])
            batchable = [resource for resource in group if _batchable(resource, memory)]
            in_batch = set(batchable)
            # A name may stand in a batch once: another spelling of the same words waits for the next batch.
            by_name = grouped(batchable, _spelled)
            calls += [_Batch(self, piece, deferred) for piece in chunks(by_name, PARAMETERS_IN_BATCH)]
            for resource in group:
                if pattern_of(resource):
                    calls.append(_ByPath(self, resource, deferred))
                elif resource not in in_batch:
                    calls.append(_Single(self, resource, deferred))
        return calls

    def needs(self, resource: Resource) -> str:
        """The IAM action that reading it takes."""
        return "ssm:GetParametersByPath" if pattern_of(resource) else "ssm:GetParameter"

    def host(self, region: str) -> str:
        """Where its calls go: host and port."""
        return self._directory.endpoint(SERVICE, region or self._directory.region).place

    def _place(self, resource: Resource) -> tuple[str, str, bool]:
        """What the resources of one batch have in common; an ARN says its region, a name means the own one."""
        return resource.region or self._directory.region, resource.role, resource.decrypt

    def _memory(self, resource: Resource) -> BatchMemory:
        region, role, _ = self._place(resource)
        return self._memories.of(region, role)

    def _perform(self, action: str, payload: dict[str, Any], resource: Resource, budget: Budget) -> tuple[Answer, Any]:
        call = self._directory.json_call(SERVICE, "AmazonSSM." + action, payload, resource.region, resource.role)
        answer = self._client.perform(call, budget)
        return answer, answer.content


def _batchable(resource: Resource, memory: BatchMemory) -> bool:
    return (
        not pattern_of(resource)
        and not resource.name.startswith(_SECRET_REFERENCE)
        and memory.usable
        and not memory.alone(resource)
    )


def _spelled(resource: Resource) -> str:
    return (resource.arn or resource.name) + resource.selector


def _parameter(document: Any, decrypted: bool) -> Parameter:
    try:
        return Parameter(document, decrypted)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise outcome.failure(outcome.TRANSIENT, "", "Parameter Store's answer holds no parameter") from None


def _or_deferred(parameter: Parameter, resource: Resource) -> Parameter | Deferred:
    """The parameter, unless it is ciphertext where a value was asked for."""
    return Deferred() if parameter.type == SECURE and resource.decrypt and not parameter.decrypted else parameter


class _Single:
    """GetParameter for one."""

    action = "GetParameter"

    def __init__(
        self, source: ParameterStore, resource: Resource, deferred: bool, fallback: Fallback | None = None
    ) -> None:
        self._source = source
        self._deferred = deferred
        self._fallback = fallback
        self.resources = (resource,)
        self.host = source.host(resource.region)

    def run(self, budget: Budget, deliver: Deliver) -> Sequence[FetchCall]:
        (resource,) = self.resources
        decrypt = resource.decrypt and not self._deferred
        payload = {"Name": _spelled(resource), "WithDecryption": decrypt}
        try:
            answer, document = self._source._perform("GetParameter", payload, resource, budget)
            parameter = _parameter(document.get("Parameter"), decrypt)
        except SourceError as error:
            if self._fallback is not None:
                self._fallback.note(resource, error)
            raise
        if self._fallback is not None:
            self._fallback.note(resource, parameter)
        deliver(resource, _or_deferred(parameter, resource), answer.sent)
        return ()


class _Batch:
    """GetParameters for up to ten names of one region, role and decryption."""

    action = "GetParameters"

    def __init__(self, source: ParameterStore, by_name: Sequence[list[Resource]], deferred: bool) -> None:
        self._source = source
        self._deferred = deferred
        self.resources = tuple([resource for resources in by_name for resource in resources])
        self.host = source.host(self.resources[0].region)

    def run(self, budget: Budget, deliver: Deliver) -> Sequence[FetchCall]:
        source, first = self._source, self.resources[0]
        wanted = {_spelled(resources[0]): resources for resources in grouped(self.resources, _spelled)}
        decrypt = first.decrypt and not self._deferred
        payload = {"Names": list(wanted), "WithDecryption": decrypt}
        try:
            answer, document = source._perform("GetParameters", payload, first, budget)
        except SourceError as error:
            if error.role or error.kind not in (outcome.DENIED, outcome.MALFORMED):
                raise  # not even asked for; or throttled, 5xx or timeout: single calls would only add to it
            fallback = source._memory(first).sank(self.resources)
            return [_Single(source, resource, self._deferred, fallback) for resource in self.resources]
        for item in entries(document, "Parameters", dict):
            parameter = _parameter(item, decrypt)
            selector = parameter.selector or ""
            for spelling in (parameter.name + selector, parameter.arn + selector):
                for resource in wanted.pop(spelling, ()):
                    deliver(resource, _or_deferred(parameter, resource), answer.sent)
        for spelling in entries(document, "InvalidParameters", str):
            code = "ParameterVersionNotFound" if ":" in spelling.rpartition("/")[2] else "ParameterNotFound"
            for resource in wanted.pop(spelling, ()):
                deliver(resource, outcome.failure(outcome.NOT_FOUND, code, "there is no such parameter"), answer.sent)
        return [_Single(source, resource, self._deferred) for resources in wanted.values() for resource in resources]


class _ByPath(PagedCall):
    """GetParametersByPath, page after page, for one wildcard."""

    action = "GetParametersByPath"

    def __init__(self, source: ParameterStore, resource: Resource, deferred: bool) -> None:
        super().__init__(resource)
        self._source = source
        self._deferred = deferred
        self.host = source.host(resource.region)

    def run(self, budget: Budget, deliver: Deliver) -> Sequence[FetchCall]:
        (resource,) = self.resources
        decrypt = resource.decrypt and not self._deferred
        payload = {
            "Path": resource.name.rstrip("/") or "/",
            "Recursive": pattern_of(resource) == "**",
            "WithDecryption": decrypt,
            "MaxResults": PARAMETERS_IN_BATCH,
        }
        while True:
            members, before = self._read
            if before:
                payload["NextToken"] = before
            answer, document = self._source._perform("GetParametersByPath", payload, resource, budget)
            self.began = self.began or answer.sent
            items = entries(document, "Parameters", dict)
            room = self._source._most_names - len(members)
            for item in items[:room]:
                parameter = _parameter(item, decrypt)
                member = resource.replaced(name=parameter.name, selector="")
                members += (member,)
                deliver(member, _or_deferred(parameter, member), answer.sent)
            token = document.get("NextToken")
            left_out = len(items) > room
            if not token or left_out:
                deliver(resource, Listing(members, left_out), self.began)
                return ()
            if token == before:
                raise outcome.failure(outcome.TRANSIENT, "", "Parameter Store gives the same page again")
            self._turn(members, token)
