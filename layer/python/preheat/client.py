"""The client: one thing, many in one question, and having things fetched anew."""

from __future__ import annotations

from preheat.errors import PreheatError
from preheat.memory import Memory
from preheat.singles import Singles
from preheat.values import transformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from preheat.batch import Batch, Found, Item, Refreshed, Wanted
    from preheat.tables import Table
    from preheat.values import Transform

ERRORS = "_errors"  # where Powertools lists the names that could not be read


class Many:
    """What ``get_many`` has read: ``secrets`` and ``parameters`` by the strings as asked, and ``errors`` by kind
    ("secrets" or "parameters") and string. The repr shows no value."""

    __slots__ = ("errors", "parameters", "secrets")

    def __init__(self) -> None:
        self.secrets: dict[str, Any] = {}
        self.parameters: dict[str, Any] = {}
        self.errors: dict[tuple[str, str], PreheatError] = {}

    def __repr__(self) -> str:
        return f"<Many: secrets={len(self.secrets)} parameters={len(self.parameters)} errors={len(self.errors)}>"


class Client(Singles):
    """Reads from the sidecar on localhost. One object serves all threads, and forked children too.

    The functions of the package are those of one such client; another one is for another timeout, or for tests.
    """

    def get_many(
        self,
        *,
        secrets: Iterable[Item] = (),
        parameters: Iterable[Item] = (),
        max_age: float | None = None,
        force_fetch: bool = False,
        raise_on_error: bool = True,
    ) -> Many:
        """Secrets and parameters in one question to the sidecar (one for every 100), whatever they are in number.

        An item is a name, ARN or alias, or a mapping: ``{"id": NAME, "field": …, "stage": …, "version": …}``,
        ``{"name": NAME, "version": …, "label": …, "decrypt": False}``. A field comes as JSON has it.

        Nothing is taken from this process's memory or kept there. The first that fails raises; with
        ``raise_on_error=False`` see ``errors``.
        """
        from preheat.batch import PARAMETERS, SECRETS, Wanted, distinct

        wanted = [Wanted(SECRETS, item, max_age) for item in secrets]
        wanted += [Wanted(PARAMETERS, item, max_age) for item in parameters]
        many = Many()
        kept = {SECRETS: many.secrets, PARAMETERS: many.parameters}
        wanted = distinct(wanted)
        for each, found in zip(wanted, self._read_many(wanted, force_fetch), strict=True):
            if found.error is None:
                kept[each.kind][each.name] = found.value
            elif raise_on_error:
                raise found.error
            else:
                many.errors[each.kind, each.name] = found.error
        return many

    def get_secrets_by_name(
        self,
        names: Iterable[str],
        *,
        transform: Transform = None,
        max_age: float | None = None,
        force_fetch: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Several secrets in one question: name -> value.

        The first that fails raises; with ``raise_on_error=False`` their names are listed under ``"_errors"``.
        """
        from preheat.batch import SECRETS, Wanted

        wanted = [Wanted(SECRETS, name, max_age) for name in dict.fromkeys(_names(names))]
        return self._by_name(wanted, {each.name: transform for each in wanted}, force_fetch, raise_on_error)

    def get_parameters_by_name(
        self,
        parameters: Iterable[str] | dict[str, Any],
        *,
        transform: Transform = None,
        max_age: float | None = None,
        force_fetch: bool = False,
        decrypt: bool = True,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Several parameters in one question: name -> value.

        ``parameters`` may be a dictionary, as in Powertools: name -> None or ``{"transform": …, "max_age": …,
        "decrypt": …}``, which go before the call's own. The first that fails raises; with ``raise_on_error=False``
        their names are listed under ``"_errors"``.
        """
        from preheat.batch import PARAMETERS, Wanted

        wanted: list[Wanted] = []
        transforms: dict[str, Transform] = {}
        for name in dict.fromkeys(_names(parameters)):
            options = dict((parameters[name] if isinstance(parameters, dict) else None) or {})
            transforms[name] = options.pop("transform", None) or transform
            item: Item = name if options.pop("decrypt", decrypt) else {"name": name, "decrypt": False}
            wanted.append(Wanted(PARAMETERS, item, options.pop("max_age", max_age)))
            if options:
                raise ValueError("a parameter's own options are transform, max_age and decrypt")
        return self._by_name(wanted, transforms, force_fetch, raise_on_error)

    def refresh(self, *, secrets: Iterable[Item] | None = None, parameters: Iterable[Item] | None = None) -> Refreshed:
        """Have the sidecar fetch these from AWS now, batched, and forget what this process has in memory.

        Without arguments: what the lists name, and all that was read since its last fetch. What was fetched less than
        1 s ago is skipped. Failures do not raise: see ``failed``.
        """
        from preheat.batch import PARAMETERS, SECRETS, Wanted, distinct

        wanted = None
        if secrets is not None or parameters is not None:
            wanted = [Wanted(SECRETS, item) for item in secrets or ()]
            wanted = distinct(wanted + [Wanted(PARAMETERS, item) for item in parameters or ()])
        refreshed = self._batch().refresh(wanted)
        self._memory = Memory()
        return refreshed

    def table(self, name: str) -> Table:
        """A look-up table by the name that ``table=`` gives it: ``table("rates")["EUR"]``, ``.get``, ``.get_many``,
        ``in``, ``len``. Nothing is asked before the first look-up."""
        from preheat.tables import Table

        return Table(self, name)

    def _by_name(
        self, wanted: list[Wanted], transforms: Mapping[str, Transform], force_fetch: bool, raise_on_error: bool
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        failed: list[str] = []
        if not raise_on_error and any(each.name == ERRORS for each in wanted):
            raise ValueError(f"{ERRORS!r} is where failures are listed, so it can't be asked for")
        for each, found in zip(wanted, self._read_many(wanted, force_fetch), strict=True):
            try:
                if found.error is not None:
                    raise found.error
                values[each.name] = transformed(found.value, transforms[each.name], each.what)
            except PreheatError:
                if raise_on_error:
                    raise
                failed.append(each.name)
        if not raise_on_error:
            values[ERRORS] = failed
        return values

    def _read_many(self, wanted: list[Wanted], force_fetch: bool) -> list[Found]:
        batch = self._batch()
        if force_fetch:
            found = batch.renew(wanted)
            self._memory = Memory()
            return found
        found = batch.read(wanted)
        old = [
            index
            for index, each in enumerate(wanted)
            if each.max_age and found[index].error is None and found[index].age >= each.max_age
        ]
        if old:
            for index, newer in zip(old, batch.renew([wanted[index] for index in old]), strict=True):
                found[index] = newer
            self._memory = Memory()
        return found

    def _batch(self) -> Batch:
        from preheat.batch import Batch

        return Batch(self._channel or self._open())


def _names(names: Iterable[str]) -> Iterable[str]:
    if isinstance(names, str):
        raise TypeError("names are a list, not one str")
    return names
