"""Where the sections measure: a namespace, the AWS stand-in in it, what lies on /opt."""

from __future__ import annotations

import json
import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import contestants, workload
from benchmarks.contestants import Contestant
from benchmarks.quiet import Quiet
from benchmarks.results import Section
from benchmarks.workload import Workload
from tests.emulator.harness import Aws, Environment
from tests.emulator.namespace import Namespace, NamespaceError

_TOKENS = re.compile(r"[\w+/=.-]{60,}|/[\w./-]{8,}")
_RUNTIME_DONE = re.compile(r"INVOKE RTDONE\(status: (\w+), produced bytes: \d+, duration: ([\d.]+)ms\)")

# How a contestant may fail: it is then left out, and the others are measured.
FAILURES = (RuntimeError, ValueError, LookupError, OSError, NamespaceError)


class Stage:
    """``left_out`` says which contestants are not here, and why."""

    def __init__(
        self, folder: Path, namespace: Namespace, aws: Aws, layouts: dict[str, Path], left_out: list[str], quiet: Quiet
    ) -> None:
        self.folder = folder
        self.namespace = namespace
        self.aws = aws
        self.quiet = quiet
        self.left_out = left_out
        self._layouts = layouts

    def section(self, name: str) -> Section:
        """An empty one, which says where and when."""
        section = Section(name, machine(), time.strftime("%Y-%m-%d"))
        for reason in self.left_out:
            section.note(reason)
        return section

    def contestants(self, *keys: str) -> list[Contestant]:
        """Those whose extension is here; ``keys``: no others."""
        here = [each for each in contestants.CONTESTANTS if each.opt in self._layouts]
        return [each for each in here if each.key in keys] if keys else here

    def environment(
        self,
        contestant: Contestant,
        load: Workload,
        *,
        extra: dict[str, str] | None = None,
        task: Path | None = None,
        timeout: int = 60,
    ) -> Environment:
        """An execution environment of it; nothing of it runs before the first invocation."""
        environ = contestant.environ(load, self.aws.environ) | (extra or {})
        return Environment(
            self.namespace,
            opt=self._layouts[contestant.opt],
            task=task or contestant.function,
            environ=environ,
            timeout=timeout,
        )

    def set_latency(self, milliseconds: float) -> None:
        self.aws.control("POST", "/settings", {"latency_ms": milliseconds})


@contextmanager
def raised(folder: Path, layer: Path, quiet: Quiet) -> Iterator[Stage]:
    """A stage, for as long as the block runs; NamespaceError where there can be none."""
    layouts, left_out = contestants.lay_out(folder / "opt", layer)
    (folder / "namespace").mkdir()
    with Namespace(folder / "namespace") as namespace, Aws(namespace, workload.data()) as aws:
        quiet.is_ours(namespace.pid)
        quiet.is_ours(aws.pid)
        yield Stage(folder, namespace, aws, layouts, left_out, quiet)


def first_invocation(environment: Environment, expected: int) -> float:
    """Invoke it for the first time; how long the function took, in milliseconds. RuntimeError where it failed."""
    response = environment.invoke()
    done = _RUNTIME_DONE.search(environment.log)
    found = json.loads(response.body) if response.status == 200 else None
    if found is None or done is None or done[1] != "success" or found.get("values", expected) != expected:
        raise RuntimeError(f"the first invocation failed: {response}\n{environment.log[-3000:]}")
    return float(done[2])


def brief(error: Exception) -> str:
    """A line about it, without what a path of this machine or a session may have put into it."""
    line = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {_TOKENS.sub('…', line)[:160]}"


def machine() -> str:
    """This one, in a line."""
    names = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{os.cpu_count()} CPUs ({names[0] if names else platform.machine()}), {memory:.0f} GiB, "
        f"{platform.system()} {platform.release().split('-')[0]}, CPython {platform.python_version()}"
    )
