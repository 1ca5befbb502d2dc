"""The one line per INIT and the one per SHUTDOWN: what was fetched, how long it took, who read it."""

from __future__ import annotations

import os
import time

from extension.statistics import measures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from extension.aws.client import Client
    from extension.boot import Boot
    from extension.health import Health
    from extension.logs import Log
    from extension.prefetch import Prefetch
    from extension.references import Resource
    from extension.store import Store

ROWS_MOST = 100  # resources named in one line; CloudWatch takes 256 KB (https://docs.aws.amazon.com/AmazonCloudWatch/…)


class Report:
    """Says how INIT went, and at the end whether it was worth it."""

    def __init__(self, boot: Boot, prefetch: Prefetch, store: Store, client: Client, health: Health, log: Log) -> None:
        self._boot = boot
        self._prefetch = prefetch
        self._store = store
        self._client = client
        self._health = health
        self._log = log

    def init(self) -> None:
        """INIT is over."""
        started = started_at(self._boot)
        rows = self._rows()
        failed = [row for row in rows if row["outcome"] != "ok"]
        self._log.info(
            "init.report",
            message=f"Serving on port {self._boot.port}, ready to serve traffic",  # as filters for AWS's extension look
            registered_ms=_ms(self._boot.registered_at - started),
            ready_ms=_ms(time.time() - started),
            events=list(self._boot.events),
            loaded=len(rows) - len(failed),
            failed=len(failed),
            cut=self._prefetch.cut,
            calls=self._client.calls,
            bytes=sum(row.get("bytes", 0) for row in rows),
            resources=(failed + [row for row in rows if row["outcome"] == "ok"])[:ROWS_MOST],
        )

    def _rows(self) -> list[dict[str, Any]]:
        rows: dict[Resource, dict[str, Any]] = {}
        for job in self._prefetch.round.jobs if self._prefetch.round is not None else ():
            for resource in job.call.resources:
                row: dict[str, Any] = {"resource": resource.label, "ms": round(job.ms, 1), "call": job.call.action}
                value = self._store.held(resource)
                failure = self._store.failure(resource)
                if value is not None:
                    row["outcome"] = "ok"
                    row.update(measures(value))
                    row.update(getattr(value, "report", {}))  # a table's: how many rows, and which are malformed
                elif failure is not None:
                    row["outcome"] = failure.code
                elif job.cancelled:
                    row["outcome"] = "cut"
                else:
                    continue
                rows[resource] = row  # where its batch fell back to a single call, that comes later and is what counts
        return list(rows.values())

    def shutdown(self, reason: str) -> None:
        """The environment ends: who read what. Names what was prefetched and never read, which costs for nothing."""
        rows = self._store.snapshot()
        self._log.info(
            "shutdown.report",
            reason=reason,
            invocations=self._health.invocations,
            calls=self._client.calls,
            entries=[
                {name: row[name] for name in ("resource", "hits", "misses", "stale")} for row in rows if _was_read(row)
            ][:ROWS_MOST],
            # A wildcard is not read but through its members, and what is absent was never prefetched.
            never_read=[
                row["resource"]
                for row in rows
                if row["listed"] and row["state"] != "absent" and "members" not in row and not _was_read(row)
            ][:ROWS_MOST],
        )


def _was_read(row: dict[str, Any]) -> bool:
    return bool(row.get("hits") or row.get("misses") or row.get("stale"))


def started_at(boot: Boot) -> float:
    """When the launcher was started, in seconds since the epoch: by its shell's clock where it has one (bash 5), else
    by the kernel's, to 10 ms."""
    try:
        return float(boot.exec_at.replace(",", "."))
    except ValueError:
        pass
    try:
        with open("/proc/self/stat", "rb", buffering=0) as stat:
            ticks = int(stat.read(4096).rpartition(b")")[2].split()[19])
        return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return boot.started_at


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
