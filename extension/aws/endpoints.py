"""Which host speaks for a service in a region, and where in it an S3 object lies. Pure.

The tables follow the rules of the AWS SDKs (botocore's ``partitions.json`` and ``endpoint-rule-set-1.json``).
Described in https://docs.aws.amazon.com/general/latest/gr/rande.html, for FIPS and dual stack in
https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html, and for AWS_ENDPOINT_URL in
https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from __future__ import annotations

import _socket

from extension import percent

SERVICES = ("secretsmanager", "ssm", "s3", "sts")

# Partition: the suffix of its host names, and the one of its dual-stack host names.
_SUFFIXES = {
    "aws": ("amazonaws.com", "api.aws"),
    "aws-cn": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "aws-eusc": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "aws-iso": ("c2s.ic.gov", "api.aws.ic.gov"),
    "aws-iso-b": ("sc2s.sgov.gov", "api.aws.scloud"),
    "aws-iso-e": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "aws-iso-f": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    "aws-us-gov": ("amazonaws.com", "api.aws"),
}
# What stands before "-<word>-<number>" in a region's name. Where nothing fits, the partition is "aws", as in the SDKs.
_PREFIXES = {
    "cn": "aws-cn",
    "eusc-de": "aws-eusc",
    "us-iso": "aws-iso",
    "us-isob": "aws-iso-b",
    "eu-isoe": "aws-iso-e",
    "us-isof": "aws-iso-f",
    "us-gov": "aws-us-gov",
}
_PSEUDO_REGIONS = {
    "aws-cn-global": "aws-cn",
    "aws-iso-global": "aws-iso",
    "aws-iso-b-global": "aws-iso-b",
    "aws-iso-e-global": "aws-iso-e",
    "aws-iso-f-global": "aws-iso-f",
    "aws-us-gov-global": "aws-us-gov",
}
# Secrets Manager's hosts have both kinds of address in these; so they have no dual-stack name, with or without FIPS.
_SECRETS_BOTH_STACKS = {False: ("aws", "aws-cn", "aws-us-gov"), True: ("aws", "aws-us-gov")}

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_LABEL = _LOWER + "0123456789-"
_BUCKET = _LABEL + _LOWER.upper() + "._"
_URL_PATH = percent.UNRESERVED + "/%:@!$&'()*+,;="
# S3 Express One Zone (buckets and access points) has hosts and sessions of its own.
_DIRECTORY_BUCKETS = ("--x-s3", "--xa-s3")
# An alias of an Outposts access point, which has this suffix and at least this length.
_OUTPOST, _OUTPOST_LENGTH = "--op-s3", 50


class Endpoint:
    """Where a service is called.

    ``host`` is without a port, and an IPv6 address without brackets; ``base_path`` stands before each path ("" or "/x",
    no slash at its end); ``custom`` says that AWS_ENDPOINT_URL named it, so it is not AWS's own.
    """

    __slots__ = ("base_path", "custom", "host", "port", "scheme")

    def __init__(self, scheme: str, host: str, port: int, base_path: str = "", custom: bool = False) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.base_path = base_path
        self.custom = custom

    def __repr__(self) -> str:
        return f"Endpoint({self.scheme}://{self.authority()}{self.base_path}, custom={self.custom})"

    @property
    def place(self) -> str:
        """Host and port, for telling one place from another."""
        return f"{self.host}:{self.port}"

    def authority(self) -> str:
        """``host[:port]`` for the Host header; the port is left out where it is the scheme's own."""
        return _authority(self.scheme, self.host, self.port)


def valid_region(region: str) -> bool:
    """Whether ``region`` has the form of a region's name: one DNS label (RFC 1123) in lower case, and not all digits.

    The SDKs let upper case pass, but AWS refuses the signature then, as its scope must hold the region's real name.
    """
    return _is_label(region) and not region.isdecimal()


def partition_of(region: str) -> str:
    """The partition of ``region``, known or not, by the form of its name; "aws" where the form says nothing."""
    if region in _PSEUDO_REGIONS:
        return _PSEUDO_REGIONS[region]
    prefix, *rest = region.rsplit("-", 2)
    if len(rest) == 2 and rest[0] and rest[1].isdecimal():
        return _PREFIXES.get(prefix, "aws")
    return "aws"


def signing_region(region: str) -> str:
    """The region in a signature's scope: calls to the pseudo region ``aws-global`` are signed for us-east-1."""
    return "us-east-1" if region == "aws-global" else region


def resolve(
    service: str, region: str, *, override: str | None = None, fips: bool = False, dualstack: bool = False
) -> Endpoint:
    """The endpoint of ``service`` (one of SERVICES; S3's without a bucket) in ``region``.

    ``override`` is the value of an AWS_ENDPOINT_URL variable ("" is unset); with it ``fips`` and ``dualstack`` have no
    effect, as in boto3. S3 in us-east-1 is the regional host, not boto3's older global default ``s3.amazonaws.com``.
    ``ValueError`` where URL or region is malformed, or AWS has no such endpoint; its text never repeats the URL, which
    might hold a password.
    """
    if service not in SERVICES:
        raise ValueError("no endpoint is known for the service " + ascii(service[:80]))
    if not valid_region(region):
        raise ValueError(ascii(region[:80]) + " is not a region: lower-case letters, digits and hyphens, at most 63")
    if override:
        return _custom(override)
    partition = partition_of(region)
    if service == "s3":
        host = _s3_host(region, partition, fips, dualstack)
    else:
        host = _regional_host(service, region, partition, fips, dualstack)
    return Endpoint("https", host, 443)


def _regional_host(service: str, region: str, partition: str, fips: bool, dualstack: bool) -> str:
    suffix, dualstack_suffix = _SUFFIXES[partition]
    if service == "sts" and region == "aws-global" and not fips and not dualstack:
        return "sts." + suffix
    if dualstack and not (service == "secretsmanager" and partition in _SECRETS_BOTH_STACKS[fips]):
        suffix = dualstack_suffix
    # In GovCloud the ordinary endpoints of these two are the validated ones.
    validated_anyway = partition == "aws-us-gov" and service in ("ssm", "sts") and not dualstack
    return f"{service}{'-fips' if fips and not validated_anyway else ''}.{region}.{suffix}"


def _s3_host(region: str, partition: str, fips: bool, dualstack: bool) -> str:
    """S3's way of naming: https://docs.aws.amazon.com/AmazonS3/latest/API/dual-stack-endpoints.html"""
    if fips and partition == "aws-cn":
        raise ValueError("S3 has no FIPS endpoints in the partition aws-cn")
    suffix, _ = _SUFFIXES[partition]
    if region == "aws-global" and not fips and not dualstack:
        return "s3." + suffix
    return f"s3{'-fips' if fips else ''}{'.dualstack' if dualstack else ''}.{signing_region(region)}.{suffix}"


def s3_location(endpoint: Endpoint, bucket: str, key: str) -> tuple[str, str, str]:
    """Host to connect to, Host header and encoded path of an object; of the bucket itself where ``key`` is "".

    Virtual-hosted where the bucket's name is a DNS label and the endpoint AWS's own; else in path style, as TLS
    certificates cover one label before S3's host, and a custom endpoint may have no DNS names for buckets:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    The key is encoded byte by byte and never normalised: "//" and ".." are part of it. ``ValueError`` for what is not a
    bucket's name, and for directory buckets and Outposts, which are reached in other ways.
    """
    if not 0 < len(bucket) <= 255 or bucket.strip(_BUCKET) or bucket in (".", ".."):
        raise ValueError("not a bucket's name: letters, digits, dots, hyphens and underscores, at most 255")
    if bucket.endswith(_DIRECTORY_BUCKETS) or (bucket.endswith(_OUTPOST) and len(bucket) >= _OUTPOST_LENGTH):
        raise ValueError("directory buckets (--x-s3, --xa-s3) and Outposts (--op-s3) are not supported")
    path = percent.encode(key, "/")
    if not endpoint.custom and len(bucket) >= 3 and _is_label(bucket):
        host = f"{bucket}.{endpoint.host}"
        return host, _authority(endpoint.scheme, host, endpoint.port), "/" + path
    base = f"{endpoint.base_path}/{bucket}"
    return endpoint.host, endpoint.authority(), f"{base}/{path}" if path else base


def _custom(url: str) -> Endpoint:
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in _DEFAULT_PORTS:
        raise ValueError("an endpoint URL begins with https:// or http://")
    authority, _, path = rest.partition("/")
    if "?" in rest or "#" in rest:
        raise ValueError("an endpoint URL has no query and no fragment")
    if "@" in authority:
        raise ValueError("an endpoint URL has no user name and no password")
    if path.strip(_URL_PATH):
        raise ValueError("the path of an endpoint URL has a character that must be percent-encoded")
    percent.decode(path)  # raises where an escape is broken
    segments = [segment for segment in path.split("/") if segment]
    if "." in segments or ".." in segments:
        raise ValueError("the path of an endpoint URL has dot segments")
    host, port = _split_port(authority)
    if port.strip("0123456789") or len(port) > 5 or (port and not 0 < int(port) < 65536):
        raise ValueError("the port of an endpoint URL is a number from 1 to 65535")
    base_path = "".join(["/" + segment for segment in segments])
    return Endpoint(scheme, host, int(port or _DEFAULT_PORTS[scheme]), base_path, True)


def _split_port(authority: str) -> tuple[str, str]:
    host, _, port = authority.partition(":")
    if authority.startswith("["):
        host, closing, tail = authority[1:].partition("]")
        port = tail[1:]
        try:
            _socket.inet_pton(_socket.AF_INET6, host)
        except (OSError, ValueError):
            raise ValueError("the brackets of an endpoint URL hold no IPv6 address") from None
        if not closing or tail[:1] not in ("", ":"):
            raise ValueError("after an IPv6 address an endpoint URL has a closing bracket, then a colon and the port")
    elif len(host) > 253 or not host.isascii() or not all(map(_is_label, host.lower().split("."))):
        raise ValueError("an endpoint URL names a host: labels of letters, digits and hyphens, joined by dots")
    return host.lower(), port


def _authority(scheme: str, host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port == _DEFAULT_PORTS[scheme] else f"{name}:{port}"


def _is_label(text: str) -> bool:
    return 0 < len(text) <= 63 and not text.strip(_LABEL) and text[0] != "-" != text[-1]
