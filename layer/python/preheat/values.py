"""What a caller makes of a value: a field of it, or a transform. Errors hold no part of it, nor do their contexts."""

from __future__ import annotations

from preheat.errors import NotFound, SidecarUnavailable, TransformFailed, called

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from preheat.errors import What
    from preheat.memory import Entry

    Transform = str | Callable[[Any], Any] | None


def field_of(entry: Entry, field: str, what: What) -> str:
    """A top-level key of a JSON value: a string as it is, anything else as compact JSON; ``NotFound``.

    It is taken out here and not by the sidecar, so that all fields that are read come from one version of the secret.
    """
    document = entry.document
    if document is None:
        import json

        try:
            document = entry.document = json.loads(entry.value)
        except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
            pass
    if not isinstance(document, dict) or field not in document:
        raise NotFound(
            f"{called(what)}: it is no JSON object with such a key (FieldNotFound)", status=404, code="FieldNotFound"
        )
    found = document[field]
    return found if isinstance(found, str) else _compact(found)


def members_of(entry: Entry, path: str, what: What) -> dict[str, str]:
    """The parameters below ``path``, by what their names have after it, as in Powertools. Not to be changed."""
    members: dict[str, str] | None = entry.document
    if members is None:
        prefix = "/" + path.strip("/")
        found = document_of(entry.value, called(what))
        members = {name.removeprefix(prefix).lstrip("/"): value for name, value in found.items()}
        entry.document = members
    return members


def transformed(value: Any, transform: Transform, what: What) -> Any:
    """``value`` as ``"json"`` or ``"binary"`` (base64) says it, or what a callable makes of it; ``TransformFailed``."""
    if transform is None:
        return value
    failure = ""
    try:
        if transform == "json":
            import json

            return json.loads(value)
        if transform == "binary":
            from binascii import a2b_base64

            return a2b_base64(value)
        if callable(transform):
            return transform(value)
    except Exception as error:  # noqa: BLE001 (a callable may raise anything, and its text may hold the value)
        failure = type(error).__name__
    # Raised out here: an exception's context is kept, and a JSONDecodeError holds the whole text.
    if failure:
        label = transform if isinstance(transform, str) else getattr(transform, "__name__", "callable")
        raise TransformFailed(f"{called(what)}: the transform {label} failed with {failure}")
    raise ValueError('transform must be "json", "binary" or a callable')


def document_of(body: str | bytes, what: str) -> Any:
    """The JSON object that the sidecar answered with; ``SidecarUnavailable``."""
    import json

    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise SidecarUnavailable(f"{what}: the answer is no JSON object, so it is not Preheat that answers")
    return document


def _compact(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
