"""Which connections go through a proxy: HTTPS_PROXY and NO_PROXY, as ``urllib`` and so boto3 read them. Pure.

Imported only where HTTPS_PROXY is set.
"""

from __future__ import annotations

import binascii

from extension import percent

FORM = "must be http://HOST:PORT, https://HOST:PORT or HOST:PORT"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = "abcdefghijklmnopqrstuvwxyz0123456789-._"  # names of containers may have an underscore
_IPV6 = "0123456789abcdef:."


class Proxy:
    """An HTTP proxy. ``tls``: it is spoken to over TLS; ``authorization``: what Proxy-Authorization holds, or "".

    Nothing shows the latter, which is its user's name and password.
    """

    __slots__ = ("authorization", "host", "port", "tls")

    def __init__(self, host: str, port: int, *, tls: bool = False, authorization: str = "") -> None:
        self.host = host
        self.port = port
        self.tls = tls
        self.authorization = authorization

    def __repr__(self) -> str:
        return f"<Proxy {self.authority}>"

    @property
    def authority(self) -> str:
        """``host:port``, for errors."""
        return authority(self.host, self.port)


class Proxies:
    """The proxy, and the hosts that are reached without it.

    ``no_proxy`` lists, with commas between, host names that stand for themselves and all below them, with a dot in
    front or without, and with a port or without; "*" alone is every host. ``ValueError`` where ``url`` is malformed.
    """

    __slots__ = ("_everything", "_proxy", "_suffixes")

    def __init__(self, url: str, no_proxy: str = "") -> None:
        self._proxy = parse(url)
        self._everything = no_proxy.strip() == "*"
        names = [name.strip().lstrip(".").lower() for name in no_proxy.split(",")]
        self._suffixes = tuple([name for name in names if name])

    def find(self, host: str, port: int) -> Proxy | None:
        """The proxy for a connection to that host; None where there is to be none. Loopback never has one."""
        host = host.lower()
        if self._everything or _is_loopback(host):
            return None
        for name in (host, f"{host}:{port}"):
            for suffix in self._suffixes:
                if name == suffix or name.endswith("." + suffix):
                    return None
        return self._proxy


def parse(url: str) -> Proxy:
    """The proxy of ``http://[USER[:PASSWORD]@]HOST[:PORT]``, https:// for TLS to the proxy; http where there is none.

    User and password are percent-encoded; a path is ignored, as boto3 does. The text of a ``ValueError`` repeats
    nothing of the URL.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "http", url.removeprefix("//")
    scheme = scheme.lower()
    where = rest
    for mark in "/?#":
        where = where.partition(mark)[0]
    # An "@" behind that is one of a password with an unencoded slash: the user would be taken for the host.
    if scheme not in _DEFAULT_PORTS or "@" in rest[len(where) :]:
        raise ValueError(FORM)
    user, _, place = where.rpartition("@")
    host, port = _host_and_port(place.lower())
    if port.strip("0123456789") or len(port) > 5 or (port and not 0 < int(port) < 65536):
        raise ValueError(FORM + "; a port is a number from 1 to 65535")
    authorization = _basic(user) if user else ""
    return Proxy(host, int(port or _DEFAULT_PORTS[scheme]), tls=scheme == "https", authorization=authorization)


def authority(host: str, port: int) -> str:
    """``host:port``, with brackets around an IPv6 address (RFC 3986, section 3.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _host_and_port(place: str) -> tuple[str, str]:
    if place.startswith("["):
        host, closing, tail = place[1:].partition("]")
        if not closing or not host or host.strip(_IPV6) or tail[:1] not in ("", ":"):
            raise ValueError(FORM + "; brackets hold an IPv6 address")
        return host, tail[1:]
    host, _, port = place.partition(":")
    if not 0 < len(host) <= 253 or host.strip(_HOST):
        raise ValueError(FORM + "; a host has letters, digits, hyphens and dots")
    return host, port


def _basic(user: str) -> str:
    """RFC 7617. A user without a password has an empty one."""
    name, _, password = user.partition(":")
    try:
        text = f"{percent.decode(name)}:{percent.decode(password)}"
    except ValueError:
        raise ValueError(FORM + "; a percent sign in a user or password is %25") from None
    return "Basic " + binascii.b2a_base64(text.encode(), newline=False).decode("ascii")


def _is_loopback(host: str) -> bool:
    """RFC 6761 gives all of ``.localhost`` to it, RFC 1122 all of 127."""
    if host in ("localhost", "::1") or host.endswith(".localhost"):
        return True
    return host.startswith("127.") and host.replace(".", "").isdigit()
