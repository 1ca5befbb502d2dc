"""Preheat behind Powertools for AWS Lambda: its parameters utility, served by the sidecar.

One line changes. ``from preheat import powertools as parameters`` stands for
``from aws_lambda_powertools.utilities import parameters``, with its functions, providers and exceptions for secrets and
parameters; names, arguments, defaults and results are Powertools'.

Freshness is Preheat's: Powertools' own store, which counts 300 s from when it was told a value, is not used. A
``max_age``, or POWERTOOLS_PARAMETERS_MAX_AGE, is how old a value may be at most.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError

from preheat.powertools.providers import GetSecretError, ParametersProvider, SecretsProvider

__all__ = (
    "GetParameterError",
    "GetSecretError",
    "ParametersProvider",
    "SSMProvider",
    "SecretsProvider",
    "TransformParameterError",
    "clear_caches",
    "get_parameter",
    "get_parameters",
    "get_parameters_by_name",
    "get_secret",
    "get_secrets_by_name",
)

SSMProvider = ParametersProvider  # its name in Powertools

_secrets = SecretsProvider()
_parameters = ParametersProvider()


def get_secret(
    name: str, transform: Any = None, force_fetch: bool = False, max_age: int | None = None, **sdk_options: Any
) -> Any:
    """A secret; see ``SecretsProvider.get``."""
    return _secrets.get(name, max_age, transform, force_fetch, **sdk_options)


def get_secrets_by_name(
    names: list[str], transform: Any = None, force_fetch: bool = False, max_age: int | None = None, **sdk_options: Any
) -> dict[str, Any]:
    """Several secrets; see ``SecretsProvider.get_multiple``."""
    return _secrets.get_multiple(names, max_age, transform, force_fetch=force_fetch, **sdk_options)


def get_parameter(
    name: str,
    transform: Any = None,
    decrypt: bool | None = None,
    force_fetch: bool = False,
    max_age: int | None = None,
    **sdk_options: Any,
) -> Any:
    """A parameter; see ``ParametersProvider.get``."""
    return _parameters.get(name, max_age, transform, decrypt, force_fetch, **sdk_options)


def get_parameters(
    path: str,
    transform: Any = None,
    recursive: bool = True,
    decrypt: bool | None = None,
    force_fetch: bool = False,
    max_age: int | None = None,
    raise_on_transform_error: bool = False,
    **sdk_options: Any,
) -> dict[str, Any]:
    """What lies below a path, all of it unless ``recursive=False``; see ``ParametersProvider.get_multiple``."""
    return _parameters.get_multiple(
        path, max_age, transform, raise_on_transform_error, decrypt, force_fetch, recursive, **sdk_options
    )


def get_parameters_by_name(
    parameters: dict[str, Any],
    transform: Any = None,
    decrypt: bool | None = None,
    max_age: int | None = None,
    raise_on_error: bool = True,
) -> dict[str, Any]:
    """Several parameters; see ``ParametersProvider.get_parameters_by_name``."""
    return _parameters.get_parameters_by_name(parameters, transform, decrypt, max_age, raise_on_error)


def clear_caches() -> None:
    """Forget what this process has in memory."""
    _secrets.clear_cache()
