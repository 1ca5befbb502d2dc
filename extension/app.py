"""The composition root: reads the environment once, wires the objects, exits.

What is imported when is part of the design (§1): the connections to AWS are under way, in threads that only wait,
before the bulk of the modules is read.
"""

from __future__ import annotations

import gc
import os
import sys

from extension import logs
from extension.clock import Clock
from extension.errors import InvalidSetting, where
from extension.lambda_api import ApiGone, LambdaApi
from extension.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from extension.aws.call import Budget
    from extension.aws.credentials import Credentials
    from extension.boot import Boot
    from extension.references import Resource
    from extension.sources.s3 import Object
    from extension.store import Source

AWS_EXTENSION = "/opt/extensions/AWSParametersAndSecretsLambdaExtension"


def run(boot: Boot) -> NoReturn:
    """Live the whole life of a registered extension. Does not return."""
    environ = {name: value for name, value in os.environ.items() if value}  # an empty variable is an unset one
    log = logs.Log()
    try:
        api = LambdaApi(boot)
        try:
            settings = Settings.from_environ(environ)
        except InvalidSetting as error:
            log.error("init.invalid_setting", setting=error.name, problem=str(error))
            api.init_error(error.error_type, str(error))
            _exit(1)
        log = logs.Log(settings.log_level)
        for warning in settings.warnings:
            log.warn("settings.warning", problem=warning)
        if not settings.enabled:
            log.info("init.disabled", reason="PREHEAT_ENABLED=false")
            _idle(api)
        if not boot.listeners:
            _report_taken_port(boot, settings, log)
            _idle(api)
        try:
            status = _serve(boot, api, settings, environ, log)
        except ApiGone:
            raise
        except Exception as error:  # noqa: BLE001 (whatever it is, ending the process would fail the function)
            log.error("init.degraded", error=type(error).__name__, where=where(error))
            for listener in boot.listeners:
                listener.close()  # a reader is refused at once, instead of waiting in the backlog for ever
            _idle(api)
        _exit(status)
    except ApiGone as error:
        log.error("lambda_api.gone", problem=str(error))
        _exit(1)


def _serve(boot: Boot, api: LambdaApi, settings: Settings, environ: Mapping[str, str], log: logs.Log) -> int:
    clock = Clock()
    init_until = clock.monotonic() + settings.init_timeout

    from extension import ahead
    from extension.aws.directory import Directory
    from extension.aws.pool import Pool
    from extension.aws.trust import Trust
    from extension.fetcher import Fetcher

    trust = Trust(settings.ca_bundle, os.path.dirname(__file__) + "/aws/amazon_roots.pem")
    pool = Pool(trust, clock)
    directory = Directory(settings)
    fetcher = Fetcher(clock, log, settings.max_connections)
    ahead.connect(settings, directory, pool, fetcher)

    from extension.api import Api
    from extension.api.guards import Tokens
    from extension.aws.client import Client
    from extension.aws.credentials import CredentialStore, NoCredentials, own_credentials
    from extension.aws.roles import assume_role
    from extension.health import Health
    from extension.http1.loop import Loop
    from extension.lifecycle import Lifecycle
    from extension.prefetch import Prefetch
    from extension.refresher import Refresher
    from extension.report import Report
    from extension.resolution import Resolver
    from extension.sources.listing import MOST_NAMES
    from extension.sources.parameter_store import ParameterStore
    from extension.sources.s3 import S3
    from extension.sources.secrets_manager import SecretsManager
    from extension.store import Store

    def assume(role: str, budget: Budget) -> Credentials:
        endpoint = directory.endpoint("sts", directory.region)
        return assume_role(client, endpoint, directory.region, role, budget)

    def held(resource: Resource) -> Object | None:
        found: Object | None = store.held(resource)
        return found

    own = own_credentials(environ, trust, clock)
    credentials = CredentialStore(own, assume, clock)
    if isinstance(own, NoCredentials):
        log.error("credentials.missing", problem=NoCredentials.PROBLEM)
    client = Client(pool, credentials, clock, settings.cache_memory)
    resolver = Resolver(settings.entries, settings.region, api.account_id, settings.allow == "listed")
    most_names = min(MOST_NAMES, settings.cache_items)
    sources: dict[str, Source] = {
        "secretsmanager": SecretsManager(client, directory, clock, settings.secrets_batch),
        "ssm": ParameterStore(client, directory, clock, most_names),
        "s3": S3(client, directory, held, settings.cache_memory, most_names),
    }
    freezes = "INVOKE" in boot.events
    store = Store(settings, sources, fetcher, resolver, clock, log, freezes=freezes)
    prefetch = Prefetch(store, settings, clock, log)
    prefetch.start()

    health = Health()
    tokens = Tokens(environ, credentials.session_tokens)
    if not tokens.any:
        log.error("token.missing", problem="no AWS_SESSION_TOKEN and no PREHEAT_TOKEN is set: all but /ping is 401")
    server = Loop(boot.listeners, Api(store, tokens, health, clock, log), log)
    server.start()
    report = Report(boot, prefetch, store, client, health, log)
    refresher = Refresher(store, credentials.begin_round, clock)
    lifecycle = Lifecycle(api, prefetch, refresher, server, report, health, clock, log)
    return lifecycle.run(init_until, _settle)


def _settle() -> None:
    """INIT is over: what is there now stays for the life of the process, so the collector need not look at it again."""
    gc.freeze()
    gc.enable()


def _idle(api: LambdaApi) -> NoReturn:
    """Nothing to do but to end with the environment."""
    while api.next().kind != "SHUTDOWN":
        pass
    _exit(0)


def _report_taken_port(boot: Boot, settings: Settings, log: logs.Log) -> None:
    problem = f"port {settings.port} can't be bound ({boot.bind_error}): nothing is prefetched and nothing served"
    if os.path.exists(AWS_EXTENSION):
        problem += f"; {AWS_EXTENSION} uses it: remove that layer, or set PREHEAT_PORT"
    log.error("boot.port_taken", problem=problem)


def _exit(status: int) -> NoReturn:
    """End now, with workers still out: everything that was to be written is written."""
    sys.stdout = sys.stderr = None  # nothing may flush into a closed pipe
    os._exit(status)
