"""The three ways in which AWS writes a time, to and from seconds since the epoch. (``datetime`` costs 2 ms to
import.)"""

from __future__ import annotations

import time

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def from_http(text: str) -> float | None:
    """The moment of an IMF-fixdate (RFC 9110 §5.6.7), "Mon, 23 Nov 2026 14:38:00 GMT"; None where it is not one."""
    try:
        _, day, month, year, clock, zone = text.split()
        return _moment(int(year), _MONTHS.index(month) + 1, int(day), clock) if zone == "GMT" else None
    except ValueError:
        return None


def from_iso(text: str) -> float | None:
    """The moment of an ISO 8601 time in UTC, "2026-11-23T14:38:00Z"; None where it is not one. Fractions are
    dropped."""
    try:
        date, _, clock = text.removesuffix("Z").removesuffix("+00:00").partition("T")
        year, month, day = date.split("-")
        clock, point, fraction = clock.partition(".")
        return None if point and not fraction.isdigit() else _moment(int(year), int(month), int(day), clock)
    except ValueError:
        return None


def to_rfc3339(seconds: float) -> str:
    """As Go's ``RFC3339Nano`` prints a time of millisecond precision, which is how AWS's extension prints it: "Z" for
    UTC, trailing zeros of the fraction dropped, no fraction for a whole second."""
    milliseconds = round(seconds * 1000)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000))
    fraction = f"{milliseconds % 1000:03d}".rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else whole + "Z"


def _moment(year: int, month: int, day: int, clock: str) -> float:
    hours, minutes, seconds = [int(part) for part in clock.split(":")]
    if not (0 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError("not a date")
    if not (0 <= hours <= 23 and 0 <= minutes <= 59 and 0 <= seconds <= 60):  # 60: a leap second
        raise ValueError("not a time of day")
    return float(_days(year, month, day) * 86400 + hours * 3600 + minutes * 60 + seconds)


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the Gregorian calendar, counting years from March so that the leap day is the last."""
    if month < 3:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469
