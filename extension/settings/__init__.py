"""The settings: read once from the environment, checked, frozen. Contract §2 to §2.3."""

from __future__ import annotations

from extension.quantities import MEGABYTE
from extension.references import SERVICES, ListEntry, merge, parse_list
from extension.settings import names
from extension.settings.values import Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

__all__ = ("Settings",)

ON_DEMAND = "on-demand"
_AWS_TTL_LIMIT = 300  # seconds; AWS's extension clamps, too
_PREFIX = "PARAMETERS_SECRETS_EXTENSION_"
_AWS_PREFIXES = {"secretsmanager": "SECRETS_MANAGER", "ssm": "SSM_PARAMETER_STORE"}
_ENDPOINTS = {"secretsmanager": "SECRETS_MANAGER", "ssm": "SSM", "s3": "S3", "sts": "STS"}
_read_only = type(type.__dict__)  # types.MappingProxyType, without importing types

_DEFAULTS: dict[str, Any] = {
    "enabled": True,
    "initialization_type": ON_DEMAND,
    "entries": (),
    "ttl": _read_only(dict.fromkeys(SERVICES, 300.0)),
    "stale_if_error": 3600.0,
    "stale_while_revalidate": 0.0,
    "init_timeout": 8.0,
    "fetch_timeout": _read_only(dict.fromkeys(SERVICES, 5.0)),
    "port": 2773,
    "cache_items": 1000,
    "cache_memory": 64 * MEGABYTE,
    "max_connections": 4,
    "allow": "any",
    "secrets_batch": "auto",
    "snapstart": "defer",
    "compat": "extension",
    "token": "",
    "log_level": "INFO",
    "region": "",
    "endpoint_urls": _read_only(dict.fromkeys(_ENDPOINTS)),
    "fips": False,
    "dualstack": False,
    "ca_bundle": None,
    "https_proxy": None,
    "no_proxy": "",
    "warnings": (),
}


class Settings:
    """All settings, frozen. Times are in seconds, memory in bytes; mappings are by service, endpoints' with sts."""

    __slots__ = tuple(_DEFAULTS)

    enabled: bool  # False: nothing else was read, all the rest is the defaults
    initialization_type: str
    entries: tuple[ListEntry, ...]  # each resource once
    ttl: Mapping[str, float]  # of entries that have none of their own
    stale_if_error: float
    stale_while_revalidate: float
    init_timeout: float
    fetch_timeout: Mapping[str, float | None]  # None: no limit of its own
    port: int
    cache_items: int
    cache_memory: int
    max_connections: int  # to AWS, per host
    allow: str
    secrets_batch: str
    snapstart: str
    compat: str
    token: str  # "": none
    log_level: str
    region: str  # "": none
    endpoint_urls: Mapping[str, str | None]
    fips: bool
    dualstack: bool
    ca_bundle: str | None
    https_proxy: str | None
    no_proxy: str
    warnings: tuple[str, ...]  # what is wrong without stopping anything, a sentence each

    def __init__(self, **fields: Any) -> None:
        """``fields`` instead of the defaults; unchecked, unlike what ``from_environ`` reads."""
        for name, value in (_DEFAULTS | fields).items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("settings do not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("settings do not change")

    def __repr__(self) -> str:
        return f"<Settings {len(self.entries)} entries, port {self.port}>"  # no token, no proxy's password

    @property
    def snapshots(self) -> bool:
        """Whether the environment is frozen into a SnapStart snapshot after INIT."""
        return self.initialization_type == "snap-start"

    @property
    def defers(self) -> bool:
        """Whether secrets and SecureStrings are fetched after the restore only."""
        return self.snapshots and self.snapstart == "defer"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """The settings of that environment; ``InvalidSetting`` where one of Preheat's own is wrong.

        Each of them is the variable's, else the configuration file's, else that under AWS's name, else the default.
        PREHEAT_ENABLED=false wins over everything, over what is wrong in the rest too: it is a kill switch.
        """
        if Values(environ).own("PREHEAT_ENABLED") is False:
            return cls(enabled=False)
        file_settings, file_entries = _from_file(environ)
        values = Values(environ, file_settings)
        initialization_type = values.text("AWS_LAMBDA_INITIALIZATION_TYPE") or ON_DEMAND
        # Lambda ends an on-demand INIT after 10 s: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
        init_limits = ("0", "9s") if initialization_type == ON_DEMAND else None
        own = {
            "stale_if_error": values.own("PREHEAT_STALE_IF_ERROR"),
            "stale_while_revalidate": values.own("PREHEAT_STALE_WHILE_REVALIDATE"),
            "init_timeout": values.own("PREHEAT_INIT_TIMEOUT", init_limits),
            "cache_memory": _first(values.own("PREHEAT_CACHE_MEMORY"), _quarter(values)),
            "allow": values.own("PREHEAT_ALLOW"),
            "secrets_batch": values.own("PREHEAT_SECRETS_BATCH"),
            "snapstart": values.own("PREHEAT_SNAPSTART"),
            "compat": values.own("PREHEAT_COMPAT"),
            "token": values.own("PREHEAT_TOKEN"),
        }
        own |= _shared(values)
        own |= _of_the_sdk(values)
        values.warn_of_misspelt()
        fields = {name: value for name, value in own.items() if value is not None}
        ttl = fields["ttl"]
        entries = [
            entry for variable, service in names.LISTS for entry in parse_list(service, values.text(variable), variable)
        ]
        return cls(
            **fields,
            initialization_type=initialization_type,
            entries=tuple(merge(entries + file_entries, ttl, fields.get("region", ""))),
            warnings=tuple(values.warnings),
        )


def _from_file(environ: Mapping[str, str]) -> tuple[Mapping[str, tuple[str, str]], list[ListEntry]]:
    """What PREHEAT_CONFIG adds: settings, as ``Values`` takes them, and list entries."""
    held = Values(environ).text(names.CONFIG)
    if not held:
        return {}, []
    from extension.settings import file

    return file.load(held)


def _shared(values: Values) -> dict[str, Any]:
    """The settings that AWS's extension has a name for, too; ``ttl`` and ``fetch_timeout`` are complete."""
    ttl, limit = values.own("PREHEAT_TTL"), values.own("PREHEAT_FETCH_TIMEOUT")
    enabled, items = values.aws(_PREFIX + "CACHE_ENABLED"), values.aws(_PREFIX + "CACHE_SIZE")
    ttls, limits = dict(_DEFAULTS["ttl"]), dict(_DEFAULTS["fetch_timeout"])
    for service, prefix in _AWS_PREFIXES.items():
        seconds, milliseconds = _aws_ttl(values, prefix + "_TTL"), values.aws(prefix + "_TIMEOUT_MILLIS")
        if enabled is False or items == 0:
            seconds = 0.0
        ttls[service] = _first(seconds, ttls[service])
        if milliseconds is not None:
            limits[service] = milliseconds / 1000 or None
    aws_port, aws_level = values.aws(_PREFIX + "HTTP_PORT"), values.aws(_PREFIX + "LOG_LEVEL")
    return {
        "ttl": _read_only(ttls if ttl is None else dict.fromkeys(ttls, ttl)),
        "fetch_timeout": _read_only(limits if limit is None else dict.fromkeys(limits, limit)),
        "cache_items": _first(values.own("PREHEAT_CACHE_ITEMS"), items or None),
        "max_connections": values.aws(_PREFIX + "MAX_CONNECTIONS"),
        "port": _first(values.own("PREHEAT_PORT"), aws_port),
        "log_level": _first(values.own("PREHEAT_LOG_LEVEL"), aws_level),
    }


def _aws_ttl(values: Values, name: str) -> float | None:
    seconds = values.aws(name)
    if seconds is None:
        return None
    if seconds > _AWS_TTL_LIMIT:
        values.warnings.append(
            f"{name} is clamped to {_AWS_TTL_LIMIT} seconds, the limit of AWS's extension; PREHEAT_TTL goes up to 7d"
        )
    return float(min(seconds, _AWS_TTL_LIMIT))


def _of_the_sdk(values: Values) -> dict[str, Any]:
    """What the SDK's variables say, as boto3 reads them."""
    common = values.aws("AWS_ENDPOINT_URL")
    urls = {service: _first(values.aws(f"AWS_ENDPOINT_URL_{name}"), common) for service, name in _ENDPOINTS.items()}
    region, default_region = values.aws("AWS_REGION"), values.aws("AWS_DEFAULT_REGION")
    proxy, upper_proxy = values.aws("https_proxy"), values.aws("HTTPS_PROXY")
    return {
        "region": _first(region, default_region),
        "endpoint_urls": _read_only(urls),
        "fips": values.aws("AWS_USE_FIPS_ENDPOINT"),
        "dualstack": values.aws("AWS_USE_DUALSTACK_ENDPOINT"),
        "ca_bundle": values.aws("AWS_CA_BUNDLE"),
        "https_proxy": _first(proxy, upper_proxy),
        "no_proxy": _first(values.aws("no_proxy"), values.aws("NO_PROXY")),
    }


def _quarter(values: Values) -> int | None:
    megabytes = values.aws("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    return None if megabytes is None else megabytes * MEGABYTE // 4


def _first(*choices: Any) -> Any:
    """The first of ``choices`` that is set."""
    return next((choice for choice in choices if choice is not None), None)
