"""What the tests of connections through a proxy have in common."""

from __future__ import annotations

import _socket
from contextlib import contextmanager

import pytest

from extension.aws.call import Call
from extension.aws.client import Client
from extension.aws.connection import Cancel, Connection, ConnectionFailed
from extension.aws.credentials import Credentials
from extension.aws.endpoints import resolve, s3_location
from extension.aws.pool import Pool
from extension.aws.trust import Trust
from extension.clock import Clock
from extension.proxies import Proxies, parse
from tests.fakes.aws import FakeAws, certificates
from tests.fakes.proxy import FakeProxy

REGION = "us-east-1"
HOST = f"secretsmanager.{REGION}.amazonaws.com"
BUCKET_HOST = f"bucket.s3.{REGION}.amazonaws.com"
ENDPOINT = resolve("secretsmanager", REGION)
BODY = bytes(range(256)) * 4000
ROOTS = "extension/aws/amazon_roots.pem"


class Behind:
    """AWS behind a proxy: `url` is the proxy's, `client()` performs calls through it. Use as a context manager."""

    def __init__(self, aws, proxy):
        self.aws = aws
        self.proxy = proxy
        self._pools = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pool in self._pools:
            pool.close_idle()
        self.proxy.close()

    def url(self, user="user:hunter2"):
        return self.proxy.url.replace("://", f"://{user}@")

    @property
    def place(self):
        """How errors name it."""
        return f"the proxy 127.0.0.1:{self.proxy.port}"

    def pool(self, no_proxy="", user="user:hunter2"):
        self._pools.append(Pool(trust(self.aws), Clock(), Proxies(self.url(user), no_proxy)))
        return self._pools[-1]

    def client(self, **options):
        return Client(self.pool(**options), Keys(self.aws), Clock(), 10_000_000)

    def open(self, host=HOST, *, limit=5.0, cancel=None, believed=None, user="user:hunter2"):
        believed = believed or trust(self.aws)
        return Connection.open(ENDPOINT, host, believed, limit, cancel or Cancel(), Clock(), parse(self.url(user)))

    def refusal(self, *host, **options):
        """Why there is no connection; what the URL holds before its @ is never said."""
        with pytest.raises(ConnectionFailed) as caught:
            self.open(*host, **options)
        assert "hunter2" not in str(caught.value)
        return caught.value


class Keys:
    """What signs, without an environment."""

    def __init__(self, aws):
        identity = aws.identity
        self.keys = Credentials(identity.access_key, identity.secret_key, identity.session_token)

    def current(self, role, budget):
        return self.keys

    def renew(self, role):
        raise AssertionError("nobody refused them")


def new_aws():
    """One that is AWS's own hosts, with an object in it."""
    aws = FakeAws(names=(HOST, BUCKET_HOST))
    aws.put_object("bucket", "key", BODY)
    return aws


def new_proxy(aws, scheme="http", **options):
    return FakeProxy(aws.port, tls=certificates.server_context() if scheme == "https" else None, **options)


def trust(aws):
    return Trust(str(aws.ca_bundle), ROOTS)


def get_object():
    endpoint = resolve("s3", REGION)
    host, host_header, path = s3_location(endpoint, "bucket", "key")
    return Call("s3", REGION, endpoint, method="GET", host=host, host_header=host_header, path=path)


def get_secret(name):
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", "secretsmanager.GetSecretValue")]
    return Call("secretsmanager", REGION, ENDPOINT, headers=headers, body=b'{"SecretId":"%b"}' % name.encode())


@contextmanager
def loopback_only():
    """The names that are looked up; only loopback's are found, so that no test leaves this machine."""
    real, names = _socket.getaddrinfo, []

    def look_up(host, *rest):
        name = host.decode() if isinstance(host, bytes) else host
        names.append(name)
        if name not in ("127.0.0.1", "localhost"):
            raise _socket.gaierror(-2, "Name or service not known")
        return real(host, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_socket, "getaddrinfo", look_up)
        yield names
