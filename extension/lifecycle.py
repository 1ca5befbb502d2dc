"""The order of things from registration to SHUTDOWN. Collaborators are handed in; nothing here does I/O of its own."""

from __future__ import annotations

from extension.errors import RequiredResourceUnavailable, where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from extension.clock import Clock
    from extension.health import Health
    from extension.http1.loop import Loop
    from extension.lambda_api import Event, LambdaApi
    from extension.logs import Log
    from extension.marker import Marker
    from extension.prefetch import Prefetch
    from extension.refresher import Refresher
    from extension.report import Report
    from extension.restore import Restore

# Lambda gives all extensions and the runtime 2 s from SHUTDOWN, the runtime first; 300 to 600 ms of it are gone when
# the event comes, and a SIGKILL ends what is late
# (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, Shutdown phase).
DRAIN_LIMIT = 0.5
SHUTDOWN_MARGIN = 0.3


class Lifecycle:
    """INIT, then one event after another, then SHUTDOWN."""

    def __init__(
        self,
        api: LambdaApi,
        prefetch: Prefetch,
        refresher: Refresher,
        server: Loop,
        report: Report,
        health: Health,
        restore: Restore,
        marker: Marker,
        clock: Clock,
        log: Log,
        *,
        snapshots: bool,
        after_first_invoke: Callable[[], None],
    ) -> None:
        """``after_first_invoke`` must not keep the main thread, which asks for the next event."""
        self._restore = restore
        self._marker = marker
        self._snapshots = snapshots
        self._api = api
        self._prefetch = prefetch
        self._refresher = refresher
        self._server = server
        self._report = report
        self._health = health
        self._clock = clock
        self._log = log
        self._after_first_invoke = after_first_invoke

    def run(self, init_until: float, ready: Callable[[], None]) -> int:
        """Live through it; the exit status. ``init_until``: the moment of monotonic time up to which prefetch may hold
        INIT. ``ready`` is called once INIT is over."""
        self._guarded(self._prefetch.wait, init_until)
        try:
            self._prefetch.check_required(deferred=not self._prefetch.defers)
        except RequiredResourceUnavailable as error:
            self._log.error("init.required_unavailable", problem=str(error))
            self._api.init_error(error.error_type, str(error))
            return 1
        self._health.ready = True
        self._guarded(self._report.init)
        ready()
        if self._snapshots:
            self._guarded(self._restore.arm)
        while True:
            event = self._api.next()
            if event.kind == "SHUTDOWN":
                self._shut_down(event)
                return 0
            if event.kind == "INVOKE":
                self._health.invocations += 1
                self._guarded(self._invoke, event.deadline_ms)
                if self._health.invocations == 1:
                    self._guarded(self._after_first_invoke)

    def _invoke(self, deadline_ms: float) -> None:
        if self._health.invocations == 1:
            self._marker.first_invoke(deadline_ms - self._clock.wall() * 1000)
        restored = self._restore.pending
        if restored:
            self._restore.invoked()
        self._refresher.invoke(deadline_ms)
        if restored and self._prefetch.defers:
            try:
                self._prefetch.check_required()
            except RequiredResourceUnavailable as error:  # too late to fail INIT, and a reader gets its error anyway
                self._log.error("init.required_unavailable", problem=str(error))

    def _guarded(self, step: Callable[..., object], *arguments: object) -> None:
        """A fault of ours must not end the process, which would fail the function: it goes on degraded, and says so."""
        try:
            step(*arguments)
        except Exception as error:  # noqa: BLE001 (a fault of ours costs one answer, never the process)
            self._log.fault("lifecycle.degraded", error=type(error).__name__, where=where(error))

    def _shut_down(self, event: Event) -> None:
        left = event.deadline_ms / 1000 - self._clock.wall() - SHUTDOWN_MARGIN
        self._guarded(self._server.stop, max(min(left, DRAIN_LIMIT), 0.0))
        self._guarded(self._report.shutdown, event.reason)
