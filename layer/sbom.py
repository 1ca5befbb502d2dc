"""What the layer is made of, for those who look for known flaws in it: a CycloneDX document beside the zip.

https://cyclonedx.org/docs/1.6/json/ The same bytes for the same layer: no serial number, and no time but the one given.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import time
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from layer import wheels

_ROOTS = "extension/aws/amazon_roots.pem"
_CERTIFI = re.compile(r"certifi (\d+\.\d+\.\d+) ")


class Undescribed(Exception):
    """The checkout does not say something that the document has to."""


def describe(root: Path, cache: Path, layer: bytes, epoch: int | None) -> bytes:
    """The document for ``layer`` as built from the checkout ``root``, whose wheel lies in ``cache``."""
    version = _version(root)
    own = {
        "type": "application",
        "bom-ref": f"preheat@{version}",
        "name": "preheat",
        "version": version,
        "hashes": _hashes(layer),
        "licenses": _license("Apache-2.0"),
    }
    components = [_vendored(root, cache), _roots(root)]
    metadata: dict[str, Any] = {"component": own}
    if epoch is not None:
        metadata["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": [
            {"ref": own["bom-ref"], "dependsOn": [component["bom-ref"] for component in components]},
            *[{"ref": component["bom-ref"]} for component in components],
        ],
    }
    return json.dumps(document, indent=2).encode("ascii") + b"\n"


def _vendored(root: Path, cache: Path) -> dict[str, Any]:
    """cachetools: the wheel that it comes from, by the hash it is locked with."""
    wheel = wheels.fetch(root / "requirements" / "layer.txt", cache)
    name, version = wheel.name.split("-")[:2]
    place = f"{name}-{version}.dist-info/METADATA"
    metadata = BytesParser().parsebytes(wheels.read(wheel, [place])[place], headersonly=True)
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
        "hashes": _hashes(wheel.read_bytes()),
        "licenses": _license(metadata["License-Expression"]),
        "pedigree": {"notes": "Cache and LRUCache alone, without docstrings; the hash is the wheel's"},
    }


def _roots(root: Path) -> dict[str, Any]:
    """The certificates, and the certifi that they were taken from."""
    content = (root / _ROOTS).read_bytes()
    found = _CERTIFI.search(content.decode("ascii"))
    if found is None:
        raise Undescribed(f"{_ROOTS} does not say which certifi it is from")
    certifi = f"pkg:pypi/certifi@{found[1]}"
    return {
        "type": "file",
        "bom-ref": "amazon-roots",
        "name": f"preheat/{_ROOTS}",
        "description": "five root certificates of Amazon Trust Services",
        "hashes": _hashes(content),
        "licenses": _license("MPL-2.0"),
        "pedigree": {"ancestors": [{"type": "library", "name": "certifi", "version": found[1], "purl": certifi}]},
    }


def _version(root: Path) -> str:
    for statement in ast.parse((root / "extension" / "__init__.py").read_bytes()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__version__":
            return str(ast.literal_eval(statement.value))
    raise Undescribed("extension/__init__.py has no __version__")


def _hashes(content: bytes) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}]


def _license(identifier: str) -> list[dict[str, dict[str, str]]]:
    return [{"license": {"id": identifier}}]
