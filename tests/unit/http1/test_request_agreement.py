"""The request parser agrees with h11, and is stricter only in a few named ways."""

import random

from tests.unit.http1.reading import (
    agreed_requests,
    has_bare_line_feed,
    has_control_character,
    has_folded_line,
)

GENERATED = 100_000
FOLLOW_UP = b"GET /follow-up HTTP/1.1\r\nHost: localhost\r\n\r\n"


# All that h11 takes and this parser does not: the reason it gives, and a sign in the bytes that the reason is true.
STRICTER = {
    # lines end in CRLF: RFC 9112 §2.2 lets a recipient take a line feed alone, and calls a lone CR invalid
    "malformed request line": has_bare_line_feed,
    # other control characters: RFC 9110 §5.5 "may" keep them
    "bare line break or control character in the header": has_control_character,
    # folding is deprecated and may be refused: RFC 9112 §5.2
    "malformed header field": has_folded_line,
    # h11 reads any digit.digit
    "unsupported HTTP version": lambda d: b"HTTP/1.1" not in d.split(b"\n")[0] and b"HTTP/1.0" not in d.split(b"\n")[0],
    # absolute, authority and asterisk form are for proxies
    "request target does not begin with a slash": lambda d: b" /" not in d.split(b"HTTP/")[0],
    # RFC 9112 §6.1, §6.3: may be refused, must be where HTTP/1.0 cannot know it
    "both Content-Length and Transfer-Encoding": lambda d: b"content-length:" in d.lower() and b"chunked" in d.lower(),
    "Transfer-Encoding in HTTP/1.0": lambda d: b"HTTP/1.0" in d and b"chunked" in d.lower(),
    # the same length again, or listed: RFC 9112 §6.3 lets a recipient merge it
    "repeated Content-Length": lambda d: d.lower().count(b"content-length:") > 1,
    "malformed Content-Length": lambda d: b"," in d,
    # h11 drops blanks behind a chunk size, which RFC 9112 §7.1 does not have
    "malformed chunk size": lambda d: b" \r\n" in d or b"\t\r\n" in d,
    # RFC 9110 §6.5.1: must not be sent there
    "framing field behind the body": lambda d: b"\r\n0\r\n" in d,
}


def generate(rng):
    """One request out of a loose grammar: often valid, often a smuggling shape, sometimes with odd bytes put in."""
    body = rng.choice([b"", b"hello", b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", rng.randbytes(rng.randrange(300))])
    fields = [b"Host: localhost:2773"]
    fields += rng.choices(
        [
            b"Accept: */*",
            b"X-Aws-Parameters-Secrets-Token:  dG9rZW4=\t",
            b"x-empty:",
            b"Cookie: caf\xe9=1; b=\x01",
            b"Connection: keep-alive",
            b"Connection: Upgrade, CLOSE",
            b"Upgrade: h2c",
            b"Expect: 100-continue",
            b"X-Folded: a\r\n b",
            b"Host: other",
            b"Content-Length : 5",
            b"Bad Name: 1",
            b"no colon",
            b": empty name",
        ],
        [20, 20, 20, 3, 20, 4, 3, 9, 1, 1, 1, 1, 1, 1],
        k=rng.randrange(5),
    )
    length = b"%d" % len(body)
    wire = body
    framing = rng.randrange(16)
    if framing < 5:
        fields.append(rng.choice([b"Content-Length: ", b"content-length:", b"CONTENT-LENGTH:\t "]) + length)
    elif framing < 10:
        fields.append(rng.choice([b"Transfer-Encoding: chunked", b"transfer-encoding:CHUNKED "]))
        fields += rng.choices([[], [b"Content-Length: " + length]], [30, 1])[0]
        wire = generate_chunks(rng, body)
    elif framing < 12:
        odd = [b"+" + length, b"-1", b"0x5", b"", b"5 5", length + b", " + length, b"1" * 21, b"0" + length, b"\xb2"]
        fields.append(b"Content-Length: " + rng.choice(odd))
        fields += rng.choice([[], [], [b"Content-Length: " + length], [b"Transfer-Encoding: chunked"]])
    elif framing < 13:
        codings = [b"gzip", b"gzip, chunked", b"chunked, chunked", b"xchunked", b"identity", b"", b"chunked\x0b"]
        fields.append(b"Transfer-Encoding: " + rng.choice(codings))
    else:
        wire = b""
    rng.shuffle(fields)
    if rng.random() < 0.02:
        fields = [field for field in fields if not field.startswith(b"Host: localhost")]
    methods = [b"GET", b"HEAD", b"POST", b"OPTIONS", b"get", b"M-SEARCH", b"CONNECT", b"G(T"]
    method = rng.choices(methods, [9, 9, 9, 9, 9, 9, 1, 1])[0]
    target = rng.choices(
        [
            b"/secrets/prod%2Fdb?field=user",
            b"/",
            b"/s3/b/a|b\\c^",
            b"//x/..",
            b"*",
            b"http://localhost/",
            b"h:1",
            b"/ /",
        ],
        [9, 9, 5, 3, 1, 1, 1, 1],
    )[0]
    versions = [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 "]
    version = rng.choices(versions, [40, 3, 1, 1, 1, 1])[0]
    line_end = rng.choices([b"\r\n", b"\n"], [30, 1])[0]
    data = line_end.join((b" ".join((method, target, version)), *fields, b"", b"")) + wire
    return mutate(rng, data) if rng.random() < 0.3 else data


def generate_chunks(rng, body):
    wire = b""
    while body:
        size = rng.randrange(1, len(body) + 1)
        digits = (
            rng.choices([b"%x", b"%X", b"0%x", b" %x", b"+%x", b"0x%x", b"%x "], [20, 20, 20, 1, 1, 1, 1])[0] % size
        )
        extension = rng.choice([b"", b"", b"", b";a=b", b';q="x;y"', b";"])
        wire += digits + extension + b"\r\n" + body[:size] + rng.choices([b"\r\n", b"\n", b""], [60, 1, 1])[0]
        body = body[size:]
    trailers = [b"", b"", b"X-Sum: 1\r\n", b"Content-Length: 5\r\n", b"X: a\r\n b\r\n", b"bad\r\n"]
    return wire + b"0\r\n" + rng.choices(trailers, [9, 9, 9, 1, 1, 1])[0] + b"\r\n"


def mutate(rng, data):
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data))
        odd = rng.choice(
            [b"\r", b"\n", b"\0", b" ", b"\t", b":", b"\x0b", b"\x7f", b"\x80", b"0", b"\r\n", b"\r\n\r\n"]
        )
        data = data[:at] + rng.choice([b"", odd, odd, odd + data[at : at + 1]]) + data[at + 1 :]
    return data


def test_agrees_with_h11_on_generated_requests_and_is_stricter_only_where_the_list_says():
    """Nothing that h11 refuses is accepted; what both accept is the same, and so is the request that follows it."""
    rng = random.Random(20250409)
    accepted = refused = 0
    stricter = set()
    for _ in range(GENERATED):
        data = generate(rng) + FOLLOW_UP
        cuts = sorted(rng.randrange(len(data)) for _ in range(rng.randrange(1, 9)))
        ours, refusal, theirs, they_refuse = agreed_requests(data, cuts)
        if len(ours) < len(theirs):
            assert STRICTER[refusal[1]](data), (refusal, data)
            stricter.add(refusal[1])
        accepted += len(ours) == 2
        refused += they_refuse
    assert accepted > GENERATED / 4
    assert refused > GENERATED / 4
    assert stricter == set(STRICTER)
