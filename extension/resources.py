"""What a resource is: one secret, one parameter, one S3 object. Its identity, and how its spellings become one. Pure.

A malformed reference is refused with a ``ValueError`` whose text says what is allowed and repeats nothing of it.
"""

from __future__ import annotations

from extension import naming

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_FIELDS = ("service", "name", "selector", "decrypt", "region", "account", "role", "partition", "arn")


class Resource:
    """The identity of one resource: immutable, hashable, compared by all of its attributes.

    ``service``: "secretsmanager", "ssm" or "s3". ``region``, ``account``, ``partition`` and ``role`` are "" where the
    reference leaves them open; what is then meant is not decided here. ``name``: the secret's or parameter's name;
    "bucket/key"; of an ARN what follows ``secret:``, or the parameter's name (an ARN does not tell "x" from "/x": "x").
    The place that a wildcard stands below ends in "/": "/app/", "bucket/", "bucket/prefix/". ``selector``: "stage:NAME"
    or "version:ID" of a secret; ":3" or ":label" of a parameter; the version id of an object; "" for the current one.
    ``decrypt`` is False outside SSM. ``arn``: as written, without a selector, where the reference was an ARN, else "".
    It counts in comparing, as only AWS's answer shows which name an ARN stands for: a secret's may end in a suffix.
    """

    __slots__ = (*_FIELDS, "_hash", "_identity")

    service: str
    name: str
    selector: str
    decrypt: bool
    region: str
    account: str
    role: str
    partition: str
    arn: str
    _hash: int
    _identity: tuple[str | bool, ...]

    def __init__(
        self,
        service: str,
        name: str,
        selector: str = "",
        decrypt: bool = False,
        *,
        region: str = "",
        account: str = "",
        role: str = "",
        partition: str = "",
        arn: str = "",
    ) -> None:
        identity = (service, name, selector, decrypt, region, account, role, partition, arn)
        put = object.__setattr__
        put(self, "service", service)  # not in a loop, which takes half as long again: requests come through here
        put(self, "name", name)
        put(self, "selector", selector)
        put(self, "decrypt", decrypt)
        put(self, "region", region)
        put(self, "account", account)
        put(self, "role", role)
        put(self, "partition", partition)
        put(self, "arn", arn)
        put(self, "_identity", identity)
        put(self, "_hash", hash(identity))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a resource does not change; replaced() makes another one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a resource does not change")

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Resource):
            return NotImplemented
        return self._hash == other._hash and self._identity == other._identity

    def __repr__(self) -> str:
        parts = [self.service, self.arn or self.name, self.selector, self.region, self.role]
        return f"<Resource {' '.join([part for part in parts if part])}>"

    @property
    def label(self) -> str:
        """How logs, reports and problems name it."""
        if self.selector in ("*", "**"):
            return ("s3://" if self.service == "s3" else "") + self.name + self.selector
        selector = self.selector.removeprefix(":")
        if self.service == "s3":
            return f"s3://{self.name}{selector and '?version=' + selector}"
        return f"{self.arn or self.name}{selector and ' ' + selector}"

    def replaced(self, **changes: Any) -> Resource:
        """The same but for ``changes`` (attributes by name), for filling in what a reference left open; unchecked."""
        fields: dict[str, Any] = {field: getattr(self, field) for field in _FIELDS}
        fields.update(changes)
        return Resource(**fields)

    @property
    def full_arn(self) -> bool:
        """Whether a secret's ARN looks complete, ending in a hyphen and six characters; a mere name may, by chance."""
        suffix = self.name[-naming.SUFFIX_LENGTH :]
        return bool(self.arn) and self.name != suffix and suffix[0] == "-" and not suffix[1:].strip(naming.WORD)


def secret_resource(ref: str, *, stage: str = "", version: str = "", role: str = "", region: str = "") -> Resource:
    """The secret of a name, a full ARN, or a partial one (without its suffix). Stage AWSCURRENT is the same as none."""
    name, partition, own_region, account, arn = ref, "", region, "", ""
    if ref.startswith("arn:"):
        partition, own_region, account, name = naming.split_arn(ref, "secretsmanager", "secret:NAME")
        arn = ref
    naming.check_secret(name, suffix=bool(arn))
    naming.check_visible(stage, 256, "the stage of a secret")
    naming.check_visible(version, 64, "the version id of a secret")
    if stage and version:
        raise ValueError("takes a stage or a version, not both")
    _check_place(role, region, own_region)
    selector = f"version:{version}" if version else f"stage:{stage}" if stage not in ("", "AWSCURRENT") else ""
    return Resource(
        "secretsmanager", name, selector, region=own_region, account=account, role=role, partition=partition, arn=arn
    )


def parameter_resource(
    ref: str, *, version: str = "", label: str = "", decrypt: bool = True, role: str = "", region: str = ""
) -> Resource:
    """The parameter of a name or an ARN; either may end in a selector, ``:3`` or ``:label``, as SSM itself allows."""
    name, partition, own_region, account, arn = ref, "", region, "", ""
    if ref.startswith("arn:"):
        partition, own_region, account, rest = naming.split_arn(ref, "ssm", "parameter/NAME")
        name = f"/{rest}" if "/" in rest else rest
    name, colon, inline = name.partition(":")
    if partition:
        arn = ref[: len(ref) - len(colon + inline)]
    naming.check_parameter(name)
    if bool(colon) + bool(version) + bool(label) > 1:
        raise ValueError("takes one version or one label, not both")
    _check_place(role, region, own_region)
    return Resource(
        "ssm",
        name,
        f":{_parameter_selector(name, version, label, inline)}" if colon or version or label else "",
        decrypt,
        region=own_region,
        account=account,
        role=role,
        partition=partition,
        arn=arn,
    )


def parameter_path(path: str, *, decrypt: bool = True, role: str = "", region: str = "") -> Resource:
    """The place that ``/app/prod/*`` stands below: ``/app/prod/``; or ``/``, for every parameter that has levels."""
    if path != "/":
        if not path.startswith("/") or not path.endswith("/"):
            raise ValueError("must begin with / where a wildcard stands for parameters; an ARN takes none")
        naming.check_parameter(path[:-1])
    _check_place(role, region, region)
    return Resource("ssm", path, "", decrypt, region=region, role=role)


def s3_resource(bucket: str, key: str, *, version: str = "", role: str = "", region: str = "") -> Resource:
    """One object. ``key`` is taken as it is: ``..``, ``//`` and a leading slash are part of it."""
    naming.check_bucket(bucket)
    naming.check_key(key)
    if not key:
        raise ValueError("must name an object, s3://BUCKET/KEY")
    naming.check_visible(version, 1024, "the version id of an object")
    _check_place(role, region, region)
    return Resource("s3", f"{bucket}/{key}", version, region=region, role=role)


def s3_prefix(bucket: str, prefix: str, *, role: str = "", region: str = "") -> Resource:
    """The place that ``s3://bucket/prefix/*`` stands below; ``prefix`` ends in "/", or is "" for the whole bucket."""
    naming.check_bucket(bucket)
    naming.check_key(prefix)
    if prefix and prefix[-1] != "/":
        raise ValueError("must have a prefix that ends with / before a wildcard")
    _check_place(role, region, region)
    return Resource("s3", f"{bucket}/{prefix}", region=region, role=role)


def _parameter_selector(name: str, version: str, label: str, inline: str) -> str:
    selector = version or label or inline
    if name.startswith(naming.SECRETS_PATH):
        naming.check_visible(selector or " ", 256, "the version id or stage of a secret")
    elif version or inline[:1].isdigit():
        naming.check_parameter_version(selector)
    else:
        naming.check_parameter_label(selector)
    return selector


def _check_place(role: str, region: str, own_region: str) -> None:
    """``own_region`` is the ARN's where there is one, and an ARN's region was looked at already."""
    naming.check_role(role)
    naming.check_region(region)
    if region and region != own_region:
        raise ValueError("must not be given another region than its ARN names")
