"""``/tables/<name>``: rows of a look-up table by key, one or many, also in a batch (contract §3.2)."""

from __future__ import annotations

from extension import jsontext
from extension.api.batch import TABLES, Item, Refused
from extension.api.conditions import wanted_age
from extension.api.native import failed, fresh, freshness
from extension.api.problems import JSON, document, problem, source_problem
from extension.api.questions import Question
from extension.api.reading import answer_with
from extension.api.target import flag, options
from extension.errors import SourceError
from extension.http1.connection import Response
from extension.percent import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from extension.http1.connection import Reply
    from extension.http1.request import Request
    from extension.reading import Reading
    from extension.resolution import Resolver
    from extension.store import Store

    Key = tuple[str, ...]

PATH = "/tables/"
MOST_KEYS = 100  # at once; each is a few microseconds in which nobody else is answered
_NO_TABLE = "no list has a table of this name"
_NO_ROW = "the table has no row with this key"
_OF_TABLE = (b"GET", b"HEAD", b"POST", b"OPTIONS")
_OF_ROW = (b"GET", b"HEAD", b"OPTIONS")


def answer_table(store: Store, request: Request, path: str, query: str, reply: Reply) -> None:
    """A row, several, or how many there are; ``ValueError`` where the question is malformed."""
    name, slash, rest = path[len(PATH) :].partition("/")
    methods = _OF_ROW if slash else _OF_TABLE
    if request.method not in methods:
        reply(problem(405, "this path has other methods; see Allow", headers=((b"Allow", b", ".join(methods)),)))
        return
    if request.method == b"OPTIONS":
        reply(Response(204, [(b"Allow", b", ".join(methods))]))
        return
    name = decode(name)
    resource = store.resolver.tables.get(name)
    if resource is None:
        reply(problem(404, _NO_TABLE, code="TableNotFound", resource=name))
        return
    keys = _keys(request.body) if request.method == b"POST" else {}
    parts = [decode(part) for part in rest.split("/")] if "%" in rest else rest.split("/")

    def render(result: Reading | SourceError) -> Response:
        if isinstance(result, SourceError):
            return failed(store, resource, result)
        try:
            if slash:
                return _row(request, result, name, parts)
            return _rows(result, keys) if request.method == b"POST" else _about(request, result, name)
        except SourceError as error:
            return failed(store, resource, error)
        except ValueError as error:
            return problem(400, str(error), resource=name)

    force = flag(options(query, ("refresh",)).get("refresh", "false")) if query else False
    answer_with(store, resource, reply, render, force=force, max_age=wanted_age(request))


def _row(request: Request, reading: Reading, name: str, parts: list[str]) -> Response:
    table = reading.value
    # Only a composite key has parts: the slashes of any other are its own.
    key = tuple(parts) if table.parts > 1 or len(parts) == 1 else ("/".join(parts),)
    _check(key, table.parts)
    row = table.get(key)
    if row is None:
        return problem(404, _NO_ROW, code="RowNotFound", resource=name)
    return fresh(request, reading, table.etag, JSON[1], row)


def _rows(reading: Reading, keys: dict[str, Key]) -> Response:
    table = reading.value
    found: dict[str, bytes] = {}
    missing: list[str] = []
    for label, key in keys.items():
        _check(key, table.parts)
        row = table.get(key)
        if row is None:
            missing.append(label)
        else:
            found[label] = row
    body = b'{"rows":' + joined(found) + b',"missing":' + jsontext.dumps(missing) + b"}"
    return Response(200, freshness(reading, table.etag, JSON[1]), body)


def _about(request: Request, reading: Reading, name: str) -> Response:
    table = reading.value
    response = fresh(request, reading, table.etag, JSON[1], jsontext.dumps({"table": name, **table.report}))
    response.headers.append((b"Preheat-Rows", b"%d" % table.rows))
    return response


def joined(members: dict[str, bytes]) -> bytes:
    """A JSON object of members that are JSON already: a row goes out with the digits that it came with."""
    return b"{" + b",".join([jsontext.dumps(name) + b":" + value for name, value in members.items()]) + b"}"


def _check(key: Key, parts: int) -> None:
    if len(key) != parts:
        raise ValueError(f"a key of this table has {parts} part{'s' if parts > 1 else ''}")


def _keys(body: bytes) -> dict[str, Key]:
    """What is asked for: under which name, and as which key."""
    try:
        asked = jsontext.literals(body)
    except ValueError:
        raise ValueError("the body must be JSON") from None
    if not isinstance(asked, dict) or list(asked) != ["keys"] or not isinstance(asked["keys"], list):
        raise ValueError('the body must be {"keys": [...]}')
    if len(asked["keys"]) > MOST_KEYS:
        raise ValueError(f"at most {MOST_KEYS} keys at once")
    return _named(asked["keys"])


def _named(keys: Iterable[Any]) -> dict[str, Key]:
    """Each key as a tuple, under the string that it is answered under: itself; the parts of a composite one as in a
    path, percent-encoded and with slashes between them."""
    named: dict[str, Key] = {}
    for key in keys:
        parts = key if isinstance(key, list) else [key]
        if not parts or not all(isinstance(part, str) for part in parts):
            raise ValueError("a key is a string or a number, a composite one an array of them")
        named[parts[0] if len(parts) == 1 else "/".join([encode(part) for part in parts])] = tuple(parts)
    return named


def items(resolver: Resolver, body: bytes, *, whole: bool) -> list[Item | Refused]:
    """What the member ``tables`` of a batch asks for: ``{NAME: [KEY, …]}``; where tables are to be fetched anew
    (``whole``), their names are enough."""
    asked = jsontext.literals(body)[TABLES]
    if whole and isinstance(asked, list) and all(isinstance(name, str) for name in asked):
        asked = {name: [] for name in asked}
    if not isinstance(asked, dict) or not all(isinstance(keys, list) for keys in asked.values()):
        raise ValueError("tables must be an object of lists of keys")
    found: list[Item | Refused] = []
    for name, keys in asked.items():
        resource = resolver.tables.get(name)
        named = _named(keys)
        if whole:
            named = {"": ()}
        for label, parts in named.items():
            if resource is None:
                problem_document = document(404, _NO_TABLE, code="TableNotFound", resource=name)
                found.append(Refused(TABLES, label, problem_document, name))
            else:
                found.append(Item(TABLES, label, Question((resource,), False), name, parts))
    return found


def members(store: Store, rows: list[tuple[Item, Reading | SourceError]], refused: list[Refused]) -> bytes:
    """What a batch has of tables, as JSON: name -> key -> row or problem."""
    found: dict[str, dict[str, bytes]] = {}
    for each in refused:
        if each.table:
            found.setdefault(each.table, {})[each.key] = jsontext.dumps({"error": each.problem})
    for item, result in rows:
        found.setdefault(item.table, {})[item.key] = _member(store, item, result)
    return joined({name: joined(members) for name, members in found.items()})


def _member(store: Store, item: Item, result: Reading | SourceError) -> bytes:
    (resource,) = item.question.resources
    if not isinstance(result, SourceError):
        table = result.value
        try:
            row = table.get(item.parts)
        except SourceError as error:
            result = error
        else:
            if row is None:
                return jsontext.dumps({"error": document(404, _NO_ROW, code="RowNotFound", resource=item.table)})
            rest = jsontext.dumps({"version": table.version, "age": round(result.age, 3)})
            return b'{"value":' + bytes(row) + b"," + rest[1:]
    return jsontext.dumps({"error": source_problem(result, resource, store.needs(resource, result))})
