"""AWS_ENDPOINT_URL: what is taken, what is refused, against botocore."""

import botocore.auth
import botocore.utils
import pytest

from extension.aws import endpoints
from tests.unit.aws.botocore_oracle import Client


@pytest.mark.parametrize(
    ("url", "expected", "authority"),
    [
        ("http://localhost:4566", ("http", "localhost", 4566, ""), "localhost:4566"),
        ("http://localhost:4566/", ("http", "localhost", 4566, ""), "localhost:4566"),
        ("https://localhost", ("https", "localhost", 443, ""), "localhost"),
        ("https://localhost:443/", ("https", "localhost", 443, ""), "localhost"),
        ("http://localhost:80", ("http", "localhost", 80, ""), "localhost"),
        ("http://localhost:443", ("http", "localhost", 443, ""), "localhost:443"),
        ("http://localhost:", ("http", "localhost", 80, ""), "localhost"),
        ("HTTPS://VPCE-1.SSM.VPCE.AmazonAWS.com", ("https", "vpce-1.ssm.vpce.amazonaws.com", 443, ""), None),
        ("http://127.0.0.1:65535/aws", ("http", "127.0.0.1", 65535, "/aws"), "127.0.0.1:65535"),
        ("http://[::1]:8443/a/b/", ("http", "::1", 8443, "/a/b"), "[::1]:8443"),
        ("https://[2001:DB8::1]", ("https", "2001:db8::1", 443, ""), "[2001:db8::1]"),
        ("http://h//a//b//", ("http", "h", 80, "/a/b"), "h"),
        ("http://h/a%20b/~x", ("http", "h", 80, "/a%20b/~x"), "h"),
        (f"http://{'a' * 63}.{'b' * 63}", ("http", f"{'a' * 63}.{'b' * 63}", 80, ""), None),
    ],
)
def test_a_custom_endpoint_is_taken_from_its_url(url, expected, authority):
    assert botocore.utils.is_valid_uri(url)
    endpoint = endpoints.resolve("ssm", "eu-west-1", override=url)
    assert (endpoint.scheme, endpoint.host, endpoint.port, endpoint.base_path) == expected
    assert endpoint.custom
    assert endpoint.authority() == (authority or expected[1]) == botocore.auth._host_from_url(url)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("localhost:4566", "begins with"),
        ("//localhost", "begins with"),
        ("ftp://localhost", "begins with"),
        (" http://localhost", "begins with"),
        ("http:/localhost", "begins with"),
        ("http://", "names a host"),
        ("http:///path", "names a host"),
        ("http://:80", "names a host"),
        ("http://a b", "names a host"),
        ("http://localhost\n", "names a host"),
        ("http://local\thost", "names a host"),
        ("http://my_host", "names a host"),
        ("http://-host", "names a host"),
        ("http://host-.example", "names a host"),
        ("http://a..b", "names a host"),
        ("http://höst", "names a host"),
        ("http://\u212aelvin", "names a host"),  # its lower case is an ASCII k
        ("http://host\\@evil", "user name"),
        ("http://host\\evil", "names a host"),
        (f"http://{'a' * 64}", "names a host"),
        ("http://" + ".".join(["a" * 50] * 6), "names a host"),
        ("http://user:pass@host", "user name"),
        ("http://host?x", "query"),
        ("http://host/p?x=1", "query"),
        ("http://host/#f", "fragment"),
        ("http://host:0", "port"),
        ("http://host:65536", "port"),
        ("http://host:" + "9" * 5000, "port"),
        ("http://host:-1", "port"),
        ("http://host:8o", "port"),
        ("http://host:8080 ", "port"),
        ("http://host:\u0661", "port"),
        ("http://a:b:1", "port"),
        ("http://[::1", "closing bracket"),
        ("http://[::1]x", "closing bracket"),
        ("http://[]", "IPv6"),
        ("http://[1::2::3]", "IPv6"),
        ("http://[127.0.0.1]", "IPv6"),
        ("http://[::1\x00]", "IPv6"),
        ("http://[é::1]", "IPv6"),
        ("http://::1", "names a host"),
        ("http://host/a b", "percent-encoded"),
        ("http://host/ü", "percent-encoded"),
        ("http://host/a\r\nb", "percent-encoded"),
        ("http://host/100%", "hexadecimal"),
        ("http://host/a/../b", "dot segments"),
        ("http://host/.", "dot segments"),
    ],
)
def test_a_malformed_endpoint_url_is_refused(url, problem):
    with pytest.raises(ValueError, match=problem):
        endpoints.resolve("s3", "eu-west-1", override=url)


def test_the_reason_for_refusing_a_url_does_not_repeat_its_password():
    for url in ("http://user:hunter2@host", "http://user:hunter2@host/x y", "hunter2", "http://host:hunter2"):
        with pytest.raises(ValueError, match="endpoint URL") as refusal:
            endpoints.resolve("s3", "eu-west-1", override=url)
        assert "hunter2" not in str(refusal.value)


def test_an_empty_override_is_an_unset_one():
    assert not endpoints.resolve("ssm", "eu-west-1", override="").custom


def test_a_custom_endpoint_outweighs_fips_and_dual_stack_as_in_boto3():
    url = "http://localhost:4566/base"
    client = Client("ssm", "eu-west-1", url, use_fips_endpoint=True, use_dualstack_endpoint=True)
    client.botocore.get_parameter(Name="x")
    endpoint = endpoints.resolve("ssm", "eu-west-1", override=url, fips=True, dualstack=True)
    assert (endpoint.authority(), endpoint.base_path) == client.location()


def test_an_endpoint_shows_where_it_leads():
    endpoint = endpoints.resolve("s3", "eu-west-1", override="http://[::1]:8443/base")
    assert repr(endpoint) == "Endpoint(http://[::1]:8443/base, custom=True)"
