"""Puts what several clocks and logs say about one cold start into rows of a waterfall. Pure.

All times here are seconds since the epoch, as the processes of one machine share that clock; rows have milliseconds
since INIT began. The emulator's log counts whole milliseconds.
"""

from __future__ import annotations

import calendar
import json
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from demo.records import AWS, CONNECTIONS, FUNCTION, LAMBDA, SIDECAR, ColdStart, Failed, Fetched, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINE = re.compile(r"^(\d+ \w{3} \d{4} [\d:]{8}),(\d{3}) \[\w+\] \(rapid\) (.*)$", re.MULTILINE)


class Moments(NamedTuple):
    """When Lambda, real or not, did what. ``registered``: the extension had; 0 where there is none."""

    began: float
    registered: float
    ready: float  # the extension asked for next; 0 where there is none
    over: float  # INIT was


class Entry(NamedTuple):
    """A connection to AWS, or a call with its ``action``."""

    start: float
    end: float
    action: str = ""


class Answer(NamedTuple):
    """What the function's clock and the function itself said in one invocation."""

    static: tuple[float, float]
    handler: tuple[float, float]
    status: int
    body: str

    @property
    def handler_ms(self) -> float:
        """The handler alone."""
        return (self.handler[1] - self.handler[0]) * 1000


def emulated(log: str) -> Moments:
    """The emulator's log; ``Failed`` where INIT did not come to its end."""
    found: dict[str, float] = {}
    for date, thousandths, text in _LINE.findall(log):
        at = calendar.timegm(time.strptime(date, "%d %b %Y %H:%M:%S")) + int(thousandths) / 1000
        for name, pattern in (("began", "INIT START"), ("over", "INIT REPORT"), ("registered", "External agent ")):
            if text.startswith(pattern):
                found.setdefault(name, at)
    if not {"began", "over"} <= set(found):
        raise Failed(f"INIT did not come to its end; the log of the emulator:\n{tail(log)}")
    return Moments(found["began"], found.get("registered", 0.0), _ready(log), found["over"])


def _ready(log: str) -> float:
    """When Preheat had everything: it says so just before it asks for ``next``."""
    lines = reports(log)
    if not lines:
        return 0.0
    stamp = lines[0]["time"]
    return calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")) + float(f"0{stamp[19:-1]}")


def reports(log: str) -> list[dict[str, Any]]:
    """Preheat's lines about INIT in a log."""
    return [json.loads(line) for line in log.splitlines() if line.startswith('{"time":') and '"init.report"' in line]


def prefetched(report: dict[str, Any]) -> tuple[Fetched, ...]:
    """What the report says of each resource."""
    return tuple(
        Fetched(row["resource"], kind_of(row["call"]), row.get("bytes", 0), row["ms"], row["outcome"])
        for row in report["resources"]
    )


def kind_of(action: str) -> str:
    """What a call fetches."""
    return next((kind for kind in ("secret", "parameter", "object") if kind in action.lower()), "")


def journal(lines: Iterable[str]) -> list[Entry]:
    """What ``demo.aws`` wrote down, in the order in which it began."""
    entries = [json.loads(line) for line in lines]
    return sorted(Entry(entry["start"], entry["end"], entry.get("action", "")) for entry in entries)


def answer(document: dict[str, Any]) -> Answer:
    """What ``demo/function/app.py`` returned."""
    told = document["answer"]
    static, handler = document["static"], document["handler"]
    return Answer((static[0], static[1]), (handler[0], handler[1]), told["statusCode"], told["body"])


def cold_start(
    moments: Moments, entries: list[Entry], first: Answer, warm: Iterable[Answer], fetched: tuple[Fetched, ...]
) -> ColdStart:
    """All of it, from the beginning of INIT to the first answer and after."""
    calls = [entry for entry in entries if entry.action]

    def since(*span: float) -> tuple[float, float]:
        return (max(span[0] - moments.began, 0.0) * 1000, max(span[-1] - moments.began, 0.0) * 1000)

    rows = []
    if moments.registered:
        rows.append(Row(SIDECAR, "exec to registered", (since(moments.began, moments.registered),)))
    until_first = [entry for entry in entries if entry.start <= first.handler[1]]
    connections = tuple(since(entry.start, entry.end) for entry in until_first if not entry.action)
    to_aws = [Row(CONNECTIONS, "connections", connections, str(len(connections)))] if connections else []
    to_aws += [Row(AWS, entry.action, (since(entry.start, entry.end),)) for entry in until_first if entry.action]
    function = [
        Row(FUNCTION, "runtime starts", (since(moments.registered or moments.began, first.static[0]),)),
        Row(FUNCTION, "static code", (since(*first.static),)),
    ]
    over = Row(LAMBDA, "INIT over", (since(moments.over),))
    handler = Row(FUNCTION, "first handler", (since(*first.handler),))
    if moments.ready:
        rows += [*to_aws, Row(SIDECAR, "sidecar ready", (since(moments.ready),)), *function, over, handler]
    else:
        rows += [*function, over, handler, *to_aws]
    return ColdStart(
        init_ms=since(moments.over)[0],
        answered_ms=since(first.handler[1])[0],
        first_ms=first.handler_ms,
        warm_ms=tuple(each.handler_ms for each in warm),
        calls=len(calls),
        rows=tuple(rows),
        fetched=fetched,
        answer=first.body,
    )


def tail(log: str, lines: int = 15) -> str:
    """The end of a log, indented."""
    return "\n".join(f"  {line[:300]}" for line in log.splitlines()[-lines:])
