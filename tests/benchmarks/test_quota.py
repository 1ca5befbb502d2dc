"""Where the control group is made that starves what is in it. Lines as in proc(5)."""

from pathlib import Path

import pytest

from benchmarks.quota import NoQuota, place

TMPFS = "26 25 0:23 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
CPU = "30 26 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
CPUSET = "31 26 0:28 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
UNIFIED = "29 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
PART = "29 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


@pytest.mark.parametrize(
    ("mounts", "groups", "expected"),
    [
        (TMPFS + CPUSET + CPU, "4:cpu,cpuacct:/a\n3:cpuset:/b\n0::/c\n", ("/sys/fs/cgroup/cpu,cpuacct/a", False)),
        (TMPFS + CPU, "1:cpu:/\n", ("/sys/fs/cgroup/cpu,cpuacct", False)),
        (UNIFIED, "0::/user.slice/me\n", ("/sys/fs/cgroup/user.slice/me", True)),
        (PART, "0::/docker/abc/mine\n", ("/sys/fs/cgroup/mine", True)),
    ],
)
def test_it_lies_in_our_own_group(mounts, groups, expected):
    parent, unified = place(mounts, groups)
    assert (Path(expected[0]), expected[1]) == (parent, unified)


def test_without_a_hierarchy_for_the_cpu_there_is_no_quota():
    with pytest.raises(NoQuota, match="no control group for the CPU is mounted"):
        place(TMPFS + CPUSET, "3:cpuset:/\n")
