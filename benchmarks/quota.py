"""What CPU a small function gets: a control group that may run so long in each period. Linux, where it may be made.

Lambda gives CPU in proportion to memory, a whole one at 1,769 MB
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html): 128 MB are 7 % of one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

PERIOD_US = 20_000
QUOTA_US = 1_400
_SPIN = 0.2  # seconds that the quota is tried for


class NoQuota(Exception):
    """This machine, or this user, can't hold processes to a share of a CPU; says why."""


class Quota:
    """Use as a context manager; NoQuota where it can't be had, or does not hold."""

    def __init__(self) -> None:
        self._group = _parent() / f"preheat-bench-{os.getpid()}"

    def __enter__(self) -> Quota:
        try:
            self._group.mkdir()
            if (self._group / "cpu.cfs_quota_us").exists():  # version 1
                (self._group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
                (self._group / "cpu.cfs_quota_us").write_text(str(QUOTA_US))
            else:
                (self._group / "cpu.max").write_text(f"{QUOTA_US} {PERIOD_US}")
            self._try()
        except OSError as error:
            self._remove()
            raise NoQuota(f"{self._group.parent}: {error.strerror or error}") from None
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def add(self, pid: int) -> None:
        """Hold this process to it, and all that it starts from now on."""
        (self._group / "cgroup.procs").write_text(str(pid))

    def wrapped(self, command: list[str]) -> list[str]:
        """The command that runs ``command`` held to it."""
        return ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(self._group), *command]

    def _try(self) -> None:
        """A kernel may take the numbers and not obey."""
        program = (
            f"import time\nuntil = time.time() + {_SPIN}\nwhile time.time() < until: pass\nprint(time.process_time())"
        )
        done = subprocess.run(
            self.wrapped([sys.executable, "-I", "-S", "-c", program]), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NoQuota(done.stderr.strip() or f"a process in it ended with {done.returncode}")
        if float(done.stdout) > _SPIN / 2:
            raise NoQuota("the kernel does not hold processes to it")

    def _remove(self) -> None:
        for _ in range(100):  # a process that has just ended may still be in it
            try:
                self._group.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.05)
            else:
                return


def _parent() -> Path:
    """The group to make ours in, with the cpu controller at hand."""
    parent, unified = place(Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())
    if unified:
        try:
            (parent / "cgroup.subtree_control").write_text("+cpu")
        except OSError as error:
            raise NoQuota(f"{parent}: {error.strerror}") from None
    return parent


def place(mounts: str, groups: str) -> tuple[Path, bool]:
    """Our own group in the hierarchy for the CPU, by /proc/self/mountinfo and /proc/self/cgroup (proc(5), cgroups(7)),
    and whether that is the unified one of version 2."""
    first = re.search(r"^\d+ \d+ \S+ (\S+) (\S+) .* - cgroup \S+ (?:\S*,)?cpu(?:,\S*)?$", mounts, re.MULTILINE)
    own = re.search(r"^\d+:(?:[^:]*,)?cpu(?:,[^:]*)?:(.*)$", groups, re.MULTILINE)
    if first and own:
        return _below(first, own[1]), False
    second = re.search(r"^\d+ \d+ \S+ (\S+) (\S+) .* - cgroup2 ", mounts, re.MULTILINE)
    own = re.search(r"^0::(.*)$", groups, re.MULTILINE)
    if not second or not own:
        raise NoQuota("no control group for the CPU is mounted")
    return _below(second, own[1]), True


def _below(mount: re.Match[str], path: str) -> Path:
    """Where the group ``path`` is, in a mount that may show a part of the hierarchy only."""
    root, target = mount[1], mount[2]
    return Path(target, path.removeprefix(root.rstrip("/")).lstrip("/"))
