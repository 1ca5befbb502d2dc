"""The answers of Preheat's own paths: ``/secrets``, ``/parameters``, ``/s3`` (contract §3.2)."""

from __future__ import annotations

import binascii

from extension import jsontext
from extension.api.conditions import matches, quoted, wanted_age
from extension.api.problems import JSON, answer, missing_field, problem, source_problem
from extension.api.ranges import Unsatisfiable, byte_range
from extension.api.reading import answer_with, gather, guarded
from extension.errors import SourceError
from extension.http1.connection import Response
from extension.reading import STALE
from extension.sources.listing import pattern_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from extension.api.questions import Question
    from extension.http1.connection import Reply
    from extension.http1.request import Request
    from extension.reading import Reading
    from extension.references import Resource
    from extension.store import Store

_TEXT = b"text/plain; charset=utf-8"
_BYTES = b"application/octet-stream"

FORWARDED = problem(400, "Forwarded", code="Forwarded")
UNAUTHORIZED = problem(401, "send AWS_SESSION_TOKEN as X-Aws-Parameters-Secrets-Token", code="AccessDeniedException")


def answer_secret(store: Store, request: Request, question: Question, reply: Reply) -> None:
    """The value as it is, or one field of a JSON secret."""
    (resource,) = question.resources
    field = question.field

    def render(result: Reading | SourceError) -> Response:
        if isinstance(result, SourceError):
            return failed(store, resource, result)
        secret = result.value
        if field is None:
            if secret.binary is not None:
                return fresh(request, result, secret.etag, _BYTES, secret.binary)
            return fresh(request, result, secret.etag, _TEXT, secret.string.encode("utf-8", "surrogatepass"))
        try:
            found = field_of(secret.string, field)
        except (ValueError, KeyError):
            return answer(missing_field(resource))
        body = found.encode("utf-8", "surrogatepass") if isinstance(found, str) else jsontext.dumps(found)
        return fresh(request, result, f"{secret.etag}-field-{_checksum(field)}", _TEXT, body)

    answer_with(store, resource, reply, render, force=question.force, max_age=wanted_age(request))


def field_of(text: str | None, field: str) -> Any:
    """One top-level key of a JSON secret; ``ValueError`` or ``KeyError`` where there is none."""
    document = jsontext.loads(text or "")
    if not isinstance(document, dict):
        raise ValueError("no object")
    return document[field]


def answer_parameter(store: Store, request: Request, question: Question, reply: Reply) -> None:
    """The value. Of two spellings, ``x`` and ``/x``, the one that is held, else the first that exists."""
    resources = question.resources
    if pattern_of(resources[0]):
        _answer_wildcard(store, request, question, reply)
        return
    if store.preferred(resources) is not resources[0]:
        resources = resources[::-1]
    _read_parameter(store, request, resources, question.force, reply)


def _read_parameter(store: Store, request: Request, resources: tuple[Resource, ...], force: bool, reply: Reply) -> None:
    resource, *others = resources

    def render(result: Reading | SourceError) -> Response | None:
        if isinstance(result, SourceError):
            if others and result.status == 404:
                _read_parameter(store, request, tuple(others), force, reply)
                return None
            return failed(store, resource, result)
        parameter = result.value
        if parameter.value is None:  # a binary secret through SSM
            return problem(404, "it has no text; read it as a secret", code="NoText", resource=resource.label)
        return fresh(request, result, parameter.etag, _TEXT, parameter.value.encode("utf-8", "surrogatepass"))

    answer_with(store, resource, reply, render, force=force, max_age=wanted_age(request))


def _answer_wildcard(store: Store, request: Request, question: Question, reply: Reply) -> None:
    """The parameters below a path as JSON: name -> value."""
    (wildcard,) = question.resources

    def members(result: Reading | SourceError) -> Response | None:
        if isinstance(result, SourceError):
            return failed(store, wildcard, result)
        resources = result.value.members

        def finish(values: list[Reading | SourceError]) -> None:
            guarded(lambda values: _wildcard(store, request, result, resources, values), values, reply)

        reply.abandon = gather(store, resources, finish)
        return None

    answer_with(store, wildcard, reply, members, force=question.force, max_age=wanted_age(request))


def _wildcard(
    store: Store,
    request: Request,
    listing: Reading,
    resources: tuple[Resource, ...],
    values: list[Reading | SourceError],
) -> Response:
    found: dict[str, str | None] = {}
    tags = []
    oldest = listing
    for resource, value in zip(resources, values, strict=True):
        if isinstance(value, SourceError):
            if value.status == 404:
                continue  # went away since it was listed
            return failed(store, resource, value)
        found[resource.name] = value.value.value
        tags.append(f"{resource.name}={value.value.etag}")
        if value.how == STALE or (oldest.how != STALE and value.age > oldest.age):
            oldest = value
    return fresh(request, oldest, f"{_checksum(' '.join(tags))}-{len(tags)}", JSON[1], jsontext.dumps(found))


def answer_object(store: Store, request: Request, question: Question, reply: Reply) -> None:
    """The bytes, or a range of them (RFC 9110 §14). Who asks by HEAD where the file is gets one that is there: if the
    function has cleared ``/tmp``, it is fetched anew, while other readers still have the bytes."""
    (resource,) = question.resources

    def render(result: Reading | SourceError) -> Response | None:
        if isinstance(result, SourceError):
            return failed(store, resource, result)
        file = result.value.file
        if request.method == b"HEAD" and file is not None and not file.reachable:
            answer_with(store, resource, reply, lambda again: _object(store, request, resource, again), force=True)
            return None
        return _object(store, request, resource, result)

    answer_with(store, resource, reply, render, force=question.force, max_age=wanted_age(request))


def _object(store: Store, request: Request, resource: Resource, result: Reading | SourceError) -> Response:
    if isinstance(result, SourceError):
        return failed(store, resource, result)
    value, file = result.value, result.value.file
    # What lies in a file, or is mapped as a table's object is, sends itself.
    stretch = file.stretch if file is not None else getattr(value, "stretch", None)
    body = value.body if stretch is None else b""
    whole = fresh(request, result, value.etag, value.content_type.encode("latin-1", "replace"), body)
    if file is not None and file.reachable:
        whole.headers.append((b"Preheat-File", file.path.encode("utf-8", "surrogateescape")))
    if whole.status != 200:
        return whole
    if stretch is not None:
        whole.stretch = stretch(0, len(value.body))
    whole.headers.append((b"Accept-Ranges", b"bytes"))
    wanted = request.get(b"range")
    condition = request.get(b"if-range")
    if wanted is None or (condition is not None and condition != quoted(value.etag)):
        return whole
    size = len(value.body)
    try:
        piece = byte_range(wanted, size)
    except Unsatisfiable:
        total = (b"Content-Range", b"bytes */%d" % size)
        return problem(416, "the object has no such bytes", resource=resource.label, headers=(total,))
    if piece is None:
        return whole
    first, last = piece
    whole.headers.append((b"Content-Range", b"bytes %d-%d/%d" % (first, last, size)))
    part = Response(206, whole.headers, body[first : last + 1])
    if stretch is not None:
        part.stretch = stretch(first, last + 1 - first)
    return part


def failed(store: Store, resource: Resource, error: SourceError) -> Response:
    """What a failed read is answered with."""
    return answer(source_problem(error, resource, store.needs(resource, error)))


def fresh(request: Request, reading: Reading, etag: str, content_type: bytes, body: bytes) -> Response:
    """200 with the value and how fresh it is, or 304 where the reader has it already."""
    headers = freshness(reading, etag, content_type)
    condition = request.get(b"if-none-match")
    if condition is not None and matches(condition, quoted(etag)):
        return Response(304, headers[1:])
    return Response(200, headers, body)


def freshness(reading: Reading, etag: str, content_type: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of a value, which say how fresh it is."""
    lifetime = 0 if reading.how == STALE else int(reading.ttl)
    return [
        (b"Content-Type", content_type),
        (b"Age", b"%d" % int(reading.age)),
        (b"Cache-Control", b"private, max-age=%d" % lifetime),
        (b"ETag", quoted(etag)),
        (b"Preheat-Cache", reading.how.encode("ascii")),
    ]


def _checksum(text: str) -> str:
    """A field's name as a few digits: what the caller sent is not echoed in a header."""
    return f"{binascii.crc32(text.encode('utf-8', 'surrogatepass')):08x}"
