"""Which host answers for a service in a region, under this environment's settings."""

from __future__ import annotations

from extension import jsontext
from extension.aws import endpoints, outcome
from extension.aws.call import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from extension.aws.endpoints import Endpoint
    from extension.settings import Settings


class Directory:
    """Endpoints, resolved once each."""

    __slots__ = ("_found", "_settings", "region")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found: dict[tuple[str, str], Endpoint] = {}
        self.region = settings.region

    def endpoint(self, service: str, region: str) -> Endpoint:
        """The endpoint; ``SourceError`` where there can be none."""
        found = self._found.get((service, region))
        if found is not None:
            return found
        if not region:
            raise outcome.failure(
                outcome.MALFORMED, "NoRegion", "AWS_REGION is not set and the reference names no region"
            )
        settings = self._settings
        try:
            found = endpoints.resolve(
                service,
                region,
                override=settings.endpoint_urls.get(service),
                fips=settings.fips,
                dualstack=settings.dualstack,
            )
        except ValueError as error:
            raise outcome.failure(outcome.MALFORMED, "InvalidEndpoint", str(error)) from None
        self._found[service, region] = found
        return found

    def json_call(self, service: str, action: str, payload: dict[str, Any], region: str, role: str) -> Call:
        """A call in the AWS JSON 1.1 protocol; ``action`` with its prefix, "AmazonSSM.GetParameter"."""
        region = region or self.region
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", action)]
        endpoint = self.endpoint(service, region)
        body = jsontext.dumps(payload)
        return Call(service, region, endpoint, headers=headers, body=body, role=role, parse=_document)


def _document(body: bytes) -> dict[str, Any]:
    document = jsontext.loads(body)
    if not isinstance(document, dict):
        raise ValueError("no JSON object")
    return document
