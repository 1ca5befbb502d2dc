"""How a setting is read: where its text comes from, what it may be, and what is said where it may not.

A wrong value of Preheat's own stops the extension with ``InvalidSetting``; a wrong one under a name of AWS's is left
out with a warning, since the same variable may have worked with something more lenient for years.
"""

from __future__ import annotations

from extension import naming, quantities
from extension.errors import InvalidSetting, shown
from extension.settings import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

RUNTIME_API_PORT = 9001  # Lambda's own, on the same address


class Values:
    """The texts of the settings, and the warnings that reading them gave rise to.

    An empty variable is an unset one. ``file`` is what a configuration file says, by the variable's name: where it
    stands, in words for an error, and its text. A variable wins over it, and it wins over AWS's names.
    """

    __slots__ = ("_environ", "_file", "warnings")

    def __init__(self, environ: Mapping[str, str], file: Mapping[str, tuple[str, str]] | None = None) -> None:
        self._environ = environ
        self._file = file or {}
        self.warnings: list[str] = []

    def text(self, name: str) -> str:
        """The variable without the blanks around it; "" where it is unset."""
        return self._environ.get(name, "").strip(quantities.BLANKS)

    def own(self, name: str, limits: tuple[str | int | None, ...] | None = None) -> Any:
        """A setting of Preheat's, or None; ``limits`` in place of the usual ones; ``InvalidSetting`` if it is wrong."""
        place, text = name, self.text(name)
        if not text:
            place, text = self._file.get(name, (name, ""))
        if not text:
            return None
        kind, usual = names.PREHEAT[name]
        try:
            return _READERS[kind](text, *(usual if limits is None else limits))
        except ValueError as error:
            raise InvalidSetting(place, str(error), text) from None

    def aws(self, name: str) -> Any:
        """A setting under a name of AWS's, or None where it is unset or wrong; a wrong one leaves a warning."""
        text = self.text(name)
        if not text:
            return None
        kind, limits = names.AWS[name]
        try:
            return _READERS[kind](text, *limits)
        except ValueError as error:
            self.warnings.append(f"{InvalidSetting(name, str(error), text)}; it is ignored")
            return None

    def warn_of_misspelt(self) -> None:
        """Leave a warning for each variable that looks like a setting and is none."""
        for name, meant in names.misspelt([name for name in self._environ if self.text(name)]):
            self.warnings.append(f"{shown(name)} is no setting and is ignored; the nearest one is {meant}")


def _port(text: str, low: int, high: int) -> int:
    problem = f"must be a port from {low} to {high} other than {RUNTIME_API_PORT}"
    try:
        number = quantities.whole(text, low, high)
    except ValueError:
        raise ValueError(problem) from None
    if number == RUNTIME_API_PORT or len(text) > len(str(high)):  # boot, which binds it, takes no more digits either
        raise ValueError(problem)
    return number


def _choice(text: str, *choices: str) -> str:
    return quantities.choice(text, choices)


def _level(text: str, *choices: str) -> str:
    return quantities.choice(text.upper() if text.isascii() else text, choices)  # "\u0131".upper() is an "I"


def _flag(text: str) -> bool:
    """As boto3 reads it: nothing but "true" is true. What it takes for false in silence is worth a warning here."""
    if text.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return text.lower() == "true"


def _region(text: str) -> str:
    if not naming.is_region(text):
        raise ValueError("must be a region: lower-case letters, digits and hyphens, as in eu-west-1")
    return text


def _url(text: str) -> str:
    """Enough to tell a URL from something else; ``aws.endpoints`` reads it in full."""
    scheme, separator, rest = text.partition("://")
    if scheme.lower() not in ("http", "https") or not separator or rest[:1] in ("", "/") or not _visible(text):
        raise ValueError("must be http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]")
    return text


def _proxy(text: str) -> str:
    from extension import proxies

    if not _visible(text):
        raise ValueError(proxies.FORM)
    proxies.parse(text)
    return text


def _visible(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


_READERS: dict[str, Callable[..., Any]] = {
    "boolean": quantities.boolean,
    "choice": _choice,
    "duration": quantities.duration,
    "flag": _flag,
    "level": _level,
    "port": _port,
    "proxy": _proxy,
    "region": _region,
    "size": quantities.size,
    "text": str,
    "url": _url,
    "whole": quantities.whole,
}
