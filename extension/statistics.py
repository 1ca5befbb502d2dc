"""The counters of every entry as rows, for ``/stats``, ``/health`` and the summary at SHUTDOWN. Never a value."""

from __future__ import annotations

from extension.sources.listing import Listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from extension.cache import Entry
    from extension.clock import Instant
    from extension.errors import SourceError
    from extension.references import Resource


def measures(value: Any) -> dict[str, Any]:
    """How large a value is, in memory or as a file, and of an object whether it was verified."""
    if not hasattr(value, "checksum"):
        return {"bytes": value.size}
    return {"bytes": len(value.body), "checksum": value.checksum or "not verified"}


def rows(entries: Iterable[Entry], failures: Mapping[Resource, SourceError], now: Instant) -> list[dict[str, Any]]:
    """One row per entry, and one per listed resource that is not there."""
    by_label: dict[str, dict[str, Any]] = {}
    for entry in entries:
        row = by_label[entry.resource.label] = {
            "resource": entry.resource.label,
            "listed": entry.listed,
            "state": entry.state(now),
            "age": round(entry.age(now), 3),
            **measures(entry.value),
            "hits": entry.hits,
            "misses": entry.misses,
            "stale": entry.stale_reads,
        }
        if isinstance(entry.value, Listing):
            row["members"] = len(entry.value.members)
    for resource, error in failures.items():
        absent = {"resource": resource.label, "listed": True, "state": "absent"}
        by_label.setdefault(resource.label, absent)["last_error"] = error.code
    return list(by_label.values())
