"""Secrets, parameters and S3 objects from the Preheat sidecar, in one line and in microseconds.

    import preheat

    password = preheat.get_secret("prod/db", field="password")
    flag = preheat.get_parameter("/app/prod/flag")
    rates = preheat.get_object("s3://bucket/rates.json", transform="json")
    path = preheat.get_file("s3://bucket/model.bin")
    rate = preheat.table("rates")["EUR"]

What was read is answered from memory while it is fresh; ``PREHEAT_CLIENT_CACHE=false`` turns that off. All errors are
``PreheatError``.
"""

from __future__ import annotations

from preheat.client import Client, Many
from preheat.errors import (
    AccessDenied,
    BadRequest,
    BadToken,
    NotFound,
    PreheatError,
    RowNotFound,
    SidecarTimeout,
    SidecarUnavailable,
    Throttled,
    TransformFailed,
    Unavailable,
)

__all__ = (
    "AccessDenied",
    "BadRequest",
    "BadToken",
    "Client",
    "Many",
    "NotFound",
    "PreheatError",
    "RowNotFound",
    "SidecarTimeout",
    "SidecarUnavailable",
    "Throttled",
    "TransformFailed",
    "Unavailable",
    "clear_cache",
    "default_client",
    "get_file",
    "get_many",
    "get_object",
    "get_parameter",
    "get_parameters",
    "get_parameters_by_name",
    "get_secret",
    "get_secrets_by_name",
    "refresh",
    "table",
)

default_client = Client()

clear_cache = default_client.clear_cache
get_file = default_client.get_file
get_many = default_client.get_many
get_object = default_client.get_object
get_parameter = default_client.get_parameter
get_parameters = default_client.get_parameters
get_parameters_by_name = default_client.get_parameters_by_name
get_secret = default_client.get_secret
get_secrets_by_name = default_client.get_secrets_by_name
refresh = default_client.refresh
table = default_client.table
