"""What a request of our own paths asks for: path and query as a resource. Pure, but for the lists that it looks
into."""

from __future__ import annotations

from extension.api.target import flag, options
from extension.percent import decode
from extension.references import parameter_path, parameter_resource, s3_resource, secret_resource
from extension.sources.listing import PATTERNS, listing_resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.references import Resource
    from extension.resolution import Resolver

SECRETS = "/secrets/"
PARAMETERS = "/parameters/"
S3 = "/s3/"


class Question:
    """One or two resources, the second for when the first is not found; ``force``: fetch anew; ``field`` of a
    secret; ``stage`` that the version of a secret must have, where it was asked for by its id, too."""

    __slots__ = ("field", "force", "resources", "stage")

    def __init__(self, resources: tuple[Resource, ...], force: bool, field: str | None = None, stage: str = "") -> None:
        self.resources = resources
        self.force = force
        self.field = field
        self.stage = stage


def secret(resolver: Resolver, path: str, query: str) -> Question:
    """``/secrets/<id>``; ``ValueError`` where it is malformed."""
    return read_secret(resolver, decode(path[len(SECRETS) :]), options(query, ("stage", "version", "field", "refresh")))


def read_secret(resolver: Resolver, name: str, asked: dict[str, str]) -> Question:
    """A secret by alias, name or ARN, with its options."""
    resource = meant_secret(resolver, name, stage=asked.get("stage", ""), version=asked.get("version", ""))
    return Question((resource,), _refresh(asked), asked.get("field"))


def meant_secret(resolver: Resolver, name: str, *, stage: str = "", version: str = "", role: str = "") -> Resource:
    """The secret of an alias, a name or an ARN, read as ``role`` where one is given: what is listed with another role,
    or with none, is something else then, whatever its alias."""
    resource = resolver.alias("secretsmanager", name)
    if resource is None or (role and resource.role != role):
        resource = secret_resource(name, role=role)
    if stage or version:
        selected = secret_resource(name_of(resource), stage=stage, version=version)
        resource = resource.replaced(selector=selected.selector)
    return resolver.meant(resource)


def versioned_secret(resolver: Resolver, name: str, *, stage: str, version: str, role: str, force: bool) -> Question:
    """The same, in AWS's own sense of a stage and a version together: that version, if it is at that stage."""
    resource = meant_secret(resolver, name, stage="" if version else stage, version=version, role=role)
    return Question((resource,), force, stage=stage if version else "")


def parameter(resolver: Resolver, path: str, query: str) -> Question:
    """``/parameters/<name>``, or ``/parameters/app/*``; ``ValueError`` where it is malformed."""
    asked = options(query, ("version", "label", "decrypt", "refresh"))
    name = decode(path[len(PARAMETERS) :])
    if name.endswith("*"):
        return _wildcard(resolver, name, asked)
    return read_parameter(resolver, name, asked)


def read_parameter(resolver: Resolver, name: str, asked: dict[str, str]) -> Question:
    """A parameter with its options. The path's own slash may be the name's first: the alias, then what is listed, then
    ``x``, then ``/x``."""
    listed = resolver.alias("ssm", name) or resolver.listed_name("ssm", name) or resolver.listed_name("ssm", "/" + name)
    if listed is not None:
        found = [listed]
    elif name.startswith(("/", "arn:")):
        found = [parameter_resource(name)]
    else:
        found = [parameter_resource(each) for each in (("/" + name,) if "/" in name else (name, "/" + name))]
    if asked.get("version") or asked.get("label"):
        # The name decides what a version may be: that of a secret through SSM is no number.
        selected = parameter_resource(found[0].name, version=asked.get("version", ""), label=asked.get("label", ""))
        found = [resource.replaced(selector=selected.selector) for resource in found]
    if "decrypt" in asked:
        decrypt = flag(asked["decrypt"])
        found = [resource.replaced(decrypt=decrypt) for resource in found]
    return Question(tuple([resolver.meant(resource) for resource in found]), _refresh(asked))


def _wildcard(resolver: Resolver, name: str, asked: dict[str, str]) -> Question:
    stem = name.rstrip("*")
    pattern = name[len(stem) :]
    if pattern not in PATTERNS or not stem.endswith("/"):
        raise ValueError("a wildcard is /* for one level, or /** for all below")
    if asked.get("version") or asked.get("label"):
        raise ValueError("a wildcard has no version and no label")
    place = parameter_path(stem if stem.startswith("/") else "/" + stem, decrypt=flag(asked.get("decrypt", "true")))
    return Question((resolver.meant(listing_resource(place, pattern)),), _refresh(asked))


def s3_object(resolver: Resolver, path: str, query: str) -> Question:
    """``/s3/<bucket>/<key>``, or ``/s3/<alias>``; ``ValueError`` where it is malformed."""
    asked = options(query, ("version", "refresh"))
    name = decode(path[len(S3) :])
    version = asked.get("version", "")
    resource = resolver.alias("s3", name)
    if resource is None:
        bucket, _, key = name.partition("/")
        resource = resolver.meant(s3_resource(bucket, key, version=version))
    elif version:
        resource = resource.replaced(selector=s3_resource("bucket", "key", version=version).selector)
    return Question((resource,), _refresh(asked))


def name_of(resource: Resource) -> str:
    """As a reference is written."""
    return resource.arn or resource.name


def _refresh(asked: dict[str, str]) -> bool:
    return flag(asked.get("refresh", "false"))
