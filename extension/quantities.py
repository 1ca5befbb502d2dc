"""How a number, a duration, a size or a boolean is written. Pure: text in, value or ``ValueError`` out.

The text of each ``ValueError`` says what is allowed ("must be ...") and repeats nothing of the input. Only ASCII
counts: ``str.isdigit`` alone would take the digits of every script.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MEGABYTE = 1024 * 1024  # Lambda's MB are MiB
BLANKS = " \t\n\r\x0b\x0c"  # what bytes.strip() drops: boot reads two of the variables as bytes

_DURATION_UNITS = (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86400.0))
_SIZE_UNITS = (("KB", 1024), ("MB", MEGABYTE), ("GB", 1024 * MEGABYTE))
_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_DIGITS = 18  # an int of that many digits is made at once; more of them are out of any bounds anyway
_HUGE = 10**_DIGITS


def duration(text: str, low: str = "0", high: str = "7d") -> float:
    """Seconds: a number, then ``ms``, ``s`` (default), ``m``, ``h`` or ``d``; ``low`` and ``high`` are included."""
    seconds = _seconds(text)
    if seconds is None or not _bound(low) <= seconds <= _bound(high):
        raise ValueError(f"must be a duration from {low} to {high} (a number, then ms, s, m, h or d)")
    return seconds


def size(text: str, low: str = "1MB") -> int:
    """Bytes: a number, then ``KB``, ``MB`` or ``GB`` of 1024, in any case; at least ``low``."""
    count = _bytes(text)
    lowest = _bytes(low)
    if count is None or lowest is None or count < lowest:
        raise ValueError(f"must be a size of at least {low} (a number, then KB, MB or GB)")
    return count


def whole(text: str, low: int = 0, high: int | None = None) -> int:
    """A whole number from ``low`` to ``high`` (None: no limit), both included; digits alone."""
    number = -1
    if text.isascii() and text.isdigit():
        number = int(text) if len(text) <= _DIGITS else _HUGE
    if number < low or (high is not None and number > high):
        limits = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"must be a whole number {limits}")
    return number


def boolean(text: str) -> bool:
    """True or false, in any case; 1 and 0, yes and no, on and off say the same."""
    lowered = text.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError("must be true or false")


def choice(text: str, choices: Sequence[str]) -> str:
    """One of ``choices``, exactly."""
    if text not in choices:
        raise ValueError(f"must be {', '.join(choices[:-1])} or {choices[-1]}")
    return text


def _seconds(text: str) -> float | None:
    for unit, seconds in _DURATION_UNITS:  # "ms" before "s": both end alike
        if text.endswith(unit):
            number = _number(text[: -len(unit)])
            if number is None:
                return None
            # 100 / 1000 is the float nearest to a tenth; 35 * 0.001 is not the one nearest to 0.035.
            return number / 1000 if unit == "ms" else number * seconds
    return _number(text)


def _bound(text: str) -> float:
    seconds = _seconds(text)
    assert seconds is not None, text
    return seconds


def _bytes(text: str) -> int | None:
    for unit, factor in _SIZE_UNITS:
        if text.upper().endswith(unit):
            number = _number(text[: -len(unit)])
            return None if number is None or number > _HUGE else int(number * factor)
    return None


def _number(text: str) -> float | None:
    """A decimal number: digits, with a point between them or without; no sign, no exponent."""
    whole_part, point, fraction = text.partition(".")
    if not text.isascii() or not whole_part.isdigit() or (point and not fraction.isdigit()):
        return None
    return float(text[:400])  # 309 digits are infinity already, and no more of a fraction counts
