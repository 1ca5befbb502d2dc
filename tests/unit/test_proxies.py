"""HTTPS_PROXY and NO_PROXY: what both hold, and which hosts they are for. urllib, which boto3 asks, is the judge."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import pytest

from extension.proxies import Proxies, Proxy, authority, parse

ROOT = Path(__file__).resolve().parents[2]
HOST = "secretsmanager.eu-west-1.amazonaws.com"
OPTIONAL = {"extension.proxies", "extension.settings.documents", "extension.settings.file", "json", "re", "tomllib"}


def parts(url):
    proxy = parse(url)
    return proxy.host, proxy.port, proxy.tls, proxy.authorization


# The URL


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://proxy:3128", ("proxy", 3128, False, "")),
        ("HTTP://Proxy.Example.COM:3128/", ("proxy.example.com", 3128, False, "")),
        ("http://proxy", ("proxy", 80, False, "")),
        ("https://proxy", ("proxy", 443, True, "")),
        ("https://proxy:8443", ("proxy", 8443, True, "")),
        ("proxy:3128", ("proxy", 3128, False, "")),
        ("proxy", ("proxy", 80, False, "")),
        ("//proxy:3128", ("proxy", 3128, False, "")),
        ("http://my_proxy:1/some/path?and=query#more", ("my_proxy", 1, False, "")),
        ("http://10.0.0.1:65535", ("10.0.0.1", 65535, False, "")),
        ("http://[fd00::1]:3128", ("fd00::1", 3128, False, "")),
        ("http://[fd00::1]", ("fd00::1", 80, False, "")),
        ("http://proxy:", ("proxy", 80, False, "")),
        # RFC 7617's own example
        ("http://Aladdin:open%20sesame@proxy:1", ("proxy", 1, False, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")),
        ("http://test:123%C2%A3@proxy:1", ("proxy", 1, False, "Basic dGVzdDoxMjPCow==")),
        ("user:pass@proxy:1", ("proxy", 1, False, "Basic dXNlcjpwYXNz")),
        ("http://user@proxy:1", ("proxy", 1, False, "Basic dXNlcjo=")),
        ("http://:pass@proxy:1", ("proxy", 1, False, "Basic OnBhc3M=")),
        ("http://@proxy:1", ("proxy", 1, False, "")),
        ("http://us%40er:p%3Aa%2Fs@proxy:1", ("proxy", 1, False, "Basic dXNAZXI6cDphL3M=")),
        ("http://user:p@ss@proxy:1", ("proxy", 1, False, "Basic dXNlcjpwQHNz")),
    ],
)
def test_a_url_and_what_it_stands_for(url, expected):
    assert parts(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "http:///path",
        "http://:3128",
        "socks5://proxy:1080",
        "http://proxy:0",
        "http://proxy:65536",
        "http://proxy:port",
        "http://proxy:-1",
        "http://proxy:99999999999999999999",
        "http://pro xy:1",
        "http://pro,xy:1",
        "http://proxy%2e:1",
        "http://[fd00::1",
        "http://[]:1",
        "http://[proxy]:1",
        "http://[::1]3128",
        "http://fd00::1:3128",
        "http://user:50%@proxy:1",
        "http://user:%FF@proxy:1",
        "http://hunter2:hunter2/x@proxy:3128",
        "http://hunter2:8/x@proxy:3128",
        "http://hunter2?x@proxy:3128",
        "http://" + "a" * 254,
    ],
)
def test_what_is_no_proxys_url_is_refused_without_a_word_of_it(url):
    with pytest.raises(ValueError, match=r"^must be http://HOST:PORT, https://HOST:PORT or HOST:PORT") as caught:
        parse(url)
    assert "hunter2" not in str(caught.value)


def test_nothing_shows_user_and_password():
    proxy = parse("http://hunter2:hunter2@[::1]:3128")
    assert ("<Proxy [::1]:3128>", "[::1]:3128") == (repr(proxy), proxy.authority)
    assert isinstance(proxy, Proxy)


@pytest.mark.parametrize(
    ("host", "expected"), [("a.example", "a.example:443"), ("10.0.0.1", "10.0.0.1:443"), ("::1", "[::1]:443")]
)
def test_an_authority_has_brackets_around_ipv6(host, expected):
    assert expected == authority(host, 443)


# Which hosts


def goes_through(no_proxy, host=HOST, port=443):
    return Proxies("http://proxy:1", no_proxy).find(host, port) is not None


@pytest.mark.parametrize(
    ("no_proxy", "through"),
    [
        ("", True),
        ("*", False),
        (" * ", False),
        ("*,other", True),
        (HOST, False),
        (HOST.upper(), False),
        ("amazonaws.com", False),
        (".amazonaws.com", False),
        ("..amazonaws.com", False),
        (" other , .amazonaws.com ", False),
        ("maws.com", True),
        ("*.amazonaws.com", True),
        ("com", False),
        (f"{HOST}:443", False),
        ("amazonaws.com:443", False),
        (f"{HOST}:8443", True),
        (",,.,", True),
        ("secretsmanager", True),
    ],
)
def test_no_proxy_lists_hosts_and_what_is_below_them(no_proxy, through):
    assert through is goes_through(no_proxy)


def test_urllib_judges_the_same():
    hosts = [HOST, "bucket.s3.amazonaws.com", "amazonaws.com", "a.b", "b", "10.1.2.3", "xa.b", "fd00::1"]
    names = [
        "*",
        "a.b",
        ".a.b",
        "b:443",
        "a.b:80",
        "10.1.2.3",
        "1.2.3",
        ".",
        "AMAZONAWS.com",
        "s3.amazonaws.com:443",
        "",
    ]
    compared = 0
    for pair in itertools.product(names, repeat=2):
        no_proxy = ",".join(pair)
        for host in hosts:
            bypassed = proxy_bypass_environment(authority(host, 443), {"no": no_proxy})
            assert bool(bypassed) is not goes_through(no_proxy, host), (no_proxy, host)
            compared += 1
    assert len(names) ** 2 * len(hosts) == compared


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "bucket.localhost", "127.0.0.1", "127.255.0.9", "::1"])
def test_loopback_never_has_a_proxy(host):
    assert not goes_through("", host, 4566)


@pytest.mark.parametrize("host", ["127.0.0.1.example.com", "128.0.0.1", "localhost.example.com", "mylocalhost", "::2"])
def test_what_only_looks_like_loopback_has_one(host):
    assert goes_through("", host)


# What it costs where there is none


@pytest.mark.parametrize(
    ("environ", "imported"),
    [
        ({}, []),
        ({"NO_PROXY": "x", "PREHEAT_SECRETS": "a"}, []),
        ({"HTTPS_PROXY": "http://proxy:1"}, ["extension.proxies"]),
        ({"PREHEAT_CONFIG": "{}"}, ["extension.settings.documents", "extension.settings.file"]),
    ],
)
def test_neither_proxies_nor_configuration_files_cost_those_who_use_none(environ, imported):
    program = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}]\n"
        "from extension.settings import Settings\n"
        f"Settings.from_environ({environ!r})\n"
        f"print(*sorted({OPTIONAL} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, timeout=30)
    assert ("", imported) == (result.stderr, result.stdout.split())
