"""``POST /batch``: many values in one local request, and ``POST /refresh``: many fetched anew (contract §3.2).

At 128 MB of memory a function has 1.45 ms of CPU in every 20 ms: each round trip can cost a whole period.
"""

from __future__ import annotations

import binascii

from extension import jsontext
from extension.api.native import field_of
from extension.api.problems import JSON, missing_field, source_problem
from extension.api.problems import document as problem_document
from extension.api.questions import read_parameter, read_secret
from extension.api.reading import gather, guarded
from extension.errors import SourceError
from extension.http1.connection import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from extension.api.questions import Question
    from extension.http1.connection import Reply
    from extension.reading import Reading
    from extension.references import Resource
    from extension.resolution import Resolver
    from extension.store import Store

MOST_ITEMS = 100
TABLES = "tables"
_LISTS = ("secrets", "parameters")
_OPTIONS = {
    "secrets": ("id", "name", "field", "stage", "version"),
    "parameters": ("name", "id", "version", "label", "decrypt"),
}


class Item:
    """One thing that is asked for: under which list and string, and what that means. A row is of ``table``, under the
    key that is ``parts``."""

    __slots__ = ("key", "kind", "parts", "question", "table")

    def __init__(
        self, kind: str, key: str, question: Question, table: str = "", parts: tuple[str, ...] | None = None
    ) -> None:
        self.kind = kind
        self.key = key
        self.question = question
        self.table = table
        self.parts = parts


class Refused:
    """One thing that is asked for by what can be no name, and the problem that it gets."""

    __slots__ = ("key", "kind", "problem", "table")

    def __init__(self, kind: str, key: str, problem: dict[str, object], table: str = "") -> None:
        self.kind = kind
        self.key = key
        self.problem = problem
        self.table = table


def answer_batch(store: Store, body: bytes, reply: Reply) -> None:
    """Always 200, each item with its value or its problem; ``ValueError`` where the body is not understood."""
    items, refused = _items(store.resolver, body)
    _collect(store, items, reply, lambda results: _batch(store, items, results, refused))


def answer_refresh(store: Store, body: bytes, reply: Reply) -> None:
    """Fetch anew what is named; ``{}`` stands for what is listed, and all that was read since its last fetch."""
    refused: list[Refused] = []
    if _document(body):
        items, refused = _items(store.resolver, body, whole=True)
        resources = [store.preferred(item.question.resources) for item in items]
    else:
        resources = store.refreshable()
    waiting, skipped = store.not_just_refreshed(resources)
    _fetch(store, waiting, skipped, {each.table or each.key: each.problem for each in refused}, reply, force=True)


def answer_due(store: Store, reply: Reply) -> None:
    """Fetch what the next INVOKE would fetch, and answer when it is there: for an after-restore hook."""
    _fetch(store, store.due(first=True), 0, {}, reply, force=False)


def _fetch(
    store: Store, waiting: list[Resource], skipped: int, refused: dict[str, Any], reply: Reply, *, force: bool
) -> None:
    def finish(results: list[Reading | SourceError]) -> None:
        failed = {
            resource.label: source_problem(result, resource, store.needs(resource, result))
            for resource, result in zip(waiting, results, strict=True)
            if isinstance(result, SourceError)
        }
        refreshed = sum(not isinstance(result, SourceError) for result in results)  # variants share a label
        summary = {"refreshed": refreshed, "failed": failed | refused, "skipped": skipped}
        guarded(_summarised, summary, reply)

    reply.abandon = gather(store, waiting, finish, force=force, max_age=0.0)


def _summarised(summary: dict[str, Any]) -> Response:
    return Response(200, [JSON, (b"Cache-Control", b"no-store")], jsontext.dumps(summary))


def _collect(
    store: Store, items: list[Item], reply: Reply, render: Callable[[list[Reading | SourceError]], Response]
) -> None:
    """Read all items together; a parameter that is not found under its first spelling is asked for under its second."""

    def finish(results: list[Reading | SourceError]) -> None:
        again = [
            index
            for index, (item, result) in enumerate(zip(items, results, strict=True))
            if isinstance(result, SourceError) and result.status == 404 and len(item.question.resources) > 1
        ]
        if not again:
            guarded(render, results, reply)
            return

        def finish_again(second: list[Reading | SourceError]) -> None:
            for index, result in zip(again, second, strict=True):
                results[index] = result
            guarded(render, results, reply)

        reply.abandon = gather(store, [items[index].question.resources[1] for index in again], finish_again)

    abandon = gather(store, [store.preferred(item.question.resources) for item in items], finish)
    if abandon is not None:  # else nothing was waited for, or it is the second spellings that are
        reply.abandon = abandon


def _batch(store: Store, items: list[Item], results: list[Reading | SourceError], refused: list[Refused]) -> Response:
    found: dict[str, dict[str, Any]] = {kind: {} for kind in _LISTS}
    rows = []
    for each in refused:
        if not each.table:
            found[each.kind][each.key] = {"error": each.problem}
    for item, result in zip(items, results, strict=True):
        if item.table:
            rows.append((item, result))
        else:
            found[item.kind][item.key] = _member(store, item, result)
    tables = b"{}"
    if rows or any(each.table for each in refused):
        from extension.api.tables import members

        tables = members(store, rows, refused)
    body = jsontext.dumps(found)[:-1] + b',"tables":' + tables + b"}"
    return Response(200, [JSON, (b"Cache-Control", b"no-store")], body)


def _member(store: Store, item: Item, result: Reading | SourceError) -> dict[str, Any]:
    resource = item.question.resources[0]
    if isinstance(result, SourceError):
        return {"error": source_problem(result, resource, store.needs(resource, result))}
    value = result.value
    shown: dict[str, Any] = {}
    field = item.question.field
    if field is not None:
        try:
            shown["value"] = field_of(value.string, field)
        except (ValueError, KeyError):
            return {"error": missing_field(resource)}
    elif item.kind == "secrets" and value.binary is not None:
        shown["base64"] = binascii.b2a_base64(value.binary, newline=False).decode("ascii")
    else:
        shown["value"] = value.string if item.kind == "secrets" else value.value
    shown["version"] = value.version
    shown["age"] = round(result.age, 3)
    return shown


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = jsontext.loads(body)
    except ValueError:
        raise ValueError("the body must be JSON") from None
    if not isinstance(document, dict):
        raise ValueError("the body must be a JSON object")
    for name in document:
        if name not in (*_LISTS, TABLES):
            raise ValueError("the body may hold secrets, parameters and tables")
    return document


def _items(resolver: Resolver, body: bytes, *, whole: bool = False) -> tuple[list[Item], list[Refused]]:
    """What is asked for, and what can be no name: one of those must not cost the others their answer. ``whole``: of
    tables not the rows, but the tables are."""
    document = _document(body)
    items: list[Item | Refused] = []
    for kind in _LISTS:
        asked = document.get(kind, [])
        if not isinstance(asked, list):
            raise ValueError(f"{kind} must be a list")
        items += [_item(resolver, kind, each) for each in asked[: MOST_ITEMS + 1]]
    if document.get(TABLES):
        from extension.api.tables import items as rows

        items += rows(resolver, body, whole=whole)
    if len(items) > MOST_ITEMS:
        raise ValueError(f"at most {MOST_ITEMS} items at once")
    if len({(item.kind, item.table, item.key) for item in items}) < len(items):
        raise ValueError("each item at most once")
    return [item for item in items if isinstance(item, Item)], [item for item in items if isinstance(item, Refused)]


def _item(resolver: Resolver, kind: str, each: Any) -> Item | Refused:
    options = {"id": each} if isinstance(each, str) else each
    if not isinstance(options, dict) or not set(options) <= set(_OPTIONS[kind]):
        raise ValueError(f"an item of {kind} is a string, or an object of " + ", ".join(_OPTIONS[kind]))
    texts = {name: _text(name, value) for name, value in options.items()}
    key = texts.pop("id", "") or texts.pop("name", "")
    if not key or "id" in texts or "name" in texts:
        raise ValueError("an item has an id or a name")
    try:
        question = read_secret(resolver, key, texts) if kind == "secrets" else read_parameter(resolver, key, texts)
    except ValueError as error:
        return Refused(kind, key, problem_document(400, str(error)))
    return Item(kind, key, question)


def _text(name: str, value: Any) -> str:
    """An option as a query would have it: a version may be a number, a flag a boolean."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"the option {name} must be a string")
    return value
