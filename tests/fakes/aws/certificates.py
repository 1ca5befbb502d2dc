"""Certificates for the AWS stand-in: root, intermediate, leaf, as AWS's chains are shaped; made once per process."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import tempfile
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_lock = threading.Lock()
_chain: Chain | None = None
_leaves: dict[tuple[str, ...], tuple[bytes, bytes]] = {}

DEFAULT_NAMES = ("localhost", "127.0.0.1", "::1")


class Chain:
    """A root that signs an intermediate that signs leaves."""

    def __init__(self) -> None:
        self.root_key = _key()
        self.root = _certificate("Preheat Test Root", self.root_key, None, None, authority=1)
        self.intermediate_key = _key()
        self.intermediate = _certificate(
            "Preheat Test Intermediate", self.intermediate_key, self.root, self.root_key, authority=0
        )
        self.leaf_key = _key()

    def leaf(self, names: tuple[str, ...]) -> tuple[bytes, bytes]:
        """(certificate chain without the root, private key) in PEM for these names."""
        certificate = _certificate(names[0], self.leaf_key, self.intermediate, self.intermediate_key, names=names)
        key = self.leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        return _pem(certificate) + _pem(self.intermediate), key


def ca_pem() -> bytes:
    """The root certificate."""
    return _pem(_get_chain().root)


def server_context(names: tuple[str, ...] = ()) -> ssl.SSLContext:
    """A TLS context of a server that is DEFAULT_NAMES and `names`."""
    chain, key = leaf_pem(DEFAULT_NAMES + names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.TemporaryDirectory() as folder:  # the ssl module reads files only
        chain_file, key_file = Path(folder, "chain.pem"), Path(folder, "key.pem")
        chain_file.write_bytes(chain)
        key_file.write_bytes(key)
        context.load_cert_chain(chain_file, key_file)
    return context


def _get_chain() -> Chain:
    global _chain
    with _lock:
        if _chain is None:
            _chain = Chain()
        return _chain


def leaf_pem(names: tuple[str, ...]) -> tuple[bytes, bytes]:
    chain = _get_chain()
    with _lock:
        if names not in _leaves:
            _leaves[names] = chain.leaf(names)
        return _leaves[names]


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _alternative_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _certificate(
    common_name: str,
    key: rsa.RSAPrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: rsa.RSAPrivateKey | None,
    *,
    authority: int | None = None,
    names: tuple[str, ...] = (),
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority is not None, path_length=authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_key_usage(authority is not None), critical=True)
    )
    signer = issuer_key or key
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = builder.add_extension(identifier, critical=False)
    if names:
        alternatives = x509.SubjectAlternativeName([_alternative_name(name) for name in names])
        usage = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(alternatives, critical=False).add_extension(usage, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _key_usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
