"""What the sidecar holds stays in its memory: no core file, and after the first INVOKE nobody may look into it."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from extension.marker import NAME
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.world import LISTS, fill

# Without capabilities, as in Lambda, whoever runs the tests: root's own would let it look into every process.
DROP = "import ctypes, os, sys; [ctypes.CDLL(None).prctl(24, each, 0, 0, 0) for each in range(64)]; "
PLAIN = [sys.executable, "-c", DROP + "os.execv(sys.argv[1], sys.argv[1:])"]
# Looks until it is refused, or `seconds` are over; prints what of that process it can open.
LOOK = """
import sys, time
pid, seconds = sys.argv[1], float(sys.argv[2])
until = time.monotonic() + seconds
while True:
    seen = []
    for name in ("environ", "maps", "mem"):
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file:
                seen += [name] if name == "mem" or file.read(1) else []
        except PermissionError:
            pass
    if not seen or time.monotonic() >= until:
        break
    time.sleep(0.01)
print(*seen)
"""


def _seen(sidecar, *, within):
    command = [*PLAIN, sys.executable, "-c", LOOK, str(sidecar.process.pid), str(within)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.fixture
def plain(launch, aws, api, opt):
    """plain(**settings): a ready sidecar without capabilities."""

    def start(**options):
        sidecar = launch(aws, command=[*PLAIN, opt / "extensions" / "preheat"], **options)
        api.wait_next()
        return sidecar

    return start


def test_there_is_no_core_file_from_the_start(ready):
    sidecar = ready()
    assert (0, 0) == resource.prlimit(sidecar.process.pid, resource.RLIMIT_CORE)


def test_after_the_first_invoke_no_process_of_the_same_user_can_look_into_it(aws, api, plain):
    """And it goes on as before: nothing of its own needs what it has given up."""
    fill(aws)
    sidecar = plain(**LISTS, ttl="1s")
    assert ["environ", "maps", "mem"] == _seen(sidecar, within=0)
    api.invoke_and_wait()
    assert [] == _seen(sidecar, within=10)
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
    assert 200 == sidecar.get("/stats").status
    api.invoke_and_wait()
    assert "secret value 2" == sidecar.get("/secrets/app/secret-2?refresh=true").text
    api.shutdown()
    assert 0 == sidecar.wait_exit()


def test_where_no_invoke_comes_it_is_so_once_init_is_over(aws, launch, opt):
    fill(aws)
    with FakeLambdaApi(managed_instances=True) as managed:
        sidecar = launch(aws, api=managed, command=[*PLAIN, opt / "extensions" / "preheat"], **LISTS)
        managed.wait_next()
        assert [] == _seen(sidecar, within=10)
        assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text


def test_no_value_lies_in_a_file(aws, api, ready):
    """The marker file of contract §4 is all that it ever writes, and holds a number."""
    fill(aws)
    sidecar = ready(**LISTS)
    api.invoke_and_wait()
    files = [path for path in sidecar.folder.rglob("*") if path.is_file() and path.name not in ("stdout", "stderr")]
    assert [sidecar.folder / "tmp" / NAME] == files
    assert files[0].read_bytes().isdigit()
    assert 0o600 == files[0].stat().st_mode & 0o777
    opened = sidecar.open_files
    kinds = {place.partition(":")[0] for place in opened if not place.startswith("/")}
    assert {"socket", "pipe", "anon_inode"} == kinds
    assert {"/dev/null", str(sidecar.folder / "stdout"), str(sidecar.folder / "stderr")} >= {
        place for place in opened if place.startswith("/")
    }
