"""The list syntax of PREHEAT_SECRETS, PREHEAT_PARAMETERS and PREHEAT_S3 (contract §2.2). Pure.

``parse_list`` reads one list, and ``merge`` makes one entry of all that name the same resource. A name of the HTTP API
becomes a resource by the same functions; they are offered here, too.
"""

from __future__ import annotations

from extension import naming, percent, quantities
from extension.errors import InvalidSetting
from extension.manifest import ListEntry, merge
from extension.resources import (
    Resource,
    parameter_path,
    parameter_resource,
    s3_prefix,
    s3_resource,
    secret_resource,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    Read = TypeVar("Read")

__all__ = (
    "SERVICES",
    "ListEntry",
    "Refused",
    "Resource",
    "make_entry",
    "merge",
    "parameter_path",
    "parameter_resource",
    "parse_list",
    "s3_prefix",
    "s3_resource",
    "secret_resource",
)

SERVICES = ("secretsmanager", "ssm", "s3")
FORMATS = ("json", "jsonl", "csv", "tsv", "sqlite")

_COMMON = ("ttl", "required", "as", "region", "role")
_OPTIONS = {
    "secretsmanager": (*_COMMON, "stage", "version"),
    "ssm": (*_COMMON, "version", "label", "decrypt"),
    "s3": (*_COMMON, "version", "table", "key", "format", "strict", "file"),
}
_NOT_WITH_WILDCARD = ("as", "version", "label", "table")  # each of them is about one thing
_ONLY_WITH_TABLE = ("key", "format", "strict")
_S3 = "s3://"


def parse_list(service: str, text: str, variable: str, first: int = 1) -> list[ListEntry]:
    """The entries of one list for ``service``; ``InvalidSetting`` names ``variable`` and the entry.

    Entries are separated by commas or line breaks, and counted from ``first``. ``source`` of each is ``variable``.
    """
    entries = []
    lines = text.replace("\r", "\n").replace(",", "\n").split("\n")
    written = [entry for entry in [line.strip(" \t") for line in lines] if entry]
    for number, entry in enumerate(written, first):
        try:
            reference, question, options = entry.partition("?")
            pairs = [_option(option) for option in options.split("&")] if question else []
            entries.append(make_entry(service, reference, pairs, variable))
        except Refused as error:
            raise InvalidSetting(variable, str(error), error.held, entry=(number, entry)) from None
        except ValueError as error:
            raise InvalidSetting(variable, str(error), entry=(number, entry)) from None
    return entries


def make_entry(service: str, reference: str, options: Sequence[tuple[str, str]], source: str) -> ListEntry:
    """One entry of ``reference``, still percent-encoded, and decoded options; ``ValueError`` where it is malformed."""
    values, keys = _sorted_out(service, options)
    stem, pattern = _wildcard(service, reference)
    if pattern:
        for name in _NOT_WITH_WILDCARD:
            if name in values:
                raise ValueError(f"can't have the option {name}= with a wildcard, which stands for many")
    if "table" not in values:
        for name in _ONLY_WITH_TABLE:
            if name in values:
                raise ValueError(f"needs table= for the option {name}=")
    return ListEntry(
        _resource(service, stem, pattern, values),
        spelling=_decoded(reference),
        source=source,
        pattern=pattern,
        ttl=_value(values, "ttl", quantities.duration) if "ttl" in values else None,
        required=_flag(values, "required"),
        aliases=(_value(values, "as", _alias),) if "as" in values else (),
        table=_value(values, "table", _alias) if "table" in values else "",
        keys=keys,
        format=_value(values, "format", _format) if "format" in values else "",
        strict=_flag(values, "strict"),
        file=_flag(values, "file"),
    )


class Refused(ValueError):
    """What is wrong with an entry, and the piece of it that is."""

    def __init__(self, problem: str, held: str) -> None:
        super().__init__(problem)
        self.held = held


def _option(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not name or not value:
        raise Refused("must have its options written NAME=VALUE, with & between them", text)
    return _decoded(name), _decoded(value)


def _decoded(text: str) -> str:
    try:
        return percent.decode(text)
    except ValueError:
        raise Refused("must have UTF-8 in %XX where it has a percent sign; a literal % is %25", text) from None


def _sorted_out(service: str, options: Sequence[tuple[str, str]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The options by name, and the columns of ``key=``, which alone may come more than once."""
    values: dict[str, str] = {}
    keys: list[str] = []
    for name, value in options:
        if name not in _OPTIONS[service]:
            raise Refused(f"has an unknown option; there are {', '.join(_OPTIONS[service])}", name)
        if name == "key":
            if value in keys or not 1 <= len(value) <= 256 or not naming.is_text(value):
                raise Refused("option key= must be a column of 1 to 256 characters, each column once", value)
            keys.append(value)
        elif name in values:
            raise Refused("must have each option once (only key= may come again)", name)
        values[name] = value
    return values, tuple(keys)


def _wildcard(service: str, reference: str) -> tuple[str, str]:
    """The reference without its wildcard, and the wildcard; a ``%2A`` is none but a literal asterisk."""
    pattern = "**" if reference.endswith("/**") else "*" if reference.endswith("/*") else ""
    stem = reference[: len(reference) - len(pattern)]
    if service == "secretsmanager":
        if "*" in reference:
            raise ValueError("can't have a wildcard: secrets are listed one by one")
    elif "*" in stem:
        literal = "; a literal asterisk in a key is %2A" if service == "s3" else ""
        raise ValueError(f"can have a wildcard at its end only, /* for one level or /** for all below{literal}")
    return stem, pattern


def _resource(service: str, stem: str, pattern: str, values: dict[str, str]) -> Resource:
    role, region, version = values.get("role", ""), values.get("region", ""), values.get("version", "")
    if service == "secretsmanager":
        return secret_resource(_decoded(stem), stage=values.get("stage", ""), version=version, role=role, region=region)
    if service == "ssm":
        decrypt = _flag(values, "decrypt", default=True)
        if pattern:
            return parameter_path(_decoded(stem), decrypt=decrypt, role=role, region=region)
        label = values.get("label", "")
        return parameter_resource(
            _decoded(stem), version=version, label=label, decrypt=decrypt, role=role, region=region
        )
    bucket, _, key = stem.removeprefix(_S3).partition("/")
    if not stem.startswith(_S3):
        raise ValueError("must be s3://BUCKET/KEY")
    if pattern:
        return s3_prefix(_decoded(bucket), _decoded(key), role=role, region=region)
    return s3_resource(_decoded(bucket), _decoded(key), version=version, role=role, region=region)


def _flag(values: dict[str, str], name: str, default: bool = False) -> bool:
    return _value(values, name, quantities.boolean) if name in values else default


def _value(values: dict[str, str], name: str, read: Callable[[str], Read]) -> Read:
    try:
        return read(values[name])
    except ValueError as error:
        raise Refused(f"option {name}= {error}", values[name]) from None


def _alias(text: str) -> str:
    if not 1 <= len(text) <= 64 or text.strip(naming.WORD + "_.-"):
        raise ValueError("must be 1 to 64 letters, digits and _.-")
    return text


def _format(text: str) -> str:
    return quantities.choice(text, FORMATS)
