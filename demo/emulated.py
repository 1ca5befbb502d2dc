"""Cold starts under AWS's Runtime Interface Emulator, in private namespaces: nothing on the machine is touched."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from demo import timeline, workload
from demo.records import ColdStart, Failed
from tests.emulator.harness import Environment, plain_environ
from tests.emulator.namespace import ROOT, Namespace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.emulator.namespace import Response

_LIMIT = 60.0  # seconds for moto to be there: on a machine that has just been set up nothing is in memory yet


class Emulated:
    """Lambda and AWS inside ``namespace``. ``opt``: the layer; ``task``: the function."""

    def __init__(self, namespace: Namespace, opt: Path, task: Path) -> None:
        self._namespace = namespace
        self._opt = opt
        self._task = task
        self._nothing = namespace.folder / "nothing"
        self._aws = namespace.folder / "aws"
        for folder in (self._nothing, self._aws):
            folder.mkdir()
        command: list[str | Path] = [sys.executable, "-m", "demo.aws", self._aws]
        _, ready = namespace.spawn(command, environ=plain_environ(), folder=ROOT, log=self._aws / "log", ready=_LIMIT)
        self._environ: dict[str, str] = json.loads(ready)

    def cold_start(self, *, with_preheat: bool, warm: int) -> ColdStart:
        """A new execution environment, one cold and ``warm`` warm invocations, and its end."""
        environ = self._environ | (workload.PREHEAT if with_preheat else workload.BOTO3)
        opt = self._opt if with_preheat else self._nothing
        journal = self._aws / "journal"
        known = journal.stat().st_size if journal.exists() else 0
        with Environment(self._namespace, opt=opt, task=self._task, environ=environ) as environment:
            answers = [self._answer(environment.invoke(workload.EVENT), environment) for _ in range(1 + warm)]
            environment.terminate()
            log = environment.log
        reports = timeline.reports(log)
        if with_preheat and not reports:
            raise Failed(f"Preheat's report is missing; the log of the emulator:\n{timeline.tail(log)}")
        with journal.open(encoding="utf-8") as lines:
            lines.seek(known)
            entries = timeline.journal(lines)
        fetched = timeline.prefetched(reports[0]) if reports else ()
        return timeline.cold_start(timeline.emulated(log), entries, answers[0], answers[1:], fetched)

    def _answer(self, response: Response, environment: Environment) -> timeline.Answer:
        try:
            document: dict[str, Any] = response.json()
            answer = timeline.answer(document)
        except (ValueError, LookupError, TypeError):
            raise Failed(f"the function failed; the log of the emulator:\n{timeline.tail(environment.log)}") from None
        if answer.status != 200:
            raise Failed(f"the function answered {answer.status}: {answer.body}\n{timeline.tail(environment.log)}")
        return answer
