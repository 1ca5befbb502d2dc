"""The sidecar's sources as the layer carries them, for a Python that there is no bytecode for.

Compiling them takes 300 ms; so here LZMA, which takes 5 and is a fifth smaller than deflate, costs nothing to speak of.
"""

from __future__ import annotations

import lzma
import marshal
from collections.abc import Mapping

# No alignment (pb): it is text. The dictionary takes it whole.
_FILTERS = [{"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "pb": 0, "dict_size": 1 << 20}]


def pack(modules: Mapping[str, str]) -> bytes:
    """What otherwise.py reads: {path: source text}."""
    texts = {path: modules[path] for path in sorted(modules)}
    # Of the formats of marshal the last that shares nothing, and so is the same whatever interpreter writes it.
    return lzma.compress(marshal.dumps(texts, 2), lzma.FORMAT_ALONE, filters=_FILTERS)
