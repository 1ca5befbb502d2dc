"""What a look-up table costs: until it is there, in memory, for a look-up, and for everybody else meanwhile.

python -m benchmarks.tables [--rows 1000000] [--packed-rows 10000000] prints it beside what a handler does that parses
the same file itself, and beside the limits that it is held to.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import session
from benchmarks.figures import percentile
from tests.client import checkout
from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.sidecar import ROOT, Sidecar

READS = 5000
MEGABYTE = 1 << 20
PARSERS = {
    "csv.DictReader into a dict": "import csv\nt = {r['code']: r for r in csv.DictReader(open(path, newline=''))}",
    "json.load": "import json\nt = json.load(open(path))",
}
PROGRAM = """
import sys, time
path = sys.argv[1]
def used():
    return next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmRSS'))
before, started = used(), time.perf_counter()
{parse}
print(time.perf_counter() - started, (used() - before) * 1024)
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--packed-rows", type=int, default=10_000_000, help="of the table that is only opened; 0: none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="preheat-tables-") as name:
        folder = Path(name)
        paths = {"csv": folder / "rates.csv", "sqlite": folder / "rates.sqlite", "json": folder / "rates.json"}
        write_csv(paths["csv"], options.rows)
        pack(paths["csv"], paths["sqlite"])
        with paths["csv"].open(newline="") as file, paths["json"].open("w") as out:
            json.dump({row["code"]: row for row in csv.DictReader(file)}, out)
        print(f"{options.rows} rows, {paths['csv'].stat().st_size / 1e6:.0f} MB as CSV")
        for (how, parse), path in zip(PARSERS.items(), (paths["csv"], paths["json"]), strict=True):
            seconds, used = parsed(parse, path)
            print(f"  in the handler, {how}: {seconds:.1f} s, {used:.0f} MB")
        idle = memory_of(folder / "idle", None, options.rows)[0]["Rss"]
        for path in (paths["csv"], paths["sqlite"]):
            tell(path.suffix, idle, *memory_of(folder / path.suffix[1:], path, options.rows))
        if options.packed_rows:
            write_csv(paths["csv"], options.packed_rows)
            pack(paths["csv"], paths["sqlite"])
            print(f"{options.packed_rows} packed rows open in {opened(paths['sqlite']):.1f} ms (at most 50)")
    return 0


def key(number: int) -> str:
    return f"key-{number:08d}"


def write_csv(path: Path, rows: int) -> None:
    with path.open("w") as file:
        file.write("code,name,rate,day\n")
        for number in range(rows):
            file.write(f'{key(number)},"Some, name {number}",{number * 1.5},2026-01-01\n')


def pack(source: Path, target: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "preheat_pack.py"), str(source), str(target), "--key", "code"]
    started = time.perf_counter()
    print(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip(), end="")
    print(f", packed in {time.perf_counter() - started:.1f} s")


def parsed(parse: str, path: Path) -> tuple[float, float]:
    """Seconds and megabytes of a handler that parses it."""
    command = [sys.executable, "-c", PROGRAM.format(parse=parse), str(path)]
    seconds, used = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), int(used) / MEGABYTE


def opened(path: Path) -> float:
    """Milliseconds; the best of a few, as the sidecar's child does it with a file that it has just written."""
    from extension.tables.sqlite import Sqlite

    found = []
    for _ in range(5):
        started = time.perf_counter()
        Sqlite(str(path), ()).get((key(1),))
        found.append((time.perf_counter() - started) * 1e3)
    return min(found)


def memory_of(folder: Path, path: Path | None, rows: int) -> tuple[dict[str, float], dict[str, float]]:
    """Megabytes of a sidecar with that table, after as many look-ups as count; and what was timed, in microseconds."""
    folder.mkdir()
    with FakeLambdaApi() as api, FakeAws() as aws, contextlib.redirect_stdout(io.StringIO()):
        aws.put_secret("db", "a secret of forty characters, at the least")
        lists = {}
        if path is not None:
            aws.put_object("lookup", path.name, path.read_bytes())
            reference = f"s3://lookup/{path.name}?table=rates" + ("&key=code" if path.suffix == ".csv" else "")
            lists = {"s3": reference, "init_timeout": "9s", "fetch_timeout": "30s"}
        with checkout.start(api, aws, folder / "sidecar", folder / "bytecode", secrets="db", **lists) as sidecar:
            api.wait_next(timeout=60)
            if path is None:
                return memory(sidecar.process.pid), {}
            (report,) = sidecar.events("init.report")
            times = timed(sidecar, rows)
            used = memory(sidecar.process.pid)
            times["made"] = next(row["ms"] for row in report["resources"] if "rows" in row) / 1e3
            if path.suffix == ".csv":
                aws.put_object("lookup", path.name, path.read_bytes() + b"another,version,,\n")
                busy, peak = while_indexing(sidecar)
                times |= {"busy p99": percentile(busy, 0.99) * 1e6, "peak": peak}
            return used, times


def while_indexing(sidecar: Sidecar) -> tuple[list[float], float]:
    """Seconds of hits while a child of the sidecar's indexes a new version; and the most megabytes of the two."""
    hit, refresh = asker(sidecar), asker(sidecar)
    over = threading.Event()

    def work() -> None:
        refresh("/tables/rates?refresh=true")
        over.set()

    thread = threading.Thread(target=work)
    thread.start()
    pid = sidecar.process.pid
    found: list[float] = []
    peak = 0.0
    for number, seconds in enumerate(repeatedly(lambda: hit("/secrets/db"), over)):
        children = [
            int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _read(task / "children").split()
        ]
        if children:  # else it is still being fetched
            found.append(seconds)
            if number % 50 == 0:
                with contextlib.suppress(OSError):
                    peak = max(peak, sum(memory(each)["Pss"] for each in (pid, *children)))
    thread.join()
    return found, peak


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def repeatedly(work: Callable[[], object], over: threading.Event) -> Iterator[float]:
    """Seconds of one call after the other, with a pause in between, as a function has it."""
    while not over.wait(0.001):
        started = time.perf_counter()
        work()
        yield time.perf_counter() - started


def asker(sidecar: Sidecar) -> Callable[[str], bytes]:
    """What asks over a kept-alive raw socket."""
    plain = socket.create_connection(("127.0.0.1", sidecar.port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    token = sidecar.environ["AWS_SESSION_TOKEN"]
    fields = f" HTTP/1.1\r\nHost: localhost:{sidecar.port}\r\nX-Aws-Parameters-Secrets-Token: {token}\r\n\r\n"

    def ask(target: str) -> bytes:
        plain.sendall(("GET " + target + fields).encode())
        answer = plain.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200"), answer[:100]
        return answer

    return ask


def timed(sidecar: Sidecar, rows: int) -> dict[str, float]:
    """Microseconds of a plain hit and of a row by a random key, in turn; and the p99 of hits with nothing else."""
    ask = asker(sidecar)
    found: dict[str, list[float]] = {"first row": [], "hit": [], "row": []}
    for name in ("first row", "row"):
        for _ in range(READS):
            for kind, target in (("hit", "/secrets/db"), (name, "/tables/rates/" + key(random.randrange(rows)))):
                started = time.perf_counter()
                ask(target)
                found[kind].append(time.perf_counter() - started)
        for _ in range(20_000):  # touch what can be touched
            ask("/tables/rates/" + key(random.randrange(rows)))
    over = threading.Event()
    threading.Timer(2, over.set).start()
    quiet = list(repeatedly(lambda: ask("/secrets/db"), over))
    return {name: percentile(seconds, 0.5) * 1e6 for name, seconds in found.items()} | {
        "quiet p99": percentile(quiet, 0.99) * 1e6
    }


def memory(pid: int) -> dict[str, float]:
    """Megabytes: Rss, Pss, Anonymous."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.partition(":")[0]: int(line.split()[1]) / 1024 for line in lines}


def tell(kind: str, idle: float, used: dict[str, float], times: dict[str, float]) -> None:
    print(f"{kind}: fetched and ready after {times['made']:.1f} s")
    if kind == ".csv":
        part = used["Rss"] - idle
        print(f"  {part:.0f} MB above idle, what is mapped included (at most 150)")
    else:
        print(f"  {used['Anonymous']:.0f} MB of anonymous memory, the interpreter's included (at most 16)")
    ratio = times["row"] / times["hit"]
    print(f"  a row, p50: {times['row']:.0f} us, {ratio:.2f} times a plain hit (at most 1.5)")
    print(f"  while its pages are touched for the first time: {times['first row']:.0f} us")
    if kind == ".csv":
        busy, quiet = times["busy p99"], times["quiet p99"]
        print(f"  while a new version is indexed, the two processes take {times['peak']:.0f} MB")
        print(f"  and the p99 of hits is {busy:.0f} us; without {quiet:.0f} us (at most 3 times as much)")


if __name__ == "__main__":
    sys.exit(session.run(main))
