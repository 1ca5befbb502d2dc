"""Puts the parts of the sidecar together, in the order in which the time of a cold start is best spent.

The connections to AWS are under way, in threads that only wait, before the bulk of the modules is imported; the calls
are under way before the server is. A reader that comes earlier waits in the listeners' backlog.
"""

from __future__ import annotations

import os

from extension import ahead
from extension.aws.directory import Directory
from extension.aws.pool import Pool
from extension.aws.trust import Trust
from extension.fetcher import Fetcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Mapping

    from extension.aws.call import Budget
    from extension.aws.client import Client
    from extension.aws.credentials import Credentials, CredentialStore, OwnCredentials
    from extension.aws.roles import AssumedRoles
    from extension.clock import Clock
    from extension.files import Files
    from extension.health import Health
    from extension.http1.loop import Loop
    from extension.loader import Source
    from extension.logs import Log
    from extension.prefetch import Prefetch
    from extension.references import Resource
    from extension.refresher import Refresher
    from extension.restore import Restore
    from extension.settings import Settings
    from extension.sources.object import Object
    from extension.sources.s3 import S3
    from extension.store import Store
    from extension.tables.registry import Tables


class Sidecar:
    """The parts that whoever runs it needs."""

    __slots__ = ("client", "credentials", "health", "objects", "prefetch", "refresher", "restore", "server", "store")

    client: Client
    credentials: CredentialStore
    health: Health
    objects: S3
    prefetch: Prefetch
    refresher: Refresher
    restore: Restore
    server: Loop
    store: Store


class Transport:
    """What carries the calls to AWS."""

    __slots__ = ("directory", "fetcher", "pool", "trust")

    def __init__(self, settings: Settings, clock: Clock, log: Log) -> None:
        self.trust = Trust(settings.ca_bundle, os.path.dirname(__file__) + "/aws/amazon_roots.pem")
        proxies = None
        if settings.https_proxy:
            from extension.proxies import Proxies

            proxies = Proxies(settings.https_proxy, settings.no_proxy)
        self.pool = Pool(self.trust, clock, proxies)
        self.directory = Directory(settings)
        self.fetcher = Fetcher(clock, log, settings.max_connections)


def connect(settings: Settings, clock: Clock, log: Log) -> Transport:
    """Begin to open the connections that the prefetch will want."""
    transport = Transport(settings, clock, log)
    ahead.connect(settings, transport.directory, transport.pool, transport.fetcher)
    return transport


def assemble(
    transport: Transport,
    settings: Settings,
    environ: Mapping[str, str],
    clock: Clock,
    log: Log,
    *,
    listeners: list[_socket.socket],
    account_id: str,
    freezes: bool,
    own: OwnCredentials | None = None,
) -> Sidecar:
    """A sidecar whose prefetch is under way and whose server runs. ``own``: the keys to use instead of what the
    environment names."""
    sidecar = Sidecar()
    directory, fetcher = transport.directory, transport.fetcher

    from extension.aws.client import Client
    from extension.aws.credentials import CredentialStore, NoCredentials, own_credentials
    from extension.health import Health
    from extension.prefetch import Prefetch
    from extension.resolution import Resolver
    from extension.sources.listing import MOST_NAMES
    from extension.sources.parameter_store import ParameterStore
    from extension.sources.s3 import S3
    from extension.sources.secrets_manager import SecretsManager
    from extension.store import Store

    def roles() -> AssumedRoles:
        from extension.aws.roles import AssumedRoles, assume_role, session_name

        session = session_name(environ.get("AWS_LAMBDA_FUNCTION_NAME", ""))

        def assume(role: str, budget: Budget) -> Credentials:
            endpoint = directory.endpoint("sts", directory.region)
            return assume_role(sidecar.client, endpoint, directory.region, role, session, budget)

        return AssumedRoles(assume, clock)

    def held(resource: Resource) -> Object | None:
        found: Object | None = sidecar.store.held(resource)
        return found

    sidecar.health = Health()
    log.on_fault = sidecar.health.fault

    def make_files() -> Files:
        from extension.files import Files
        from extension.marker import place

        return Files(place(environ), clock.monotonic)

    own = own or own_credentials(environ, transport.trust, clock)
    if isinstance(own, NoCredentials):
        log.error("credentials.missing", problem=own.problem)
    sidecar.credentials = CredentialStore(own, roles, clock)
    sidecar.client = client = Client(transport.pool, sidecar.credentials, clock, settings.cache_memory)
    resolver = Resolver(settings.entries, settings.region, account_id, settings.allow == "listed", settings.ttl)
    tables: Tables | None = None
    if resolver.tables:
        from extension.marker import place
        from extension.tables.registry import Tables

        memory, seconds = settings.cache_memory, settings.init_timeout
        tables = Tables(resolver.entries, place(environ), memory, seconds, clock, log)
    most_names = min(MOST_NAMES, settings.cache_items)
    sidecar.objects = S3(
        client,
        directory,
        held,
        settings.cache_memory,
        most_names,
        log,
        wants_file=resolver.wants_file,
        make_files=make_files,
        lend=fetcher.lend,
        tables=tables,
    )
    sources: dict[str, Source] = {
        "secretsmanager": SecretsManager(client, directory, clock, settings.secrets_batch),
        "ssm": ParameterStore(client, directory, clock, most_names),
        "s3": sidecar.objects,
    }
    sidecar.store = Store(settings, sources, fetcher, resolver, clock, log, freezes=freezes)
    sidecar.prefetch = Prefetch(sidecar.store, settings, clock, log)
    try:
        sidecar.prefetch.start()
    except Exception as error:  # noqa: BLE001 (who reads what was not prefetched fetches it)
        log.fault("prefetch.fault", error=type(error).__name__)

    from extension.api import Api
    from extension.api.guards import Tokens
    from extension.http1.loop import Loop
    from extension.refresher import Refresher
    from extension.restore import Restore

    # The settings' token, which may be from the configuration file, instead of the variable.
    tokens = Tokens({**environ, "PREHEAT_TOKEN": settings.token}, sidecar.credentials, fetcher, clock)
    if not tokens.any:
        log.error("token.missing", problem="no AWS_SESSION_TOKEN and no PREHEAT_TOKEN is set: all but /ping is 401")
    sidecar.restore = restore = Restore(sidecar.store, sidecar.credentials, transport.pool, clock)
    api = Api(sidecar.store, tokens, sidecar.health, restore, clock, log, agent=settings.compat == "agent")
    sidecar.server = Loop(listeners, api, log)
    sidecar.server.start()
    sidecar.refresher = Refresher(sidecar.store, sidecar.credentials.begin_round, sidecar.objects.release, clock, log)
    return sidecar
