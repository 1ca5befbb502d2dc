"""The answer parser agrees with h11, and is stricter only in a few named ways."""

import random

import h11
import pytest

from tests.unit.http1.reading import (
    agreed_answer,
    has_control_character,
    has_folded_line,
    read_answer,
)

GENERATED = 5_000


# All that h11 takes and this parser does not: the reason it gives, and a sign in the bytes that the reason is true.
# The grounds are those given for requests in test_request_agreement.py.
STRICTER = {
    "not an HTTP/1 answer": lambda d: b"HTTP/" in d.replace(b"HTTP/1.1", b"").replace(b"HTTP/1.0", b""),
    "malformed status line": has_control_character,
    "bare line break or control character in the header": has_control_character,
    "malformed header field": has_folded_line,
    "both Content-Length and Transfer-Encoding": lambda d: b"content-length:" in d.lower() and b"chunked" in d.lower(),
    "Transfer-Encoding in HTTP/1.0": lambda d: b"HTTP/1.0" in d and b"chunked" in d.lower(),
    "repeated Content-Length": lambda d: d.lower().count(b"content-length:") > 1,
    "malformed Content-Length": lambda d: b"," in d,
    "malformed chunk size": lambda d: b" \r\n" in d or b"\t\r\n" in d,
    "framing field behind the body": lambda d: b"\r\n0\r\n" in d,
}


def generate(rng):
    body = rng.choice([b"", b"{}", b"HTTP/1.1 200 OK\r\n\r\n", rng.randbytes(rng.randrange(400))])
    fields = rng.choices(
        [
            b"Date: Wed, 09 Apr 2025 12:00:00 GMT",
            b"x-amzn-RequestId:  5f0c \t",
            b"ETag: \xe9",
            b"Connection: keep-alive",
            b"Connection: foo, Close",
            b"X: a\r\n b",
            b"X: \x01",
            b"X : 1",
            b"no colon",
        ],
        [20, 20, 9, 9, 5, 1, 1, 1, 1],
        k=rng.randrange(5),
    )
    length, wire = b"%d" % len(body), body
    framing = rng.randrange(16)
    if framing < 5:
        fields.append(b"Content-Length: " + length)
    elif framing < 10:
        fields.append(rng.choice([b"Transfer-Encoding: chunked", b"transfer-encoding:CHUNKED "]))
        fields += rng.choices([[], [b"Content-Length: " + length]], [30, 1])[0]
        middle = rng.randrange(len(body) + 1)
        sizes = [b"%x\r\n", b"%X;a=b\r\n", b"0%x\r\n", b"%x \r\n", b"+%x\r\n"]
        size = rng.choices(sizes, [20, 20, 20, 1, 1])[0]
        wire = b"".join(size % len(part) + part + b"\r\n" for part in (body[:middle], body[middle:]) if part)
        trailer = rng.choices([b"", b"X-Sum: 1\r\n", b"Content-Length: 1\r\n", b"X\r\n"], [9, 9, 1, 1])[0]
        wire += b"0\r\n" + trailer + b"\r\n"
    elif framing < 12:
        lengths = [b"+" + length, b"-1", b"", length + b"," + length, b"1" * 21, b"0" + length]
        fields += [b"Content-Length: " + rng.choice(lengths)] * rng.randrange(1, 3)
    elif framing < 13:
        fields.append(b"Transfer-Encoding: " + rng.choice([b"gzip", b"gzip, chunked", b"identity", b""]))
    rng.shuffle(fields)
    version = rng.choices([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1"], [40, 5, 1, 1, 1])[0]
    status = rng.choices([b"200", b"204", b"304", b"503", b"999", b"20", b"099", b"2000", b"101"], [9] * 5 + [1] * 4)[0]
    reason = rng.choices([b" OK", b" ", b"", b" Not  \xe9 Found", b"  two blanks", b" \x01"], [9, 9, 9, 9, 1, 1])[0]
    interim = [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 \r\nLink: x\r\n\r\n" * 2]
    line_end = rng.choices([b"\r\n", b"\n"], [30, 1])[0]
    data = rng.choices(interim, [9, 1, 1])[0]
    data += line_end.join((b"%b %b%b" % (version, status, reason), *fields, b"", b"")) + wire
    data = data[: rng.randrange(len(data))] if rng.random() < 0.05 else data
    data += rng.choices([b"", b"more"], [9, 1])[0]
    for _ in range(rng.choices([0, 1, 3], [8, 1, 1])[0]):
        at = rng.randrange(len(data) or 1)
        odd = rng.choice([b"", b"\r", b"\n", b"\0", b" ", b"\t", b":", b"\x0b", b"\x80", b"0", b"\r\n"])
        data = data[:at] + odd + data[at + rng.randrange(2) :]
    return data


def test_agrees_with_h11_on_generated_answers_and_is_stricter_only_where_the_list_says():
    """Nothing that h11 refuses is accepted, and what both accept is the same, however the bytes are cut."""
    rng = random.Random(20250409)
    accepted = refused = 0
    stricter = set()
    for _ in range(GENERATED):
        data, head_request = generate(rng), rng.random() < 0.1
        cuts = sorted(rng.randrange(len(data) or 1) for _ in range(rng.randrange(1, 9)))
        ours, theirs = agreed_answer(data, head_request, cuts)
        if len(ours) == 5:
            accepted += 1
        elif theirs is None:
            refused += 1
        else:
            assert STRICTER[ours[1]](data), (ours, data)
            stricter.add(ours[1])
    assert accepted > GENERATED / 3
    assert refused > GENERATED / 10
    assert stricter == set(STRICTER)


@pytest.mark.parametrize("seed", range(20))
def test_reads_what_h11_writes(seed):
    rng = random.Random(seed)
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.%d\r\nHost: x\r\n\r\n" % (seed % 5 > 0))
    while server.next_event() is not h11.PAUSED and server.their_state is h11.SEND_BODY:
        pass
    body = [rng.randbytes(rng.randrange(1, 3000)) for _ in range(rng.randrange(5))]
    fields = [("Server", "h11")] + [("Content-Length", str(sum(map(len, body))))] * (seed % 2)
    wire = server.send(h11.InformationalResponse(status_code=103, headers=[])) if seed % 3 == 0 else b""
    wire += server.send(h11.Response(status_code=200, headers=fields, reason="Fine"))
    wire += b"".join(server.send(h11.Data(data=piece)) for piece in body) + server.send(h11.EndOfMessage())
    for cuts in ((), range(1, len(wire)), sorted(rng.randrange(len(wire)) for _ in range(9))):
        status, reason, _, received, keep_alive = read_answer(wire, cuts)
        assert (200, b"Fine", b"".join(body)) == (status, reason, received)
        assert keep_alive is (server.our_state is h11.DONE)
