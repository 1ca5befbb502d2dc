"""The checksums that S3 keeps of whole objects, by the book: bit tables, nothing clever."""

from __future__ import annotations

import base64
import hashlib
import zlib

_ALL_ONES = {32: 0xFFFFFFFF, 64: 0xFFFFFFFFFFFFFFFF}


def checksum_headers(checksum: str, body: bytes) -> list[tuple[str, str]]:
    """For "sha256" or another algorithm; "sha256=VALUE" for a value of one's own: one that ends in "-3" is a
    composite."""
    if not checksum:
        return []
    algorithm, given, value = checksum.partition("=")
    kind = "COMPOSITE" if "-" in value else "FULL_OBJECT"
    value = value if given else base64.b64encode(_digest(algorithm, body)).decode()
    return [(f"x-amz-checksum-{algorithm}", value), ("x-amz-checksum-type", kind)]


def _digest(algorithm: str, body: bytes) -> bytes:
    if algorithm == "crc32":
        return zlib.crc32(body).to_bytes(4, "big")
    if algorithm == "crc32c":
        return crc(body, 32, 0x82F63B78)
    if algorithm == "crc64nvme":
        return crc(body, 64, 0x9A6C9329AC4BC9B5)
    return hashlib.new(algorithm, body).digest()


def crc(body: bytes, width: int, reflected: int) -> bytes:
    """A reflected CRC that begins and ends with all ones."""
    table = []
    for number in range(256):
        value = number
        for _ in range(8):
            value = (value >> 1) ^ reflected if value & 1 else value >> 1
        table.append(value)
    register = _ALL_ONES[width]
    for byte in body:
        register = table[(register ^ byte) & 255] ^ (register >> 8)
    return (register ^ _ALL_ONES[width]).to_bytes(width // 8, "big")
