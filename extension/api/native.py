"""Preheat's own paths: ``/secrets``, ``/parameters``, ``/s3`` (contract §3.2)."""

from __future__ import annotations

import binascii

from extension import jsontext
from extension.api.problems import problem, source_problem
from extension.api.ranges import Unsatisfiable, byte_range
from extension.api.reading import answer_with
from extension.api.target import flag, options
from extension.errors import SourceError
from extension.http1.connection import Response
from extension.percent import decode
from extension.references import parameter_resource, s3_resource, secret_resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.http1.connection import Reply
    from extension.http1.request import Request
    from extension.reading import Reading
    from extension.references import Resource
    from extension.store import Store

SECRETS = "/secrets/"
PARAMETERS = "/parameters/"
S3 = "/s3/"
_TEXT = b"text/plain; charset=utf-8"
_BYTES = b"application/octet-stream"


def get_secret(store: Store, request: Request, path: str, query: str, reply: Reply) -> None:
    """``/secrets/<id>``: the value as it is, or one field of a JSON secret."""
    asked = options(query, ("stage", "version", "field", "refresh"))
    name = decode(path[len(SECRETS) :])
    resource = store.resolver.alias("secretsmanager", name)
    if resource is None or asked.get("stage") or asked.get("version"):
        given = resource
        resource = secret_resource(
            resource.arn or resource.name if resource is not None else name,
            stage=asked.get("stage", ""),
            version=asked.get("version", ""),
        )
        if given is not None:
            resource = resource.replaced(region=given.region, role=given.role)
    resource = store.resolver.meant(resource)
    field = asked.get("field")

    def render(result: Reading | SourceError) -> Response:
        if isinstance(result, SourceError):
            return _failed(store, resource, result)
        secret = result.value
        if field is None:
            if secret.binary is not None:
                return _fresh(request, result, secret.etag, _BYTES, secret.binary)
            return _fresh(request, result, secret.etag, _TEXT, secret.string.encode("utf-8", "surrogatepass"))
        found = _field(secret.string, field)
        if found is None:
            return problem(
                404, "the secret is no JSON object with such a key", code="FieldNotFound", resource=resource.label
            )
        body = found.encode("utf-8", "surrogatepass") if isinstance(found, str) else jsontext.dumps(found)
        return _fresh(request, result, f"{secret.etag}-field-{_checksum(field)}", _TEXT, body)

    answer_with(store, resource, reply, render, force=flag(asked.get("refresh", "false")))


def _field(text: str | None, field: str) -> object:
    try:
        document = jsontext.loads(text or "")
    except ValueError:
        return None
    return document.get(field) if isinstance(document, dict) else None


def get_parameter(store: Store, request: Request, path: str, query: str, reply: Reply) -> None:
    """``/parameters/<name>``: the value. The path's own slash may be the name's first: alias, then what is listed, then
    ``x``, then ``/x``."""
    asked = options(query, ("version", "label", "decrypt", "refresh"))
    name = decode(path[len(PARAMETERS) :])
    decrypt = flag(asked.get("decrypt", "true"))
    version, label = asked.get("version", ""), asked.get("label", "")
    force = flag(asked.get("refresh", "false"))
    resolver = store.resolver
    listed = resolver.alias("ssm", name) or resolver.listed_name("ssm", name) or resolver.listed_name("ssm", "/" + name)
    spellings: list[Resource] = []
    if listed is not None:
        selected = parameter_resource(listed.arn or listed.name, version=version, label=label, decrypt=decrypt)
        if not version and not label:
            selected = selected.replaced(selector=listed.selector)
        spellings.append(selected.replaced(region=listed.region, role=listed.role))
    elif name.startswith(("/", "arn:")):
        spellings.append(parameter_resource(name, version=version, label=label, decrypt=decrypt))
    else:
        names = ("/" + name,) if "/" in name else (name, "/" + name)
        spellings += [parameter_resource(each, version=version, label=label, decrypt=decrypt) for each in names]
    spellings = [resolver.meant(spelling) for spelling in spellings]
    if len(spellings) == 2 and store.held(spellings[1]) is not None and store.held(spellings[0]) is None:
        spellings.reverse()
    _read_parameter(store, request, spellings, force, reply)


def _read_parameter(store: Store, request: Request, spellings: list[Resource], force: bool, reply: Reply) -> None:
    resource, *others = spellings

    def render(result: Reading | SourceError) -> Response | None:
        if isinstance(result, SourceError):
            if others and result.status == 404:
                _read_parameter(store, request, others, force, reply)
                return None
            return _failed(store, resource, result)
        parameter = result.value
        if parameter.value is None:  # a binary secret through SSM
            return problem(404, "it has no text; read it as a secret", code="NoText", resource=resource.label)
        return _fresh(request, result, parameter.etag, _TEXT, parameter.value.encode("utf-8", "surrogatepass"))

    answer_with(store, resource, reply, render, force=force)


def get_object(store: Store, request: Request, path: str, query: str, reply: Reply) -> None:
    """``/s3/<bucket>/<key>``: the bytes, or a range of them (RFC 9110 §14)."""
    asked = options(query, ("version", "refresh"))
    name = decode(path[len(S3) :])
    resource = store.resolver.alias("s3", name)
    if resource is None:
        bucket, _, key = name.partition("/")
        resource = store.resolver.meant(s3_resource(bucket, key, version=asked.get("version", "")))
    elif asked.get("version"):
        resource = resource.replaced(selector=asked["version"])
    found = resource

    def render(result: Reading | SourceError) -> Response:
        if isinstance(result, SourceError):
            return _failed(store, found, result)
        value = result.value
        whole = _fresh(request, result, value.etag, value.content_type.encode("latin-1", "replace"), value.body)
        if whole.status != 200:
            return whole
        whole.headers.append((b"Accept-Ranges", b"bytes"))
        wanted = request.get(b"range")
        condition = request.get(b"if-range")
        if wanted is None or (condition is not None and condition != _quoted(value.etag)):
            return whole
        try:
            piece = byte_range(wanted, len(value.body))
        except Unsatisfiable:
            total = (b"Content-Range", b"bytes */%d" % len(value.body))
            return problem(416, "the object has no such bytes", resource=found.label, headers=(total,))
        if piece is None:
            return whole
        first, last = piece
        whole.headers.append((b"Content-Range", b"bytes %d-%d/%d" % (first, last, len(value.body))))
        return Response(206, whole.headers, value.body[first : last + 1])

    answer_with(store, resource, reply, render, force=flag(asked.get("refresh", "false")))


def _failed(store: Store, resource: Resource, error: SourceError) -> Response:
    return source_problem(error, resource.label, store.needs(resource), resource.service)


def _fresh(request: Request, reading: Reading, etag: str, content_type: bytes, body: bytes) -> Response:
    """200 with the value and how fresh it is, or 304 where the reader has it already."""
    tag = _quoted(etag)
    lifetime = 0 if reading.how == "stale" else int(reading.ttl)
    headers = [
        (b"Content-Type", content_type),
        (b"Age", b"%d" % int(reading.age)),
        (b"Cache-Control", b"private, max-age=%d" % lifetime),
        (b"ETag", tag),
        (b"Preheat-Cache", reading.how.encode("ascii")),
    ]
    condition = request.get(b"if-none-match")
    if condition is not None and _matches(condition, tag):
        return Response(304, headers[1:])
    return Response(200, headers, body)


def _quoted(etag: str) -> bytes:
    return b'"' + etag.encode("ascii", "replace").replace(b'"', b"") + b'"'


def _matches(condition: bytes, tag: bytes) -> bool:
    """Whether an If-None-Match names the tag, weakly compared (RFC 9110 §13.1.2)."""
    if condition.strip() == b"*":
        return True
    return any(part.strip().removeprefix(b"W/") == tag for part in condition.split(b","))


def _checksum(text: str) -> str:
    """A field's name as a few digits: what the caller sent is not echoed in a header."""
    return f"{binascii.crc32(text.encode('utf-8', 'surrogatepass')):08x}"
