"""Percent-encoding (RFC 3986, section 2.1) of UTF-8 text; ``urllib.parse`` would cost the sidecar 10 ms to import."""

from __future__ import annotations

import binascii

# RFC 3986, section 2.3: all that AWS leaves as it is, too.
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def encode(text: str, safe: str = "") -> str:
    """``text`` with all but unreserved characters and those of ``safe`` (ASCII) written as %XX, in upper case.

    It is the ``UriEncode`` of AWS's signature: a space is ``%20``, never ``+``. ``ValueError`` for a lone surrogate:
    it has no UTF-8 form.
    """
    keep = UNRESERVED + safe
    if not text.strip(keep):  # nothing to escape, found out at C speed; so are most names
        return text
    return "".join([chr(octet) if chr(octet) in keep else f"%{octet:02X}" for octet in text.encode()])


def decode(text: str) -> str:
    """``text`` with each %XX decoded as UTF-8. ``+`` is an ordinary character.

    ``ValueError``, with a text that repeats nothing of the input, for an escape without two hexadecimal digits and for
    octets that are not UTF-8.
    """
    if "%" not in text:
        return text
    head, *escaped = text.split("%")
    octets = bytearray(head.encode())
    for part in escaped:
        try:
            (octet,) = binascii.unhexlify(part[:2])
        except ValueError:
            raise ValueError("a percent sign without two hexadecimal digits") from None
        octets.append(octet)
        octets += part[2:].encode()
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise ValueError("percent escapes that are not UTF-8") from None
