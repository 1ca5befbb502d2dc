"""A request that botocore signed, sent to any host name: for what boto3 itself cannot be made to send."""

from __future__ import annotations

import http.client
import socket
import ssl

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.fakes.aws import FakeAws


def signed_get(aws: FakeAws, host: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """A GET that botocore signed, sent to this host name wherever it points."""
    request = AWSRequest("GET", f"https://{host}{path}")
    keys = Credentials(aws.identity.access_key, aws.identity.secret_key, aws.identity.session_token)
    S3SigV4Auth(keys, "s3", "us-east-1").add_auth(request)
    context = ssl.create_default_context(cafile=aws.ca_bundle)
    connection = http.client.HTTPSConnection("127.0.0.1", aws.port, context=context, timeout=5)
    connection.request("GET", path, headers={**dict(request.headers), "Host": host})
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


def signed_bytes(aws: FakeAws, *, service: str = "ssm", path: str = "/", close: bool = False) -> bytes:
    """GetParameter of /a, or a GET of S3's, as the bytes of a request."""
    host = f"127.0.0.1:{aws.port}"
    body = b"" if service == "s3" else b'{"Name":"/a"}'
    headers = {"X-Amz-Target": "AmazonSSM.GetParameter", "Content-Type": "application/x-amz-json-1.1"} if body else {}
    request = AWSRequest("POST" if body else "GET", f"http://{host}{path}", headers=headers, data=body)
    keys = Credentials(aws.identity.access_key, aws.identity.secret_key, aws.identity.session_token)
    (SigV4Auth if body else S3SigV4Auth)(keys, service, "us-east-1").add_auth(request)
    lines = [f"{request.method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    lines += ["Connection: close"] if close else []
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def talk(aws: FakeAws, data: bytes) -> bytes:
    """Send bytes over plain TCP and read until the other side ends."""
    with socket.create_connection(("127.0.0.1", aws.port), timeout=5) as plain:
        plain.sendall(data)
        return plain.makefile("rb").read()
