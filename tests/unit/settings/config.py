"""What the tests of PREHEAT_CONFIG have in common: how an error about one is come by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from extension.errors import InvalidSetting
from extension.settings import Settings


def refusal(held):
    """What is said of that value of the variable."""
    with pytest.raises(InvalidSetting) as caught:
        Settings.from_environ({"PREHEAT_CONFIG": held})
    text = str(caught.value)
    assert "PREHEAT_CONFIG" in text or " in /" in text
    assert text.isprintable()
    assert len(text) < 600
    return text


def inline(document):
    """What is said of that document, inline."""
    return refusal(document if isinstance(document, str) else json.dumps(document))


class Folder:
    """Files with a configuration, at a path that is short whatever the temporary folder is called."""

    place = Path("/proc/self/cwd")

    def __init__(self, real):
        self.real = real

    def __call__(self, content, name="x.json"):
        """What is said of a file with that in it, its path as PATH."""
        if not isinstance(content, (str, bytes)):
            content = json.dumps(content)
        (self.real / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return refusal(str(self.place / name)).replace(str(self.place / name), "PATH")
