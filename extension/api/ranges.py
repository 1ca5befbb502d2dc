"""Byte ranges (RFC 9110 §14.1.2)."""

from __future__ import annotations


class Unsatisfiable(Exception):
    """The range lies outside: 416."""


def byte_range(field: bytes, length: int) -> tuple[int, int] | None:
    """First and last byte of a ``Range`` field with one range; None where the field is to be ignored: another unit,
    several ranges, or malformed (a server may always answer with the whole)."""
    unit, equals, spec = field.partition(b"=")
    if unit.strip().lower() != b"bytes" or not equals or b"," in spec:
        return None
    first, dash, last = spec.strip().partition(b"-")
    if not dash or not (first or last) or not (first + last).isdigit() or len(spec) > 40:
        return None
    if not first:  # the last so many bytes
        count = int(last)
        if count == 0 or length == 0:
            raise Unsatisfiable
        return max(length - count, 0), length - 1
    start = int(first)
    end = int(last) if last else length - 1
    if last and end < start:
        return None
    if start >= length:
        raise Unsatisfiable
    return start, min(end, length - 1)
