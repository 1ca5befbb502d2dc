"""The request parser against h11, against the named shapes of request smuggling, and at its limits."""

import random
import time
import tracemalloc
from itertools import pairwise

import h11
import pytest

from extension.http1.message import BadMessage, RequestParser

GENERATED = 12_000
FOLLOW_UP = b"GET /follow-up HTTP/1.1\r\nHost: localhost\r\n\r\n"


def parse(data, cuts=(), **limits):
    """What a connection gets out of these bytes: the requests, and the refusal that ended them or None."""
    parser, requests = RequestParser(**limits), []
    edges = [0, *cuts, len(data)]
    try:
        for start, end in pairwise(edges):
            parser.feed(data[start:end])
            while (request := parser.next()) is not None:
                requests.append(
                    (request.method, request.target, request.http11, request.headers, request.body, request.keep_alive)
                )
    except BadMessage as bad:
        return requests, (bad.status, bad.reason)
    return requests, None


def parse_bytewise(data, **limits):
    return parse(data, range(1, len(data)), **limits)


def head(*lines, line=b"POST /p HTTP/1.1"):
    return b"\r\n".join((line, b"Host: localhost", *lines, b"", b""))


def chunked(body):
    return head(b"Transfer-Encoding: chunked") + body


# --- agreement with h11 -------------------------------------------------------------------------------------------


def parse_with_h11(data):
    """The same as parse(): requests as h11 sees them, and whether it refused what followed."""
    server, requests = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20), []
    server.receive_data(data)
    while True:
        try:
            event = server.next_event()
        except h11.RemoteProtocolError:
            return requests, True
        if event is h11.NEED_DATA:
            return requests, False
        if isinstance(event, h11.Request):
            request, body = event, b""
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            requests.append((request.method, request.target, request.http_version, list(request.headers), body))
            server.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
            server.send(h11.EndOfMessage())
            if server.our_state is not h11.DONE:
                return requests, False  # the client closes, or is too old to go on
            server.start_next_cycle()


def as_h11_reports(request):
    method, target, http11, headers, body, _ = request
    lowered = [(name, value.lower() if name == b"transfer-encoding" else value) for name, value in headers]
    return method, target, b"1.1" if http11 else b"1.0", lowered, body


def host_rule_holds(request):
    """h11 counts Host while parsing. Here the guards do (contract §3: "400 Forwarded", and /ping is exempt)."""
    _, _, http11, headers, _, _ = request
    hosts = sum(name == b"host" for name, _ in headers)
    return hosts == 1 or (hosts == 0 and not http11)


def has_bare_line_feed(data):
    return data.count(b"\n") != data.count(b"\r\n")


def has_control_character(data):
    bare = data.replace(b"\r\n", b"")
    return any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in bare)


def has_folded_line(data):
    return b"\n " in data or b"\n\t" in data


# All that h11 takes and this parser does not: the reason it gives, and a sign in the bytes that the reason is true.
STRICTER = {
    "malformed request line": has_bare_line_feed,
    "bare line break or control character in the header": has_control_character,
    "malformed header field": has_folded_line,
    "unsupported HTTP version": lambda d: b"HTTP/1.1" not in d.split(b"\n")[0] and b"HTTP/1.0" not in d.split(b"\n")[0],
    "request target does not begin with a slash": lambda d: b" /" not in d.split(b"HTTP/")[0],
    "both Content-Length and Transfer-Encoding": lambda d: b"content-length:" in d.lower() and b"chunked" in d.lower(),
    "Transfer-Encoding in HTTP/1.0": lambda d: b"HTTP/1.0" in d and b"chunked" in d.lower(),
    "repeated Content-Length": lambda d: d.lower().count(b"content-length:") > 1,
    "malformed Content-Length": lambda d: b"," in d,
    "malformed chunk size": lambda d: b" \r\n" in d or b"\t\r\n" in d,
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
        ours, refusal = parse(data)
        cuts = sorted(rng.randrange(len(data)) for _ in range(rng.randrange(1, 9)))
        assert parse(data, cuts) == (ours, refusal), data
        theirs, they_refuse = parse_with_h11(data)
        for index, request in enumerate(ours):
            if not host_rule_holds(request):
                ours, refusal = ours[:index], (400, "Forwarded")
                break
            if not request[2]:  # h11 never goes on with an HTTP/1.0 client
                ours, refusal = ours[: index + 1], None
                break
        assert [as_h11_reports(request) for request in ours] == theirs[: len(ours)], data
        if they_refuse:
            assert refusal is not None, data
        if len(ours) < len(theirs):
            assert refusal is not None, data
            assert STRICTER[refusal[1]](data), (refusal, data)
            stricter.add(refusal[1])
        accepted += len(ours) == 2
        refused += they_refuse
    assert accepted > GENERATED / 4
    assert refused > GENERATED / 4
    assert stricter == set(STRICTER)


# --- named shapes -------------------------------------------------------------------------------------------------

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

REFUSED = {
    # two readings of the body's length
    "CL.TE": (head(b"Content-Length: 6", b"Transfer-Encoding: chunked") + b"0\r\n\r\nG", 400),
    "TE.CL": (head(b"Transfer-Encoding: chunked", b"Content-Length: 3") + b"1\r\nX\r\n0\r\n\r\n", 400),
    "TE.TE": (head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity") + b"0\r\n\r\n", 400),
    "same length twice": (head(b"Content-Length: 5", b"Content-Length: 5") + b"hello", 400),
    "two lengths": (head(b"Content-Length: 5", b"Content-Length: 0") + b"hello", 400),
    "list of lengths": (head(b"Content-Length: 5, 5") + b"hello", 400),
    "length +5": (head(b"Content-Length: +5") + b"hello", 400),
    "length -5": (head(b"Content-Length: -5") + b"hello", 400),
    "length 0x5": (head(b"Content-Length: 0x5") + b"hello", 400),
    "length 5_0": (head(b"Content-Length: 5_0"), 400),
    "length with inner blank": (head(b"Content-Length: 5 5"), 400),
    "length behind a vertical tab": (head(b"Content-Length: \x0b5") + b"hello", 400),
    "length in other digits": (head("Content-Length: \u0665".encode()), 400),
    "superscript length": (head(b"Content-Length: \xb2"), 400),
    "empty length": (head(b"Content-Length:"), 400),
    "quoted length": (head(b'Content-Length: "5"') + b"hello", 400),
    "length of 19 digits": (head(b"Content-Length: " + b"9" * 19), 413),
    "length of 5000 digits": (head(b"Content-Length: " + b"9" * 5000), 413),
    "unknown coding": (head(b"Transfer-Encoding: gzip, chunked"), 501),
    "chunked not last": (head(b"Transfer-Encoding: chunked, gzip"), 400),
    "chunked twice": (head(b"Transfer-Encoding: chunked, chunked"), 400),
    "coding without chunked": (head(b"Transfer-Encoding: identity"), 400),
    "coding that ends like chunked": (head(b"Transfer-Encoding: xchunked"), 400),
    "coding with an empty member": (head(b"Transfer-Encoding: , chunked"), 400),
    "empty coding": (head(b"Transfer-Encoding:"), 400),
    "coding behind a vertical tab": (head(b"Transfer-Encoding: \x0bchunked"), 400),
    "coding in HTTP/1.0": (head(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.0") + b"0\r\n\r\n", 400),
    # header lines
    "blank before the colon": (head(b"Transfer-Encoding : chunked") + b"0\r\n\r\n", 400),
    "tab before the colon": (head(b"Content-Length\t: 5") + b"hello", 400),
    "folded value": (head(b"X: a", b" b"), 400),
    "folded coding": (head(b"Transfer-Encoding:", b"\tchunked"), 400),
    "folded first header": (b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", 400),
    "no colon": (head(b"Host"), 400),
    "empty name": (head(b": value"), 400),
    "blank in a name": (head(b"X Y: value"), 400),
    "umlaut in a name": (head(b"X\xe4: value"), 400),
    "parenthesis in a name": (head(b"X(): value"), 400),
    "line feed ends a line": (head(b"X: 1\nContent-Length: 5") + b"hello", 400),
    "line feeds end the head": (b"GET / HTTP/1.1\r\nHost: localhost\n\n" + SMUGGLED, 400),
    "line feeds only": (b"GET / HTTP/1.1\nHost: localhost\n\n", 400),
    "carriage return in a value": (head(b"X: 1\rContent-Length: 5") + b"hello", 400),
    "carriage return in a name": (head(b"X\r: 1"), 400),
    "carriage return doubled": (head(b"X: 1\r"), 400),
    "line feed, carriage return": (head(b"X: 1\n\rY: 2"), 400),
    "NUL in a value": (head(b"X: a\0b"), 400),
    "NUL in a name": (head(b"X\0: a"), 400),
    "escape character in a value": (head(b"X: \x1b[31m"), 400),
    "DEL in a value": (head(b"X: \x7f"), 400),
    # request lines
    "blank line first": (b"\r\n" + SMUGGLED, 400),
    "two blanks": (head(line=b"GET  / HTTP/1.1"), 400),
    "blank in the target": (head(line=b"GET /a b HTTP/1.1"), 400),
    "blank in front": (head(line=b" GET / HTTP/1.1"), 400),
    "blank behind": (head(line=b"GET / HTTP/1.1 "), 400),
    "tabs for blanks": (head(line=b"GET\t/\tHTTP/1.1"), 400),
    "no method": (head(line=b" / HTTP/1.1"), 400),
    "method that is no token": (head(line=b"G@T / HTTP/1.1"), 400),
    "NUL in the target": (head(line=b"GET /\0 HTTP/1.1"), 400),
    "raw umlaut in the target": (head(line=b"GET /\xc3\xa4 HTTP/1.1"), 400),
    "line feed in the target": (head(line=b"GET /\nHost:x HTTP/1.1"), 400),
    "carriage return in the target": (head(line=b"GET /\rx HTTP/1.1"), 400),
    "absolute form": (head(line=b"GET http://169.254.169.254/ HTTP/1.1"), 400),
    "authority form": (head(line=b"CONNECT secretsmanager.us-east-1.amazonaws.com:443 HTTP/1.1"), 400),
    "asterisk form": (head(line=b"OPTIONS * HTTP/1.1"), 400),
    "HTTP/0.9 without version": (b"GET /\r\n", 400),
    "HTTP/0.9": (head(line=b"GET / HTTP/0.9"), 505),
    "HTTP/1.2": (head(line=b"GET / HTTP/1.2"), 505),
    "HTTP/2.0": (head(line=b"GET / HTTP/2.0"), 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/1.10": (head(line=b"GET / HTTP/1.10"), 400),
    "HTTP/11": (head(line=b"GET / HTTP/11"), 400),
    "lower-case http": (head(line=b"GET / http/1.1"), 400),
    "another protocol": (head(line=b"GET / HTTQ/1.1"), 400),
    "TLS client hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    # chunks
    "chunk size -5": (chunked(b"-5\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk size +5": (chunked(b"+5\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk size 0x5": (chunked(b"0x5\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk size 5_0": (chunked(b"5_0\r\nhello\r\n0\r\n\r\n"), 400),
    "blank before a chunk size": (chunked(b" 5\r\nhello\r\n0\r\n\r\n"), 400),
    "blank behind a chunk size": (chunked(b"5 \r\nhello\r\n0\r\n\r\n"), 400),
    "empty chunk size": (chunked(b"\r\nhello\r\n0\r\n\r\n"), 400),
    "extension without chunk size": (chunked(b";a=b\r\n\r\n"), 400),
    "chunk size of 17 digits": (chunked(b"0" * 16 + b"5\r\nhello\r\n0\r\n\r\n"), 400),
    "largest chunk size": (chunked(b"f" * 16 + b"\r\nhello"), 413),
    "line feed behind a chunk size": (chunked(b"5\nhello\r\n0\r\n\r\n"), 400),
    "line feed in a chunk extension": (chunked(b"5;a\nb\r\nhello\r\n0\r\n\r\n"), 400),
    "carriage return in a chunk extension": (chunked(b"5;a\rb\r\nhello\r\n0\r\n\r\n"), 400),
    "NUL in a chunk extension": (chunked(b"5;\0\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk size line without end": (chunked(b"5;" + b"a" * 300), 400),
    "chunk longer than its size": (chunked(b"4\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk without CRLF": (chunked(b"5\r\nhello0\r\n\r\n"), 400),
    "chunk ended by line feed": (chunked(b"5\r\nhello\n0\r\n\r\n"), 400),
    "chunk ended by carriage return": (chunked(b"5\r\nhello\r0\r\n\r\n"), 400),
    "line feed ends the body": (chunked(b"0\n\n"), 400),
    "length behind the body": (chunked(b"0\r\nContent-Length: 5\r\n\r\n"), 400),
    "coding behind the body": (chunked(b"0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400),
    "host behind the body": (chunked(b"0\r\nHost: other\r\n\r\n"), 400),
    "folded trailer": (chunked(b"0\r\nX: a\r\n b\r\n\r\n"), 400),
    "trailer without colon": (chunked(b"0\r\n" + SMUGGLED), 400),
}


@pytest.mark.parametrize(("data", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_the_shape_without_letting_a_request_through(data, status):
    requests, refusal = parse(data)
    assert [] == requests
    assert refusal is not None
    assert status == refusal[0]
    assert ([], refusal) == parse_bytewise(data)
    assert ([], refusal) == parse(data + SMUGGLED)


@pytest.mark.parametrize("data", [data for data, _ in REFUSED.values() if len(data) < 400], ids=len)
def test_gives_the_same_refusal_wherever_the_bytes_are_cut(data):
    expected = parse(data)
    assert all(parse(data, [cut]) == expected for cut in range(1, len(data)))


def test_a_refusal_is_final():
    """The connection has to be closed: what follows is not looked at, and asking again gives the same answer."""
    parser = RequestParser()
    parser.feed(b"GET / HTTP/3.0\r\n\r\n" + SMUGGLED)
    for _ in range(3):
        with pytest.raises(BadMessage, match="unsupported HTTP version") as refusal:
            parser.next()
        assert 505 == refusal.value.status
        parser.feed(SMUGGLED)
    assert not parser.buffered


# --- what is accepted ---------------------------------------------------------------------------------------------


def test_names_are_lower_cased_and_values_stripped_of_blanks_only():
    data = b"GET /a?b=c HTTP/1.1\r\nHOST: x\r\nX-One:\t 1 \t\r\nx-one:2\r\nX-Latin: \xa0\xe4\xa0\r\n\r\n"
    headers = [(b"host", b"x"), (b"x-one", b"1"), (b"x-one", b"2"), (b"x-latin", b"\xa0\xe4\xa0")]
    assert ([(b"GET", b"/a?b=c", True, headers, b"", True)], None) == parse(data)


def test_get_answers_the_first_value_and_count_all():
    parser = RequestParser()
    parser.feed(b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n")
    request = parser.next()
    assert b"a" == request.get(b"host")
    assert 2 == request.count(b"host")
    assert request.get(b"x") is None
    assert 0 == request.count(b"x")


def test_repr_shows_nothing_that_was_sent():
    parser = RequestParser()
    parser.feed(head(b"X-Aws-Parameters-Secrets-Token: hidden", b"Content-Length: 6", line=b"POST /hidden HTTP/1.1"))
    parser.feed(b"hidden")
    assert "hidden" not in repr(parser.next()).lower()


@pytest.mark.parametrize(
    ("version", "connection", "keep_alive"),
    [
        (b"1.1", [], True),
        (b"1.1", [b"keep-alive"], True),
        (b"1.1", [b"Close"], False),
        (b"1.1", [b"keep-alive, close"], False),
        (b"1.1", [b"Upgrade", b"a,\tCLOSE"], False),
        (b"1.1", [b"closed"], True),
        (b"1.0", [], False),
        (b"1.0", [b"keep-alive"], True),
        (b"1.0", [b"a , Keep-Alive"], True),
        (b"1.0", [b"keep-alive", b"close"], False),
    ],
)
def test_keep_alive_follows_version_and_connection_header(version, connection, keep_alive):
    lines = [b"Connection: " + value for value in connection]
    ((request,), refusal) = parse(head(*lines, line=b"GET / HTTP/" + version))
    assert refusal is None
    assert keep_alive is request[5]


def test_nothing_is_read_behind_a_request_that_ends_the_connection():
    """RFC 9112 §9.6: a request behind it must not be processed."""
    data = head(b"Connection: close") + SMUGGLED
    requests, refusal = parse(data)
    assert ([b"/p"], None) == ([request[1] for request in requests], refusal)
    assert (requests, None) == parse_bytewise(data)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (head(b"Content-Length: 5") + b"hello", b"hello"),
        (head(b"content-length:\t005 ") + b"hello", b"hello"),
        (head(b"Content-Length: 0"), b""),
        (head(line=b"POST / HTTP/1.1"), b""),
        (head(b"Content-Length: 5", b"Connection: keep-alive", line=b"POST / HTTP/1.0") + b"hello", b"hello"),
        (chunked(b"0\r\n\r\n"), b""),
        (head(b"transfer-encoding: CHUNKED") + b"5\r\nhello\r\n00000000\r\n\r\n", b"hello"),
        (chunked(b'2;a=b\r\nhe\r\n3;"x;y"\r\nllo\r\n0;end\r\nX-Sum: 1\r\nY:\r\n\r\n'), b"hello"),
        (chunked(b"B\r\n\r\n0\r\n\r\nGET \r\n0\r\n\r\n"), b"\r\n0\r\n\r\nGET "),
    ],
)
def test_takes_the_body_and_no_more(data, body):
    requests, refusal = parse(data + FOLLOW_UP)
    assert refusal is None
    assert [body, b""] == [request[4] for request in requests]
    assert b"/follow-up" == requests[1][1]
    assert (requests, None) == parse_bytewise(data + FOLLOW_UP)


def test_pipelined_requests_come_one_by_one_in_order():
    targets = [b"/%d" % number for number in range(1000)]
    requests, refusal = parse(b"".join(head(line=b"GET " + target + b" HTTP/1.1") for target in targets))
    assert refusal is None
    assert targets == [request[1] for request in requests]


def test_buffered_tells_an_idle_connection_from_one_in_the_middle_of_a_request():
    parser = RequestParser()
    data = head(b"Content-Length: 5") + b"hello"
    states = []
    for position in range(len(data)):
        states.append(parser.buffered)
        parser.feed(data[position : position + 1])
        request = parser.next()
    assert [False] + [True] * (len(data) - 1) == states
    assert b"hello" == request.body
    assert not parser.buffered


# --- Expect: 100-continue -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", [b"Content-Length: 50", b"Transfer-Encoding: chunked"])
def test_a_client_that_waits_for_permission_is_noticed_once(framing):
    parser = RequestParser()
    seen = []
    for piece in (head(framing, b"Expect: 100-Continue")[:-1], b"\n", b"5", b"\r\nhel"):
        parser.feed(piece)
        assert parser.next() is None
        seen.append(parser.expects_continue)
    assert [False, True, False, False] == seen


@pytest.mark.parametrize(
    "data",
    [
        head(b"Content-Length: 5", b"Expect: 100-continue") + b"h",
        head(b"Content-Length: 5"),
        head(b"Content-Length: 0", b"Expect: 100-continue"),
        head(b"Expect: 100-continue"),
        head(b"Content-Length: 5", b"Expect: 100-continue", line=b"POST / HTTP/1.0"),
        head(b"Content-Length: 5", b"Expect: more"),
    ],
    ids=["body begun", "not asked", "no body", "no length", "HTTP/1.0", "something else"],
)
def test_no_permission_is_needed(data):
    parser = RequestParser()
    parser.feed(data)
    parser.next()
    assert not parser.expects_continue


def test_a_body_that_will_be_refused_is_refused_before_permission_is_given():
    parser = RequestParser(max_body=4)
    parser.feed(head(b"Content-Length: 5", b"Expect: 100-continue"))
    with pytest.raises(BadMessage, match="body too large"):
        parser.next()
    assert not parser.expects_continue


# --- limits -------------------------------------------------------------------------------------------------------


def padded(size):
    """A request whose head has this many bytes."""
    data = head(b"X: ", line=b"GET / HTTP/1.1")
    return data[:-4] + b"x" * (size - len(data)) + b"\r\n\r\n"


@pytest.mark.parametrize("run", [parse, parse_bytewise], ids=["at once", "byte by byte"])
@pytest.mark.parametrize(
    ("below", "at", "above", "status"),
    [
        (padded(511), padded(512), padded(513), 431),
        (*(head(line=b"GET /%b HTTP/1.1" % (b"x" * size)) for size in (98, 99, 100)), 414),
        (*(head(*[b"X: 1"] * count, line=b"GET / HTTP/1.1") for count in (8, 9, 10)), 431),
        (*(head(b"Content-Length: %d" % size) + b"x" * size for size in (63, 64, 65)), 413),
        (*(chunked(b"20\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (b"x" * 32, n, b"x" * n)) for n in (31, 32, 33)), 413),
        (*(chunked(b"0\r\nX: %b\r\n\r\n" % (b"x" * size)) for size in (508, 509, 510)), 431),
    ],
    ids=["head", "target", "headers", "declared body", "chunked body", "trailers"],
)
def test_takes_what_is_at_the_limit_and_refuses_what_is_above(run, below, at, above, status):
    limits = {"max_head": 512, "max_target": 100, "max_headers": 10, "max_body": 64}
    for data in (below, at):
        requests, refusal = run(data + FOLLOW_UP, **limits)
        assert refusal is None
        assert 2 == len(requests)
    requests, refusal = run(above + FOLLOW_UP, **limits)
    assert [] == requests
    assert status == refusal[0]


@pytest.mark.parametrize(
    ("data", "status", "taken"),
    [
        (b"GET /" + b"x" * 5000, 414, 1024),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 5000, 431, 1024),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 5000, 431, 1024),
        (b"\0" * 5000, 400, 1),
    ],
    ids=["target", "one header", "many headers", "not HTTP"],
)
def test_an_endless_head_is_refused_at_the_limit(data, status, taken):
    """After how many bytes: at the first that leaves no way for a head within the limit."""
    parser = RequestParser(max_head=1024)

    def refused_after():
        for count in range(1, len(data)):
            parser.feed(data[count - 1 : count])
            try:
                parser.next()
            except BadMessage as bad:
                return bad.status, count
        return None

    assert (status, taken) == refused_after()


def test_chunk_extensions_are_bounded_in_all():
    """Each is within the limit of a line; together they would make the server work for a body of a few bytes."""
    requests, refusal = parse(chunked(b"1;" + b"a" * 200 + b"\r\nX\r\n"), max_head=1024)
    assert ([], None) == (requests, refusal)
    requests, refusal = parse(chunked((b"1;" + b"a" * 200 + b"\r\nX\r\n") * 6), max_head=1024)
    assert ([], (400, "chunk framing too long")) == (requests, refusal)


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"GET / HTTP/1.1\r\nX: ", b"x" * 512),
        (chunked(b""), b"10\r\n0123456789abcdef\r\n" * 80),
        (chunked(b"0\r\n"), b"X: 1\r\n" * 80),
        (head(b"Connection: close", line=b"GET / HTTP/1.1"), b"x" * 512),
        (head(b"Content-Length: 60000") + b"x" * 59_000, b""),
    ],
    ids=["head", "chunks", "trailers", "behind the last request", "body"],
)
def test_memory_stays_bounded_whatever_is_fed(start, piece):
    parser = RequestParser()
    tracemalloc.start()
    try:
        parser.feed(start)
        for _ in range(1000):
            try:
                parser.next()
            except BadMessage:
                pass
            parser.feed(piece)
        assert tracemalloc.get_traced_memory()[1] < 300_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "start",
    [b"GET / HTTP/1.1\r\nX: ", b"GET /", head(b"Content-Length: 1000000"), chunked(b"f4240\r\n")],
    ids=["header", "target", "declared body", "chunk"],
)
def test_a_slow_client_costs_in_proportion_to_its_bytes(start):
    """Four times the bytes, one by one: four times the work when linear, sixteen times when quadratic."""

    def cost(size):
        parser = RequestParser(max_head=1 << 20, max_target=1 << 20, max_body=1 << 20)
        parser.feed(start)
        began = time.process_time()
        for _ in range(size):
            parser.feed(b"x")
            parser.next()
        return time.process_time() - began

    small, large = (min(cost(size) for _ in range(3)) for size in (12_000, 48_000))
    assert large < 8 * small
