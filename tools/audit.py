"""Ask a database of advisories, OSV by default, about every version that requirements/*.txt lock.

python tools/audit.py [FILE …]   exit status: 0 nothing known, 1 something is, 2 the database can't be reached
PREHEAT_ADVISORIES: another address that speaks https://google.github.io/osv.dev/post-v1-querybatch/
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.request
from pathlib import Path
from typing import Any

ADVISORIES = "https://api.osv.dev/v1/querybatch"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
_AT_ONCE = 500  # OSV takes 1,000


def pinned(files: list[Path]) -> list[tuple[str, str]]:
    """Names and versions."""
    found = {match for file in files for match in _PINNED.findall(file.read_text("utf-8"))}
    return sorted(found)


def known(packages: list[tuple[str, str]], address: str) -> dict[tuple[str, str], list[str]]:
    """The advisories about these; ``OSError`` or ``ValueError`` where there is no answer to be had."""
    found = {}
    for start in range(0, len(packages), _AT_ONCE):
        part = packages[start : start + _AT_ONCE]
        queries = [{"package": {"ecosystem": "PyPI", "name": name}, "version": version} for name, version in part]
        request = urllib.request.Request(
            address, json.dumps({"queries": queries}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            document: Any = json.load(answer)
        results = document.get("results") if isinstance(document, dict) else None
        if not isinstance(results, list) or len(results) != len(part):
            raise ValueError("its answer is not one to what was asked")
        for package, result in zip(part, results, strict=True):
            names = [advisory["id"] for advisory in (result or {}).get("vulns", ())]
            if names:
                found[package] = names
    return found


def main(arguments: list[str]) -> int:
    """Ask and tell; the exit status."""
    root = Path(__file__).resolve().parent.parent
    files = [Path(name) for name in arguments] or sorted((root / "requirements").glob("*.txt"))
    packages = pinned(files)
    address = os.environ.get("PREHEAT_ADVISORIES") or ADVISORIES
    if not packages:
        print("ERROR: nothing is locked in " + ", ".join(map(str, files)), file=sys.stderr)
        return 2
    try:
        found = known(packages, address)
    except (OSError, ValueError) as error:
        print(f"ERROR: nothing was audited: {address} can't be asked: {error}", file=sys.stderr)
        return 2
    for (name, version), advisories in found.items():
        print(f"{name} {version}: {', '.join(advisories)}")
    print(f"{len(packages)} locked versions, {len(found)} with advisories")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
