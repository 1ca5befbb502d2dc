"""Connections ahead of need: opened while the rest of the process is being imported."""

from __future__ import annotations

from extension.aws.connection import CONNECT_LIMIT, Cancel
from extension.aws.endpoints import s3_location
from extension.errors import SourceError
from extension.quotas import PARAMETERS_IN_BATCH, SECRETS_IN_BATCH, SECRETS_SINGLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from extension.aws.directory import Directory
    from extension.aws.endpoints import Endpoint
    from extension.aws.pool import Pool
    from extension.fetcher import Fetcher
    from extension.settings import Settings

_IN_BATCH = {"secretsmanager": SECRETS_IN_BATCH, "ssm": PARAMETERS_IN_BATCH, "s3": 1, "sts": 1}


def connect(settings: Settings, directory: Directory, pool: Pool, fetcher: Fetcher) -> None:
    """Begin to open the connections that the prefetch of the lists will want, as far as they can be told beforehand.

    One that fails is no error here: the fetch that claims it gets the reason.
    """
    for (service, region, bucket), count in _places(settings).items():
        try:
            endpoint = directory.endpoint(service, region)
            host = s3_location(endpoint, bucket, "")[0] if bucket else endpoint.host
        except (SourceError, ValueError):
            continue  # the fetch itself will say what is wrong
        limit = min(settings.fetch_timeout.get(service) or CONNECT_LIMIT, CONNECT_LIMIT)
        for _ in range(min(_calls(service, count, settings.secrets_batch), settings.max_connections)):
            pool.announce(endpoint, host)
            fetcher.open_ahead(f"{host}:{endpoint.port}", _warm(pool, endpoint, host, limit))


def _places(settings: Settings) -> dict[tuple[str, str, str], int]:
    """How many resources are listed per service, region and bucket; and roles, which STS is asked for."""
    counts: dict[tuple[str, str, str], int] = {}
    roles: set[str] = set()
    for entry in settings.entries:
        resource = entry.resource
        if resource.service == "secretsmanager" and settings.defers:
            continue
        bucket = resource.name.partition("/")[0] if resource.service == "s3" else ""
        place = (resource.service, resource.region or settings.region, bucket)
        counts[place] = counts.get(place, 0) + 1
        roles.add(resource.role)
    roles.discard("")
    if roles:  # each of them has to be assumed first
        counts["sts", settings.region, ""] = len(roles)
    return counts


def _calls(service: str, count: int, secrets_batch: str) -> int:
    if service == "secretsmanager" and (
        secrets_batch == "never" or (secrets_batch == "auto" and count <= SECRETS_SINGLES)
    ):
        return count
    return -(-count // _IN_BATCH[service])


def _warm(pool: Pool, endpoint: Endpoint, host: str, limit: float) -> Callable[[], None]:
    return lambda: pool.warm(endpoint, host, limit, Cancel())
