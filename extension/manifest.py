"""The manifest: what the lists ask to hold, its entries, and how several for the same resource become one. Pure."""

from __future__ import annotations

from extension.errors import InvalidSetting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from extension.resources import Resource


class ListEntry:
    """One entry of a list: a resource to hold, or a place whose resources a wildcard takes, and what is wanted of it.

    ``spelling``: the reference as written, decoded. ``source``: the variable it is from. ``pattern``: "" for one
    resource, "*" for those one level below ``resource``, "**" for all below it. ``ttl``: seconds; None where the entry
    leaves it to the settings. ``aliases``: names that it can also be read by in its store. The rest is of S3 alone:
    ``file`` keeps the object as a file; ``table`` names a look-up table ("" for none) with the key columns ``keys``,
    its ``format`` ("" where the object's name tells) and ``strict``.
    """

    __slots__ = (
        "aliases",
        "file",
        "format",
        "keys",
        "pattern",
        "required",
        "resource",
        "source",
        "spelling",
        "strict",
        "table",
        "ttl",
    )

    def __init__(
        self,
        resource: Resource,
        *,
        spelling: str,
        source: str,
        pattern: str = "",
        ttl: float | None = None,
        required: bool = False,
        aliases: tuple[str, ...] = (),
        table: str = "",
        keys: tuple[str, ...] = (),
        format: str = "",  # noqa: A002  # the option's name
        strict: bool = False,
        file: bool = False,
    ) -> None:
        self.resource = resource
        self.spelling = spelling
        self.source = source
        self.pattern = pattern
        self.ttl = ttl
        self.required = required
        self.aliases = aliases
        self.table = table
        self.keys = keys
        self.format = format
        self.strict = strict
        self.file = file

    def __repr__(self) -> str:
        return f"<ListEntry {self.resource!r}{self.pattern and ' ' + self.pattern}>"

    @property
    def alias(self) -> str | None:
        """The first of its aliases."""
        return self.aliases[0] if self.aliases else None

    def covers(self, name: str) -> bool:
        """Whether the entry is about the resource of that name ("bucket/key" in S3); place and role are not compared.

        ``*`` stands for one further level, ``**`` for any number of them.
        """
        if not self.pattern:
            return name == self.resource.name
        place = self.resource.name
        rest = name[len(place) :] if name.startswith(place) else ""
        return bool(rest) and (self.pattern == "**" or "/" not in rest)


def merge(
    entries: Iterable[ListEntry], ttl: Mapping[str, float] | None = None, own_region: str = ""
) -> list[ListEntry]:
    """The entries with each resource once, with the stricter options.

    These are the smaller TTL; required, strict or a file if any says so; and all aliases. ``ttl`` gives the TTL of each
    service, for an entry that has one of its own meeting one that has none; naming the ``own_region`` makes no other
    resource. ``InvalidSetting`` where an alias (in one store) or a table's name is used for two, or an object is to be
    two tables.
    """
    merged: dict[tuple[Resource, str], ListEntry] = {}
    for entry in entries:
        if entry.resource.region == own_region and not entry.resource.arn:
            entry.resource = entry.resource.replaced(region="")
        same = (entry.resource, entry.pattern)
        merged[same] = stricter(merged[same], entry, ttl or {}) if same in merged else entry
    taken = set()
    for entry in merged.values():
        names = [(entry.resource.service, alias) for alias in entry.aliases]
        if entry.table:
            names.append(("table", entry.table))
        for name in names:
            if name in taken:
                what = "the name of a table" if name[0] == "table" else "an alias"
                raise InvalidSetting(entry.source, f"must use {what} once only", name[1])
            taken.add(name)
    return list(merged.values())


def stricter(first: ListEntry, second: ListEntry, default: Mapping[str, float]) -> ListEntry:
    """One entry for what both name, ``default`` being each service's TTL; see ``merge``."""
    for name in ("table", "keys", "format"):
        if getattr(first, name) and getattr(second, name) and getattr(first, name) != getattr(second, name):
            raise InvalidSetting(second.source, "must make one table of one object, and in one way", second.spelling)
    ttls = [entry.ttl for entry in (first, second)]
    if ttls != [None, None]:
        ttls = [default.get(first.resource.service) if ttl is None else ttl for ttl in ttls]
    return ListEntry(
        first.resource,
        spelling=first.spelling,
        source=first.source,
        pattern=first.pattern,
        ttl=min([ttl for ttl in ttls if ttl is not None], default=None),
        required=first.required or second.required,
        aliases=tuple(dict.fromkeys(first.aliases + second.aliases)),
        table=first.table or second.table,
        keys=first.keys or second.keys,
        format=first.format or second.format,
        strict=first.strict or second.strict,
        file=first.file or second.file,
    )
