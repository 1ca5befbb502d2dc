"""PREHEAT_CONFIG: the lists and the settings in a file, or inline (contract §2.3). Imported only where it is set.

What a file says is read like the variables: the same texts, the same bounds, the same errors, with the place in front.
Of an inline configuration, which may hold the token, no error shows more than the name of a setting.
"""

from __future__ import annotations

import os
import stat

from extension import naming
from extension.errors import InvalidSetting, shown
from extension.quantities import BLANKS
from extension.references import ListEntry, Refused, make_entry, parse_list
from extension.settings import documents, names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TASK_ROOT = "/var/task"  # where Lambda lays the function's own package
LARGEST = 1024 * 1024  # bytes; 10,000 entries are a third of it

# Not read here, and why.
_VARIABLES_ONLY = {
    "port": "it is needed before this can be read",
    "enabled": "it is needed before this can be read",
    "client_cache": "the function reads it",
}
_LISTS = {variable.removeprefix("PREHEAT_").lower(): service for variable, service in names.LISTS}
_SETTINGS = {
    key: variable
    for variable in names.PREHEAT
    for key in [variable.removeprefix("PREHEAT_").lower()]
    if key not in _VARIABLES_ONLY
}
_KEYS = [key.upper() for key in (*_LISTS, *_SETTINGS)]

# The options of an entry by what they may be besides a text; "version" is a number of a parameter only.
_FLAGS = ("required", "decrypt", "strict", "file")
_OTHERS = ("ttl", "version", "as", "region", "role", "stage", "label", "table", "key", "format")


def load(held: str) -> tuple[dict[str, tuple[str, str]], list[ListEntry]]:
    """What the value of PREHEAT_CONFIG stands for: the settings, as ``Values`` takes them, and the list entries.

    ``InvalidSetting`` where it can't be read, or says what is not understood.
    """
    if held.startswith("{"):
        source = _Source("")
        document = source.parsed(held, documents.from_json)
    else:
        source = _Source(os.path.join(TASK_ROOT, held))
        parse = documents.from_toml if _suffix(held) == ".toml" else documents.from_json
        document = source.parsed(_text(source.path, held), parse)
    if not isinstance(document, dict):
        raise source.refusal("must hold one object of lists and settings")
    settings: dict[str, tuple[str, str]] = {}
    entries: list[ListEntry] = []
    for number, (key, value) in enumerate(document.items(), 1):
        if key in _LISTS:
            entries += _entries(source.place(key), _LISTS[key], value)
        elif key in _SETTINGS:
            settings[_SETTINGS[key]] = (source.place(key), _setting(source, key, value))
        elif key in _VARIABLES_ONLY:
            raise source.refusal(f"can't hold {key}, as {_VARIABLES_ONLY[key]}: set the variable PREHEAT_{key.upper()}")
        else:
            meant = names.nearest(key.upper().removeprefix("PREHEAT_"), _KEYS).lower()
            count = f"{number} of {len(document)}"
            raise source.refusal(f"has an unknown key ({count}); the nearest known one is {meant}", key)
    return settings, entries


class _Source:
    """Where the configuration stands, for errors: a path, or "" for inline."""

    __slots__ = ("_name", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self._name = path if path.isprintable() and len(path) <= 80 else shown(path)

    def place(self, key: str) -> str:
        """How an error names that key; nothing is shown of what a name that begins with PREHEAT_CONFIG holds."""
        return f"{key} in {self._name}" if self.path else f"{names.CONFIG}, {key}"

    def refusal(self, problem: str, held: str | None = None) -> InvalidSetting:
        """The error about the configuration as a whole."""
        return InvalidSetting(
            f"{self._name} ({names.CONFIG})" if self.path else f"{names.CONFIG} (inline)", problem, held
        )

    def parsed(self, text: str, parse: Callable[[str], Any]) -> Any:
        """What ``parse`` makes of ``text``."""
        try:
            return parse(text)
        except documents.BadDocument as error:
            raise self.refusal(str(error), error.held) from None


def _suffix(held: str) -> str:
    """ ".json" or ".toml"."""
    suffix = os.path.splitext(held)[1].lower()
    if suffix in (".json", ".toml"):
        return suffix
    problem = "must be JSON that begins with {, or the path of a .json or .toml file"
    # What looks like content may be inline JSON that was cut or mistyped.
    if held.strip(naming.WORD + "/._- "):
        raise InvalidSetting(names.CONFIG, problem + " (what it holds is not shown)")
    raise InvalidSetting(names.CONFIG, problem, held)


def _text(path: str, held: str) -> str:
    """The text of the file; ``held`` is its path as it was set."""
    try:
        # Without waiting: to open a named pipe would hold INIT until somebody writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no path"
        where = "" if held.startswith("/") else f"; a relative path is under {TASK_ROOT}"
        raise InvalidSetting(
            names.CONFIG, f"must be the path of a file that can be read: {reason}{where}", held
        ) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InvalidSetting(names.CONFIG, "must be the path of a file, and this is a directory or a device", held)
        data = b""
        while len(data) <= LARGEST:
            chunk = os.read(descriptor, LARGEST + 1 - len(data))
            if not chunk:
                break
            data += chunk
    except OSError as error:
        raise InvalidSetting(names.CONFIG, f"must be a file that can be read: {error.strerror}", held) from None
    finally:
        os.close(descriptor)
    if len(data) > LARGEST:
        raise InvalidSetting(names.CONFIG, f"must be a file of at most {LARGEST} bytes", held)
    try:
        return data.decode().removeprefix("\ufeff")  # the byte order mark that some editors write
    except UnicodeDecodeError as error:
        raise InvalidSetting(names.CONFIG, f"must be a file of UTF-8, which byte {error.start} is not", held) from None


def _setting(source: _Source, key: str, value: Any) -> str:
    """The text of a setting as its variable would hold it; an empty one is an unset one here, too."""
    place = source.place(key)
    if key == "token":  # 007 would come back as 7
        if not isinstance(value, str) or not naming.is_text(value.strip(BLANKS)):
            raise InvalidSetting(place, "must be a text without control characters")
        return value.strip(BLANKS)
    text = documents.written(value)
    if text is None:
        raise InvalidSetting(place, "must be a text, a number or a boolean")
    return text.strip(BLANKS)


def _entries(place: str, service: str, value: Any) -> list[ListEntry]:
    if isinstance(value, str):
        return parse_list(service, value, place)
    if not isinstance(value, list):
        raise InvalidSetting(place, "must be a list of references, each a text or an object")
    entries: list[ListEntry] = []
    for item in value:
        number = len(entries) + 1
        if isinstance(item, str):
            entries += parse_list(service, item, place, number)
        elif isinstance(item, dict):
            entries.append(_entry(place, service, item, number))
        else:
            raise InvalidSetting(place, f"must hold texts and objects only, which entry {number} is not")
    return entries


def _entry(place: str, service: str, item: dict[str, Any], number: int) -> ListEntry:
    """An entry from an object. Its ``ref`` is written as in a list, percent-encoded; its options are literal."""
    reference = item.get("ref")
    if not isinstance(reference, str):
        raise InvalidSetting(place, f"must name what it is about by ref, a text, which entry {number} does not")
    try:
        if "?" in reference:
            raise ValueError("must have its options beside ref, not in it; a literal ? is %3F")
        options = [pair for name, option in item.items() if name != "ref" for pair in _option(service, name, option)]
        return make_entry(service, reference.strip(" \t"), options, place)
    except Refused as error:
        raise InvalidSetting(place, str(error), error.held, entry=(number, reference)) from None
    except ValueError as error:
        raise InvalidSetting(place, str(error), entry=(number, reference)) from None


def _option(service: str, name: str, value: Any) -> list[tuple[str, str]]:
    """The option as pairs of texts: ``key`` may be a list. An unknown one is left for ``make_entry`` to refuse."""
    if name == "key" and isinstance(value, list):
        if not all(isinstance(column, str) for column in value):
            raise ValueError("must have a text or a list of texts for the option key")
        return [(name, column) for column in value]
    text = documents.written(value) or ""
    if name not in _FLAGS + _OTHERS:
        return [(name, text)]
    if isinstance(value, str):
        good, allowed = text != "", "a text"
    elif name in _FLAGS:
        good, allowed = isinstance(value, bool), "true or false"
    elif name == "ttl" or (name == "version" and service == "ssm"):
        good, allowed = text != "" and not isinstance(value, bool), "a number or a text"
    else:
        good, allowed = False, "a text or a list of texts" if name == "key" else "a text"
    if not good:
        raise ValueError(f"must have {allowed} for the option {name}")
    return [(name, text)]
