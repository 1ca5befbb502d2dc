"""The root of the process in Lambda: reads the environment once, has the parts assembled, lives, exits."""

from __future__ import annotations

import gc
import os
import sys

from extension import logs
from extension.clock import Clock
from extension.errors import ApiGone, InvalidSetting, where
from extension.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from extension.boot import Boot
    from extension.lambda_api import LambdaApi

AWS_EXTENSION = "/opt/extensions/AWSParametersAndSecretsLambdaExtension"


def run(boot: Boot) -> NoReturn:
    """Live the whole life of a registered extension. Does not return."""
    environ = {name: value for name, value in os.environ.items() if value}  # an empty variable is an unset one
    log = logs.Log()
    try:
        _exit(_run(boot, environ, log))
    except ApiGone as error:
        log.error("lambda_api.gone", problem=str(error))
        _exit(1)


def _run(boot: Boot, environ: Mapping[str, str], log: logs.Log) -> int:
    try:
        settings = Settings.from_environ(environ)
    except InvalidSetting as error:
        log.error("init.invalid_setting", setting=error.name, problem=str(error))
        _api(boot).init_error(error.error_type, str(error))
        return 1
    log = logs.Log(settings.log_level)
    for warning in settings.warnings:
        log.warn("settings.warning", problem=warning)
    if not settings.enabled:
        log.info("init.disabled", reason="PREHEAT_ENABLED=false")
        return _idle(_api(boot))
    if not boot.listeners:
        _report_taken_port(boot, settings, log)
        return _idle(_api(boot))
    try:
        return _serve(boot, settings, environ, log)
    except ApiGone:
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, ending the process would fail the function)
        log.error("init.degraded", error=type(error).__name__, where=where(error))
        for listener in boot.listeners:
            listener.close()  # a reader is refused at once, instead of waiting in the backlog for ever
        return _idle(_api(boot))


def _serve(boot: Boot, settings: Settings, environ: Mapping[str, str], log: logs.Log) -> int:
    clock = Clock()

    from extension import assembly
    from extension.marker import Marker

    transport = assembly.connect(settings, clock, log)
    marker = Marker(environ)
    init_until = clock.monotonic() + marker.hold(settings.init_timeout)
    api = _api(boot)
    freezes = "INVOKE" in boot.events
    sidecar = assembly.assemble(
        transport, settings, environ, clock, log, listeners=boot.listeners, account_id=api.account_id, freezes=freezes
    )

    from extension.lifecycle import Lifecycle
    from extension.report import Report

    def seal() -> None:
        transport.fetcher.ahead(_become_undumpable)

    report = Report(boot, sidecar.prefetch, sidecar.store, sidecar.client, sidecar.health, log)
    lifecycle = Lifecycle(
        api,
        sidecar.prefetch,
        sidecar.refresher,
        sidecar.server,
        report,
        sidecar.health,
        sidecar.restore,
        marker,
        clock,
        log,
        snapshots=settings.snapshots,
        after_first_invoke=seal,
    )

    def ready() -> None:
        settle()
        if not freezes:
            sidecar.refresher.start_timer()
            seal()

    if marker.found:
        transport.fetcher.ahead(sidecar.objects.sweep)
    try:
        return lifecycle.run(init_until, ready)
    finally:
        sidecar.objects.close()


def _api(boot: Boot) -> LambdaApi:
    """Not needed before the connections to AWS are under way."""
    from extension.lambda_api import LambdaApi

    return LambdaApi(boot)


def _become_undumpable() -> None:
    """Not needed before the first INVOKE, and then in a worker."""
    from extension.libc import become_undumpable

    become_undumpable()


def settle() -> None:
    """INIT is over: what is there now stays for the life of the process, so the collector need not look at it again."""
    gc.freeze()
    gc.enable()


def _idle(api: LambdaApi) -> int:
    """Nothing to do but to end with the environment."""
    while api.next().kind != "SHUTDOWN":
        pass
    return 0


def _report_taken_port(boot: Boot, settings: Settings, log: logs.Log) -> None:
    problem = f"port {settings.port} can't be bound ({boot.bind_error}): nothing is prefetched and nothing served"
    if boot.name != os.path.basename(AWS_EXTENSION) and os.path.exists(AWS_EXTENSION):
        problem += f"; {AWS_EXTENSION} uses it: remove that layer, or set PREHEAT_PORT"
    log.error("boot.port_taken", problem=problem)


def _exit(status: int) -> NoReturn:
    """End now, with workers still out: everything that was to be written is written."""
    sys.stdout = sys.stderr = None  # nothing may flush into a closed pipe
    os._exit(status)
