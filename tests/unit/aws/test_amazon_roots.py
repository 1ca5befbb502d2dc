"""The vendored roots: exactly Amazon's five, as certifi has them."""

import hashlib
import re
import ssl
from pathlib import Path

import certifi

ROOTS = Path(__file__).parents[3] / "extension" / "aws" / "amazon_roots.pem"
FINGERPRINTS = {
    "Amazon Root CA 1": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "Amazon Root CA 2": "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "Amazon Root CA 3": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "Amazon Root CA 4": "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "Starfield Services Root Certificate Authority - G2": (
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5"
    ),
}


def certificates(path):
    """The certificates in a PEM file, as their SHA-256 fingerprint -> DER."""
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", path.read_text("utf-8"), re.DOTALL)
    der = [ssl.PEM_cert_to_DER_cert(block) for block in blocks]
    return {hashlib.sha256(certificate).hexdigest(): certificate for certificate in der}


def test_the_file_holds_amazons_five_roots_and_no_other():
    assert set(FINGERPRINTS.values()) == set(certificates(ROOTS))


def test_certifi_still_trusts_every_one_of_them():
    """A root that Mozilla drops is one that the sidecar must not go on trusting."""
    trusted = certificates(Path(certifi.where()))
    assert [] == [name for name, fingerprint in FINGERPRINTS.items() if fingerprint not in trusted]


def test_each_certificate_stands_under_its_own_name_and_fingerprint():
    headed = re.findall(
        r"^# ([^\n]+), until [^\n]+\n# SHA-256 ([0-9A-F:]+)\n(-----BEGIN .+?-----END CERTIFICATE-----)",
        ROOTS.read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    stated = {name: printed.replace(":", "").lower() for name, printed, _ in headed}
    actual = {name: hashlib.sha256(ssl.PEM_cert_to_DER_cert(block)).hexdigest() for name, _, block in headed}
    assert FINGERPRINTS == stated == actual


def test_openssl_loads_all_five_with_the_comments_in_place():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ROOTS)
    loaded = {hashlib.sha256(root).hexdigest() for root in context.get_ca_certs(binary_form=True)}
    assert set(FINGERPRINTS.values()) == loaded
