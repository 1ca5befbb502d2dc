"""The certificates of the AWS stand-in: a chain that a strict client accepts, and only for the right names."""

from __future__ import annotations

import socket
import ssl
import time

import pytest
from cryptography import x509

from tests.fakes.aws import FakeAws, certificates


def connect(aws: FakeAws, name: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", aws.port), timeout=5)
    return context.wrap_socket(plain, server_hostname=name, suppress_ragged_eofs=False)


def read_all(secured: ssl.SSLSocket) -> bytes:
    """Until the other side says farewell; raises SSLEOFError where it does not."""
    data = b""
    while piece := secured.recv(65536):
        data += piece
    return data


def trusting(aws: FakeAws) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=aws.ca_bundle)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_the_names_that_are_always_there(aws, name) -> None:
    with connect(aws, name, trusting(aws)) as secured:
        assert secured.version() in ("TLSv1.2", "TLSv1.3")


def test_further_names_and_wildcards() -> None:
    with FakeAws(names=("secretsmanager.us-east-1.amazonaws.com", "*.s3.us-east-1.amazonaws.com")) as aws:
        for name in ("secretsmanager.us-east-1.amazonaws.com", "bucket.s3.us-east-1.amazonaws.com"):
            connect(aws, name, trusting(aws)).close()


def test_another_name_is_refused(aws) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        connect(aws, "ssm.us-east-1.amazonaws.com", trusting(aws))


def test_nobody_else_trusts_it(aws) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(aws, "localhost", ssl.create_default_context())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls(aws, version) -> None:
    context = trusting(aws)
    context.minimum_version = context.maximum_version = version
    connect(aws, "localhost", context).close()


def test_the_bundle_holds_the_root_alone_and_the_server_sends_the_intermediate(aws) -> None:
    root = x509.load_pem_x509_certificates(aws.ca_bundle.read_bytes())
    assert [certificate.subject for certificate in root] == [certificate.issuer for certificate in root]
    chain, _ = certificates.leaf_pem(certificates.DEFAULT_NAMES)
    leaf, intermediate = x509.load_pem_x509_certificates(chain)
    assert leaf.issuer == intermediate.subject
    assert intermediate.issuer == root[0].subject
    assert {certificate.public_key().key_size for certificate in (leaf, intermediate, root[0])} == {2048}
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_the_bundle_goes_where_it_is_told(tmp_path) -> None:
    with FakeAws(folder=tmp_path) as aws:
        assert aws.ca_bundle == tmp_path / "ca.pem"
        assert aws.environ["AWS_CA_BUNDLE"] == str(tmp_path / "ca.pem")
    assert (tmp_path / "ca.pem").exists()


def test_a_temporary_bundle_goes_with_its_server() -> None:
    with FakeAws() as aws:
        path = aws.ca_bundle
        assert path.exists()
    assert not path.exists()


def test_certificates_are_made_once_per_process(aws) -> None:
    start = time.monotonic()
    for _ in range(10):
        certificates.server_context()
    first = certificates.leaf_pem(certificates.DEFAULT_NAMES)
    assert time.monotonic() - start < 1.0  # three RSA keys each time would take longer
    assert certificates.leaf_pem(certificates.DEFAULT_NAMES) is first


def test_an_orderly_end_says_farewell_and_a_cut_does_not(aws) -> None:
    context = trusting(aws)
    with connect(aws, "localhost", context) as secured:
        secured.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert read_all(secured).startswith(b"HTTP/1.1 403 ")
    with connect(aws, "localhost", context) as secured:
        secured.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        aws.wait_finished(2)
        aws.drop_connections()
        with pytest.raises(ssl.SSLEOFError):
            read_all(secured)


def test_plain_http_has_no_bundle() -> None:
    with FakeAws(tls=False) as aws:
        assert aws.ca_bundle is None
        assert aws.url == f"http://127.0.0.1:{aws.port}"
        assert "AWS_CA_BUNDLE" not in aws.environ


def test_nothing_is_left_behind(no_leaks) -> None:
    with FakeAws() as aws:
        idle = connect(aws, "localhost", trusting(aws))
        half = socket.create_connection(("127.0.0.1", aws.port))
        half.sendall(b"\x16\x03\x01")
    idle.close()
    half.close()
