"""How the tests of http1 read: whole streams cut at chosen places, by our parsers and by h11."""

from itertools import pairwise

import h11

from extension.http1.message import BadMessage, RequestParser, ResponseParser


def head(*lines, line=b"POST /p HTTP/1.1"):
    """A request's head with these header lines besides Host."""
    return b"\r\n".join((line, b"Host: localhost", *lines, b"", b""))


def chunked(body):
    """A request with this behind a head that announces chunks."""
    return head(b"Transfer-Encoding: chunked") + body


def read_requests(data, cuts=(), **limits):
    """What a connection gets out of these bytes: the requests, and the refusal that ended them or None."""
    parser, requests = RequestParser(**limits), []
    try:
        for start, end in pairwise([0, *cuts, len(data)]):
            parser.feed(data[start:end])
            while (request := parser.next()) is not None:
                requests.append(
                    (request.method, request.target, request.http11, request.headers, request.body, request.keep_alive)
                )
    except BadMessage as bad:
        return requests, (bad.status, bad.reason)
    return requests, None


def read_requests_bytewise(data, **limits):
    return read_requests(data, range(1, len(data)), **limits)


def read_requests_with_h11(data):
    """The requests as h11 sees them, and whether it refused what followed for more than its Host."""
    server, requests = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20), []
    server.receive_data(data)
    while True:
        try:
            event = server.next_event()
        except h11.RemoteProtocolError as error:
            return requests, "Host: header" not in str(error)
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


def read_answer(data, cuts=(), *, end=True, **options):
    """(status, reason, headers, body, keep_alive) of the answer in these bytes, or (status, reason) of its refusal.

    `end`: the connection ends behind the bytes. keep_alive is what it was before that.
    """
    parser, body = ResponseParser(**options), b""
    try:
        for start, stop in pairwise([0, *cuts, len(data)]):
            parser.feed(data[start:stop])
            body += parser.read()
        keep_alive = parser.keep_alive
        if end:
            parser.feed_eof()
            assert not parser.keep_alive
    except BadMessage as bad:
        return bad.status, bad.reason
    assert b"" == parser.read()
    assert parser.complete or not end
    return parser.status, parser.reason, parser.headers, body, keep_alive


def read_answer_with_h11(data, head_request):
    """The same, or None where h11 refuses."""
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    client.send(h11.Request(method="HEAD" if head_request else "GET", target="/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    body, ended = b"", False
    while True:
        try:
            event = client.next_event()
        except h11.RemoteProtocolError:
            return None
        if event is h11.NEED_DATA:
            client.receive_data(b"")
            ended = True
        elif isinstance(event, h11.Response):
            answer = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            keep_alive = client.their_state is h11.DONE and not ended and not client.trailing_data[0]
            return answer.status_code, answer.reason, list(answer.headers), body, keep_alive


def agreed_requests(data, cuts=()):
    """(our requests, our refusal, h11's requests, whether h11 refuses), after a look at what has to agree: nothing that
    h11 refuses is accepted, what both accept is the same, and how the bytes were cut makes no difference.
    """
    ours, refusal = read_requests(data)
    assert read_requests(data, cuts) == (ours, refusal), data
    theirs, they_refuse = read_requests_with_h11(data)
    for index, request in enumerate(ours):
        if not _host_rule_holds(request):
            ours, refusal = ours[:index], (400, "Forwarded")
            break
        if not request[2]:  # h11 never goes on with an HTTP/1.0 client
            ours, refusal = ours[: index + 1], None
            break
    assert [_as_h11_sees(request) for request in ours] == theirs[: len(ours)], data
    if they_refuse or len(ours) < len(theirs):
        assert refusal is not None, data
    return ours, refusal, theirs, they_refuse


def _as_h11_sees(request):
    method, target, http11, headers, body, _ = request
    return method, target, b"1.1" if http11 else b"1.0", as_h11_reports(headers), body


def _host_rule_holds(request):
    """h11 counts Host at the end of a head. Here the guards do (contract §3: "400 Forwarded", and /ping is exempt)."""
    _, _, http11, headers, _, _ = request
    hosts = sum(name == b"host" for name, _ in headers)
    return hosts == 1 or (hosts == 0 and not http11)


def agreed_answer(data, head_request, cuts=()):
    """(our answer or refusal, h11's answer or None), after a look at what has to agree."""
    ours = read_answer(data, head_request=head_request)
    assert read_answer(data, cuts, head_request=head_request) == ours, data
    theirs = read_answer_with_h11(data, head_request)
    if len(ours) == 5:
        assert theirs is not None, data
        if b"HTTP/1.0" in data:  # h11 never goes on with an HTTP/1.0 server
            assert _as_h11_answers(ours)[:4] == theirs[:4], data
        else:
            assert _as_h11_answers(ours) == theirs, data
    return ours, theirs


def _as_h11_answers(answer):
    return (*answer[:2], as_h11_reports(answer[2]), *answer[3:])


def as_h11_reports(headers):
    """h11 lower-cases this one value, which has no case."""
    return [(name, value.lower() if name == b"transfer-encoding" else value) for name, value in headers]


def has_bare_line_feed(data):
    return data.count(b"\n") != data.count(b"\r\n")


def has_control_character(data):
    """One that is no tab and no half of a CRLF."""
    bare = data.replace(b"\r\n", b"")
    return any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in bare)


def has_folded_line(data):
    return b"\n " in data or b"\n\t" in data
