"""Deflate as small as it gets: zopfli (https://github.com/google/zopfli) writes streams that every unzip reads.

A tenth smaller than zlib's at its best, and the same bytes whatever zlib the build's Python has. Needed to build only.
"""

from __future__ import annotations

import functools
import importlib.util
import tempfile
from importlib.machinery import ExtensionFileLoader
from pathlib import Path

from layer import wheels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MODULE = "zopfli.zopfli"
_FILE = "zopfli/zopfli.abi3.so"
_EFFORT = {"numiterations": 5, "blocksplittingmax": 40}  # 3 s; whatever is above gains bytes by the dozen
_HEADER, _TRAILER = 2, 4  # of a zlib container, around the stream


def load(requirements: Path, cache: Path) -> Callable[[bytes], bytes]:
    """Return what compresses, out of the wheel that ``requirements`` pins by hash. It does the same content once."""
    wheel = wheels.fetch(requirements, cache)
    content = wheels.read(wheel, [_FILE])[_FILE]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, Path(_FILE).name)
        path.write_bytes(content)
        spec = importlib.util.spec_from_loader(_MODULE, ExtensionFileLoader(_MODULE, str(path)))
        assert spec is not None
        assert spec.loader is not None
        try:
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        except ImportError as error:
            raise wheels.WheelError(
                f"{wheel} can't be used on this machine: {error}; if it comes from another one, remove it"
            ) from None

    @functools.cache
    def deflate(content: bytes) -> bytes:
        packed: bytes = module.compress(content, gzip_mode=0, **_EFFORT)
        return packed[_HEADER:-_TRAILER]

    return deflate
