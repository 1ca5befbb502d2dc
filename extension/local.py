"""The sidecar outside Lambda: for local work, containers and EC2.

Started by hand it serves the same lists on the same port, refreshes by a timer, because nothing freezes, and stops on
SIGINT and SIGTERM. Callers show ``PREHEAT_TOKEN`` where there is no session token in the environment.
"""

from __future__ import annotations

import os
import signal
import sys

from extension.boot import Boot, bind
from extension.clock import Clock
from extension.errors import InvalidSetting, RequiredResourceUnavailable
from extension.libc import become_undumpable
from extension.logs import Log
from extension.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from extension.assembly import Sidecar
    from extension.aws.call import Budget
    from extension.aws.credentials import Credentials
    from extension.report import Report

_STOP = (signal.SIGINT, signal.SIGTERM)
_DRAIN_LIMIT = 2.0  # seconds
_MISSING = "cachetools is not installed: run it with the Python of .venv (make venv), or pip install cachetools"


def main() -> NoReturn:
    """Serve until told to stop. Exits with 1 where a setting is wrong or something required is missing."""
    # Blocked before any thread starts, so that every thread inherits it and only sigwait() below gets them.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
    environ = {name: value for name, value in os.environ.items() if value}
    log = Log()
    try:
        settings = Settings.from_environ(environ)
    except InvalidSetting as error:
        log.error("init.invalid_setting", setting=error.name, problem=str(error))
        sys.exit(1)
    log = Log(settings.log_level)
    for warning in settings.warnings:
        log.warn("settings.warning", problem=warning)
    if not settings.enabled:
        log.info("init.disabled", reason="PREHEAT_ENABLED=false")
        sys.exit(0)
    boot = Boot("preheat", "")
    boot.port = settings.port
    bind(boot)
    if not boot.listeners:
        log.error(
            "boot.port_taken", problem=f"port {settings.port} can't be bound ({boot.bind_error}): set PREHEAT_PORT"
        )
        sys.exit(1)
    boot.registered_at = boot.started_at
    _exit(_serve(boot, settings, environ, log))


def _serve(boot: Boot, settings: Settings, environ: Mapping[str, str], log: Log) -> int:
    try:
        from extension import assembly
        from extension.report import Report
    except ModuleNotFoundError:
        log.error("init.incomplete", problem=_MISSING)
        return 1
    clock = Clock()
    until = clock.monotonic() + settings.init_timeout
    session = _session(environ)
    if session is not None and not settings.region and session.region_name:
        settings = Settings.from_environ({**environ, "AWS_REGION": session.region_name})
    sidecar = assembly.assemble(
        assembly.connect(settings, clock, log),
        settings,
        environ,
        clock,
        log,
        listeners=boot.listeners,
        account_id="",
        freezes=False,
        own=SessionCredentials(session) if session is not None else None,
    )
    report = Report(boot, sidecar.prefetch, sidecar.store, sidecar.client, sidecar.health, log)
    try:
        return _live(sidecar, report, until, settings, log)
    finally:
        sidecar.objects.close()


def _live(sidecar: Sidecar, report: Report, until: float, settings: Settings, log: Log) -> int:
    sidecar.objects.sweep()
    sidecar.prefetch.wait(until)
    try:
        sidecar.prefetch.check_required()
    except RequiredResourceUnavailable as error:
        log.error("init.required_unavailable", problem=str(error))
        return 1
    sidecar.health.ready = True
    report.init()
    log.info("local.serving", url=f"http://127.0.0.1:{settings.port}", stop="SIGINT or SIGTERM")
    become_undumpable()
    sidecar.refresher.start_timer()
    stopped_by = signal.sigwait(_STOP)
    sidecar.server.stop(_DRAIN_LIMIT)
    report.shutdown(signal.Signals(stopped_by).name)
    return 0


class SessionCredentials:
    """What boto3 finds: profiles, SSO, web identity, instance metadata. It refreshes them by itself."""

    __slots__ = ("_session",)
    rotates = False

    def __init__(self, session: Any) -> None:
        self._session = session

    def load(self, _budget: Budget) -> Credentials:
        """The keys as they are now."""
        from extension.aws import outcome
        from extension.aws.credentials import Credentials

        try:
            frozen = self._session.get_credentials().get_frozen_credentials()
        except Exception as error:  # noqa: BLE001 (whatever botocore raises, the read is answered and the process lives)
            problem = f"boto3 finds no credentials: {type(error).__name__}"
            raise outcome.failure(outcome.CREDENTIALS, "NoCredentials", problem) from None
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def _session(environ: Mapping[str, str]) -> Any:
    """A boto3 session that has credentials; None where the environment itself has them, or boto3 is not installed, or
    finds none."""
    from extension.aws.credentials import EnvironmentCredentials

    if EnvironmentCredentials.found(environ) or environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        return None
    try:
        import boto3
    except ModuleNotFoundError:
        return None
    session = boto3.Session()
    return session if session.get_credentials() is not None else None


def _exit(status: int) -> NoReturn:
    """End now, with workers still out."""
    sys.stdout.flush()
    os._exit(status)
