"""The request target: path and query, decoded."""

from __future__ import annotations

from extension.percent import decode


def split(target: bytes) -> tuple[str, str]:
    """Path and query as they came."""
    path, _, query = target.decode("ascii").partition("?")
    return path, query


def parameters(query: str) -> list[tuple[str, str]]:
    """The query's names and values, decoded, in their order; ``ValueError`` where an escape is broken. ``+`` is
    literal: names in AWS may hold one."""
    pairs = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        pairs.append((decode(name), decode(value)) if "%" in part else (name, value))
    return pairs


def options(query: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """The query as a dictionary; ``ValueError`` for a name that is not allowed, or comes twice."""
    found: dict[str, str] = {}
    for name, value in parameters(query):
        if name not in allowed:
            raise ValueError("unknown query parameter; there are " + ", ".join(allowed))
        if name in found:
            raise ValueError(f"the query parameter {name} comes twice")
        found[name] = value
    return found


def flag(text: str) -> bool:
    """True for ``true`` or ``1``, False for ``false`` or ``0``, in any case; ``ValueError`` for anything else."""
    value = {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    if value is None:
        raise ValueError("a flag must be true or false")
    return value
