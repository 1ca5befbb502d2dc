"""Who plays Lambda: AWS's emulator in private namespaces where that runs, else the project's own stand-in."""

from __future__ import annotations

import signal
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from demo import interruption, prepare, progress, workload
from demo.standin import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.records import ColdStart

_AWS = f"AWS: moto behind TLS, {workload.LATENCY_MS:.0f} ms a call."


class Stage(Protocol):
    """What plays Lambda and AWS."""

    def cold_start(self, *, with_preheat: bool, warm: int) -> ColdStart:
        """One execution environment from its beginning to its end: a cold invocation, then so many ``warm`` ones."""


class Chosen(NamedTuple):
    """A stage, and what to call it."""

    stage: Stage
    name: str


def choose(folder: Path, layer: Path, stack: ExitStack, *, stand_in: bool) -> Chosen:
    """The best stage that this machine has; what it needs in ``folder`` and ends with ``stack``."""
    if stand_in:
        return _stand_in(folder, layer, stack)
    try:
        return _emulator(folder / "emulator", layer, stack)
    except _Unavailable as problem:
        progress.tell(f"  AWS's emulator cannot run here: {problem}")
        progress.tell("  So the project's own stand-in for Lambda takes its place.")
    return _stand_in(folder, layer, stack)


class _Unavailable(Exception):
    """Why not."""


def _emulator(folder: Path, layer: Path, stack: ExitStack) -> Chosen:
    # Not loaded where it is not wanted: it is for Linux.
    from layer.wheels import WheelError
    from tests.emulator.binary import emulator
    from tests.emulator.namespace import Namespace, NamespaceError

    folder.mkdir()
    with ExitStack() as own:
        try:
            with interruption.held(), _out_of_reach():
                namespace = own.enter_context(Namespace(folder))
            with progress.step("getting AWS's Runtime Interface Emulator"):
                emulator()
        except NamespaceError as error:
            raise _Unavailable(f"no private namespace: {error}") from None
        except (LookupError, OSError, WheelError) as error:
            raise _Unavailable(str(error)) from None

        from demo.emulated import Emulated

        opt, task = _lay_out(folder, layer)
        try:
            with progress.step("starting moto as AWS, and the emulator"):
                stage = Emulated(namespace, opt, task)
                stage.cold_start(with_preheat=False, warm=0)
        except NamespaceError as error:
            raise _Unavailable(str(error)) from None
        stack.push(own.pop_all())
    return Chosen(stage, f"Lambda: AWS's Runtime Interface Emulator, in private namespaces. {_AWS}")


@contextmanager
def _out_of_reach() -> Iterator[None]:
    """What is started now, and all that it starts, does not feel Ctrl-C: we do, and end it in good order."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _stand_in(folder: Path, layer: Path, stack: ExitStack) -> Chosen:
    folder = folder / "stand-in"
    folder.mkdir()
    opt, task = _lay_out(folder, layer)
    with progress.step("starting moto as AWS, and the stand-in for Lambda"):
        stage = StandIn(folder, opt, task, stack)
        stage.cold_start(with_preheat=False, warm=0)
    return Chosen(stage, f"Lambda: the project's own stand-in, not AWS's emulator. {_AWS}")


def _lay_out(folder: Path, layer: Path) -> tuple[Path, Path]:
    return prepare.lay_out_layer(layer, folder / "opt"), prepare.lay_out_function(folder / "task")
