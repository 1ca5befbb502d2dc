"""Checksums: ours against the standard library's, and the folded ones against those that are made bit by bit."""

import base64
import binascii
import random

import pytest

from extension.aws.checksums import LARGEST_IN_PYTHON, Crc, Mismatch, verify
from tests.fakes.aws.object_checksums import checksum_headers, crc

RANDOM = random.Random(6)
SIZES = [*range(40), 63, 64, 65, 127, 128, 129, 1000, 4095, 4096, 4097, 32767, 32768, 32772, 32776, 32777, 70_001]
KINDS = {
    "crc32": (32, 0x04C11DB7, 0xEDB88320),
    "crc32c": (32, 0x1EDC6F41, 0x82F63B78),
    "crc64nvme": (64, 0xAD93D23594C93659, 0x9A6C9329AC4BC9B5),
}


def folded(kind, *parts):
    found = Crc(*KINDS[kind][:2])
    for part in parts:
        found.update(part)
    return found.digest()


@pytest.mark.parametrize(
    ("kind", "check"), [("crc32", "cbf43926"), ("crc32c", "e3069283"), ("crc64nvme", "ae8b14860a799888")]
)
def test_the_check_values_of_the_catalogue(kind, check):
    """https://reveng.sourceforge.io/crc-catalogue/: of the nine digits."""
    assert check == folded(kind, b"123456789").hex()


@pytest.mark.parametrize("size", SIZES)
def test_folding_is_what_zlib_does(size):
    data = RANDOM.randbytes(size)

    assert binascii.crc32(data).to_bytes(4, "big") == folded("crc32", data)


@pytest.mark.parametrize("kind", ["crc32c", "crc64nvme"])
def test_folding_is_what_a_table_does(kind):
    width, _, reflected = KINDS[kind]
    for size in (0, 1, 8, 9, 100, 5000, 40_000):
        data = RANDOM.randbytes(size)

        assert crc(data, width, reflected) == folded(kind, data)


@pytest.mark.parametrize("kind", KINDS)
def test_it_does_not_matter_in_which_pieces_data_comes(kind):
    data = RANDOM.randbytes(100_000)
    cuts = sorted(RANDOM.sample(range(len(data)), 40))
    pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    assert folded(kind, data) == folded(kind, *pieces)


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "crc32", "crc32c", "crc64nvme"])
def test_what_s3_has_is_verified(algorithm):
    headers = dict(checksum_headers(algorithm, b"the body"))

    assert algorithm == verify(headers, 8, [b"the ", b"body"])
    with pytest.raises(Mismatch, match=algorithm):
        verify(headers, 8, [b"the b0dy"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-amz-checksum-type": "FULL_OBJECT"},
        {"x-amz-checksum-sha256": "abc-12", "x-amz-checksum-type": "COMPOSITE"},
        {"x-amz-checksum-xxhash3": "abc"},
        {"x-amz-checksum-sha256": ""},
    ],
)
def test_what_says_nothing_of_the_whole_verifies_nothing(headers):
    assert "" == verify(headers, 8, [b"the body"])


def test_what_takes_too_long_in_python_is_left_out_from_4_mb_on():
    wrong = {"x-amz-checksum-crc64nvme": base64.b64encode(bytes(8)).decode()}

    assert "" == verify(wrong, LARGEST_IN_PYTHON + 1, [b"x"])
    with pytest.raises(Mismatch):
        verify(wrong, LARGEST_IN_PYTHON, [b"x"])


def test_of_several_the_strongest_counts():
    headers = dict(checksum_headers("crc32", b"x") + checksum_headers("sha256", b"x"))

    assert "sha256" == verify(headers, 1, [b"x"])
