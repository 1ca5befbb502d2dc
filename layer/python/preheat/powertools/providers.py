"""Providers for Powertools' parameters utility that read from the sidecar."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools.shared import constants
from aws_lambda_powertools.shared.functions import resolve_truthy_env_var_choice
from aws_lambda_powertools.utilities.parameters import exceptions
from aws_lambda_powertools.utilities.parameters.base import BaseProvider, transform_value
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

import preheat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from preheat.client import Client

# What Powertools raises for several secrets at once; versions that can't read them have no such class.
GetSecretError: type[Exception] = getattr(exceptions, "GetSecretError", GetParameterError)


class _Provider(BaseProvider):
    """Reads through a ``preheat.Client`` and keeps nothing itself."""

    def __init__(self, client: Client | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.client = preheat.default_client if client is None else client

    def has_not_expired_in_cache(self, key: tuple[Any, ...]) -> bool:  # noqa: ARG002 (Powertools' signature)
        """Never: the client's memory knows how old a value is."""
        return False

    def add_to_cache(self, key: tuple[Any, ...], value: Any, max_age: int) -> None:
        """Nothing is kept here."""

    def clear_cache(self) -> None:
        """Forget what the client has in memory."""
        self.client.clear_cache()


class SecretsProvider(_Provider):
    """In the place of Powertools' ``SecretsProvider``. Of the SDK's options ``VersionId`` and ``VersionStage`` are
    known."""

    def get(
        self,
        name: str,
        max_age: int | None = None,
        transform: Any = None,
        force_fetch: bool = False,
        **sdk_options: Any,
    ) -> Any:
        """A secret's text, or bytes; ``GetParameterError``, ``TransformParameterError``."""
        return super().get(name, 0, transform, oldest=_oldest(max_age), fetch=force_fetch, **sdk_options)

    def get_multiple(  # type: ignore[override]  # as Powertools' own
        self,
        names: list[str],
        max_age: int | None = None,
        transform: Any = None,
        raise_on_transform_error: bool = False,
        force_fetch: bool = False,
        **sdk_options: Any,
    ) -> dict[str, Any]:
        """Those of the secrets that exist: name -> value; ``GetSecretError``, also where none of them does."""
        if not names:
            raise GetSecretError("You must provide at least one secret name")
        try:
            found = self._get_multiple(names, oldest=_oldest(max_age), fetch=force_fetch, **sdk_options)
        except (preheat.PreheatError, ValueError, TypeError) as error:
            raise GetSecretError(str(error)) from error
        if not found:
            raise GetSecretError(f"No secrets found matching the provided names: {names}")
        return {name: _transformed(name, value, transform, raise_on_transform_error) for name, value in found.items()}

    def _get(
        self,
        name: str,
        oldest: float | None = None,
        fetch: bool = False,
        VersionId: str | None = None,  # noqa: N803 (the SDK's name)
        VersionStage: str | None = None,  # noqa: N803
        **sdk_options: Any,
    ) -> Any:
        _refuse(sdk_options)
        return self.client.get_secret(name, version=VersionId, stage=VersionStage, max_age=oldest, force_fetch=fetch)

    def _get_multiple(  # type: ignore[override]  # as Powertools' own
        self, names: list[str], oldest: float | None = None, fetch: bool = False, **sdk_options: Any
    ) -> dict[str, Any]:
        _refuse(sdk_options)
        many = self.client.get_many(secrets=names, max_age=oldest, force_fetch=fetch, raise_on_error=False)
        for error in many.errors.values():
            if not isinstance(error, preheat.NotFound):
                raise error
        return many.secrets


class ParametersProvider(_Provider):
    """In the place of Powertools' ``SSMProvider``. As there, nothing is decrypted unless ``decrypt=True`` or
    POWERTOOLS_PARAMETERS_SSM_DECRYPT says so; a name may end in ``:VERSION`` or ``:LABEL``."""

    def get(  # type: ignore[override]  # as Powertools' own
        self,
        name: str,
        max_age: int | None = None,
        transform: Any = None,
        decrypt: bool | None = None,
        force_fetch: bool = False,
        **sdk_options: Any,
    ) -> Any:
        """A parameter's value; ``GetParameterError``, ``TransformParameterError``."""
        decrypt = _decrypt(decrypt)
        return super().get(
            name, 0, transform, oldest=_oldest(max_age), fetch=force_fetch, decrypt=decrypt, **sdk_options
        )

    def get_multiple(  # type: ignore[override]  # as Powertools' own
        self,
        path: str,
        max_age: int | None = None,
        transform: Any = None,
        raise_on_transform_error: bool = False,
        decrypt: bool | None = None,
        force_fetch: bool = False,
        recursive: bool = False,
        **sdk_options: Any,
    ) -> dict[str, Any]:
        """The parameters below a path: what their names have after it -> value."""
        sdk_options |= {"oldest": _oldest(max_age), "fetch": force_fetch}
        sdk_options |= {"decrypt": _decrypt(decrypt), "recursive": recursive}
        return super().get_multiple(path, 0, transform, raise_on_transform_error, **sdk_options)

    def get_parameters_by_name(
        self,
        parameters: dict[str, Any],
        transform: Any = None,
        decrypt: bool | None = None,
        max_age: int | None = None,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Several parameters in one question: name -> value; failures raise, or are listed under ``"_errors"``."""
        decrypt = _decrypt(decrypt)
        asked: dict[str, Any] = {}
        transforms: dict[str, Any] = {}
        for name, given in parameters.items():
            own = given or {}
            transforms[name] = own.get("transform") or transform
            asked[name] = {
                "decrypt": own.get("decrypt", decrypt),
                "max_age": _oldest(own.get("max_age", max_age)),
            }
        try:
            values = self.client.get_parameters_by_name(asked, raise_on_error=raise_on_error)
        except (preheat.PreheatError, ValueError) as error:
            raise GetParameterError(str(error)) from error
        return {name: _transformed(name, value, transforms.get(name), raise_on_error) for name, value in values.items()}

    def _get(
        self, name: str, oldest: float | None = None, fetch: bool = False, decrypt: bool = False, **sdk_options: Any
    ) -> str:
        _refuse(sdk_options)
        name, version, label = _selected(name)
        return self.client.get_parameter(
            name, version=version, label=label, decrypt=decrypt, max_age=oldest, force_fetch=fetch
        )

    def _get_multiple(
        self,
        path: str,
        oldest: float | None = None,
        fetch: bool = False,
        decrypt: bool = False,
        recursive: bool = False,
        **sdk_options: Any,
    ) -> dict[str, str]:
        sdk_options.pop("MaxResults", None)  # the size of a page
        _refuse(sdk_options)
        return self.client.get_parameters(path, recursive=recursive, decrypt=decrypt, max_age=oldest, force_fetch=fetch)


def _oldest(max_age: float | None) -> float | None:
    """How old a value may be; None: as fresh as the sidecar keeps it. Powertools' default of 300 s is not meant so."""
    if max_age is None:
        text = os.environ.get(constants.PARAMETERS_MAX_AGE_ENV)
        max_age = int(text) if text else None
    return None if max_age is None else max(max_age, 0)


def _decrypt(choice: bool | None) -> bool:
    setting = os.environ.get(constants.PARAMETERS_SSM_DECRYPT_ENV, "false")
    return bool(resolve_truthy_env_var_choice(env=setting, choice=choice))


def _refuse(sdk_options: dict[str, Any]) -> None:
    """An option of the SDK's that would change the answer must not be passed over in silence."""
    if sdk_options:
        raise ValueError(f"Preheat does not know these options of the SDK: {', '.join(sorted(sdk_options))}")


def _selected(name: str) -> tuple[str, str | None, str | None]:
    """Name, version and label of what SSM calls a name with a selector."""
    parts = name.split(":")
    if len(parts) == (7 if name.startswith("arn:") else 2):
        selector = parts.pop()
        version, label = (selector, None) if selector.isdigit() else (None, selector)
        return ":".join(parts), version, label
    return name, None, None


def _transformed(name: str, value: Any, transform: Any, raise_on_error: bool) -> Any:
    if not transform:
        return value
    return transform_value(key=name, value=value, transform=transform, raise_on_transform_error=raise_on_error)
