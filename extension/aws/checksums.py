"""Whether an object is what S3 says it is: the checksum that it keeps of the whole.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html: a checksum of a composite
type is one of the parts' checksums, ends in "-N", and says nothing of the whole. CRC-32C and CRC-64/NVME, which S3
computes for whatever was uploaded without another one, are not in the standard library, hence the limit.
"""

from __future__ import annotations

import _hashlib
import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Protocol

    class Digest(Protocol):
        """What takes data and comes to a few bytes."""

        def update(self, data: bytes, /) -> None: ...
        def digest(self) -> bytes: ...


LARGEST_IN_PYTHON = 4 << 20  # bytes; that many take 20 to 40 ms
_HEADER = "x-amz-checksum-"
_FOLD = 1 << 17  # bits that are folded onto as many at the most: a block stays in the CPU's nearest cache


class Mismatch(Exception):
    """It is not what S3 says."""

    def __init__(self, algorithm: str) -> None:
        super().__init__(f"the {algorithm} of what came is not the one that S3 has")


def verify(headers: Mapping[str, str], size: int, chunks: Iterable[bytes]) -> str:
    """The algorithm by which ``size`` bytes were found to be the object of these headers; "" where the headers have
    none that can be computed here. ``Mismatch``."""
    for algorithm, make in _ALGORITHMS.items():
        expected = headers.get(_HEADER + algorithm, "")
        if not expected or "-" in expected or (size > LARGEST_IN_PYTHON and algorithm in _IN_PYTHON):
            continue
        digest = make()
        for chunk in chunks:
            digest.update(chunk)
        if binascii.b2a_base64(digest.digest(), newline=False) != expected.encode("latin-1", "replace"):
            raise Mismatch(algorithm)
        return algorithm
    return ""


class _Crc32:
    """The one of zlib."""

    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        """Take the next part."""
        self._value = binascii.crc32(data, self._value)

    def digest(self) -> bytes:
        """Four bytes."""
        return self._value.to_bytes(4, "big")


class Crc:
    """A reflected CRC that begins and ends with all ones, by folding: at each step the first half of a block, times a
    constant, is added to its second half. Python's long integers do that at 8 ns a byte; a table takes 100.

    ``width``: bits; ``polynomial``: as it is written, without its first term.
    """

    __slots__ = ("_mask", "_polynomial", "_register", "_width")

    def __init__(self, width: int, polynomial: int) -> None:
        self._width = width
        self._polynomial = polynomial
        self._mask = (1 << width) - 1
        self._register = self._mask

    def update(self, data: bytes) -> None:
        """Take the next part."""
        length = 2 * _FOLD // 8 + self._width // 8
        for start in range(0, len(data), length):
            self._block(data[start : start + length])

    def digest(self) -> bytes:
        """``width`` bits as bytes."""
        return (self._register ^ self._mask).to_bytes(self._width // 8, "big")

    def _block(self, block: bytes) -> None:
        """The register and the block are one number, its lowest bit the highest power of x."""
        value, bits = int.from_bytes(block, "little") ^ self._register, len(block) * 8
        if bits > self._width:
            level = (bits - self._width - 1).bit_length() - 1
            value <<= (2 << level) + self._width - bits  # zeros in front change nothing
            bits = (2 << level) + self._width
            while bits > 2 * self._width:
                count = 1 << level
                first = value & ((1 << count) - 1)
                product = 0
                for shift in self._constant(level):
                    product ^= first << shift
                value = (value >> count) ^ (product << 1)
                bits -= count
                level -= 1
        reflected = int(f"{self._polynomial:0{self._width}b}"[::-1], 2)
        for _ in range(bits):
            value = (value >> 1) ^ reflected if value & 1 else value >> 1
        self._register = value

    def _constant(self, level: int) -> list[int]:
        """Where the bits of x to the power of 2**level + width are, reflected."""
        key = (self._polynomial, level)
        if key not in _constants:
            constant = self._product(self._power(level), self._polynomial)
            _constants[key] = [self._width - 1 - bit for bit in range(self._width) if constant >> bit & 1]
        return _constants[key]

    def _power(self, level: int) -> int:
        """x to the power of 2**level."""
        key = (self._polynomial, level)
        if key not in _powers:
            _powers[key] = self._product(self._power(level - 1), self._power(level - 1)) if level else 2
        return _powers[key]

    def _product(self, one: int, other: int) -> int:
        """Of two polynomials, modulo ours."""
        product = 0
        while other:
            if other & 1:
                product ^= one
            other >>= 1
            one <<= 1
            if one >> self._width:
                one = one & self._mask ^ self._polynomial
        return product


# By polynomial and level. Two threads may compute the same one, and come to the same.
_constants: dict[tuple[int, int], list[int]] = {}
_powers: dict[tuple[int, int], int] = {}


def _crc32c() -> Digest:
    return Crc(32, 0x1EDC6F41)


def _crc64nvme() -> Digest:
    return Crc(64, 0xAD93D23594C93659)


_IN_PYTHON = ("crc32c", "crc64nvme")
_ALGORITHMS: dict[str, Callable[[], Digest]] = {
    "sha256": _hashlib.openssl_sha256,
    "sha1": _hashlib.openssl_sha1,
    "crc32": _Crc32,
    "crc32c": _crc32c,
    "crc64nvme": _crc64nvme,
}
