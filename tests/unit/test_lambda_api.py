"""What ``next`` makes of an answer, however it is framed and cut."""

import socket

import pytest

from extension.errors import ApiGone
from extension.lambda_api import LambdaApi
from tests.unit.doubles import double

REGISTERED = b'HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{"accountId":"123456789012"}'
INVOKE = b'{"eventType":"INVOKE","deadlineMs":1795000003000,"requestId":"1","tracing":{"value":"Root=1"}}'
SHUTDOWN = b'{"eventType":"SHUTDOWN","shutdownReason":"spindown","deadlineMs":1795000002000}'


class Connection:
    """One on which the pieces of all answers are on their way already."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.sent = []

    def sendall(self, data):
        self.sent.append(data)

    def recv(self, most):
        piece = self.pieces.pop(0)
        if len(piece) > most:
            self.pieces.insert(0, piece[most:])
        return piece[:most]

    def close(self):
        pass


class Boot:
    """What LambdaApi is made of."""

    identifier = "an-identifier"

    def __init__(self, connection, api="127.0.0.1:9001", received=REGISTERED):
        self.connection = connection
        self.api = api
        self.received = received


def api_on(*pieces, **boot):
    return LambdaApi(double(Boot(Connection(*pieces), **boot)))


def plain(body, *fields):
    return b"\r\n".join((b"HTTP/1.1 200 OK", *fields, b"Content-Length: %d" % len(body), b"", body))


def chunked(body):
    middle = len(body) // 2
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:middle], body[middle:]))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def seen(event):
    return event.kind, event.deadline_ms, event.reason


@pytest.mark.parametrize("cut", range(1, len(plain(INVOKE))))
def test_an_event_may_come_in_two_pieces(cut):
    answer = plain(INVOKE)
    api = api_on(answer[:cut], answer[cut:], plain(SHUTDOWN))

    assert ("INVOKE", 1_795_000_003_000.0, "") == seen(api.next())
    assert ("SHUTDOWN", 1_795_000_002_000.0, "spindown") == seen(api.next())


@pytest.mark.parametrize(
    "answer",
    [
        plain(INVOKE),
        plain(INVOKE).lower().replace(b"http", b"HTTP").replace(INVOKE.lower(), INVOKE),
        plain(INVOKE, b"Content-Type: text/plain; charset=utf-8"),
        plain(INVOKE, b"Connection: keep-alive"),
        plain(b" \r\n" + INVOKE + b"\n"),
        plain(INVOKE[:-1] + b',"more":"' + b"x" * 200_000 + b'"}'),
        chunked(INVOKE),
        b"HTTP/1.1 100 Continue\r\n\r\n" + plain(INVOKE),
    ],
    ids=["plain", "lower case", "text", "keep-alive", "blanks", "huge", "chunked", "interim"],
)
def test_an_event_may_be_framed_in_several_ways(answer):
    api = api_on(answer, plain(SHUTDOWN))

    assert ("INVOKE", 1_795_000_003_000.0, "") == seen(api.next())
    assert "SHUTDOWN" == api.next().kind


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{}", ("None", 0.0, "")),
        (b'{"eventType":"INVOKE"}', ("INVOKE", 0.0, "")),
        (b'{"eventType":"INVOKE","deadlineMs":"soon"}', ("INVOKE", 0.0, "")),
        (b'{"deadlineMs":5,"eventType":"INVOKE","eventType":"SHUTDOWN"}', ("SHUTDOWN", 5.0, "")),
    ],
)
def test_what_is_missing_has_a_value_all_the_same(body, expected):
    assert expected == seen(api_on(plain(body)).next())


@pytest.mark.parametrize(
    "pieces",
    [
        (b"",),
        (plain(INVOKE)[:-1], b""),
        (plain(INVOKE[:-1]),),
        (plain(INVOKE + b"]"),),
        (plain(b"[]"),),
        (plain(INVOKE).replace(b"200", b"500"),),
        (plain(INVOKE, b"Content-Length: 2"),),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n",),
    ],
)
def test_what_is_no_event_ends_it(pieces):
    api = api_on(*pieces)

    with pytest.raises(ApiGone):
        api.next()


def test_the_request_is_the_same_each_time_and_names_the_extension():
    api = api_on(plain(INVOKE), plain(INVOKE))
    api.next()
    api.next()

    first, second = api._connection.sent
    assert first == second
    assert first.startswith(b"GET /2020-01-01/extension/event/next HTTP/1.1\r\n")
    assert b"Lambda-Extension-Identifier: an-identifier\r\n" in first


def test_where_the_connection_is_closed_another_one_is_opened():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        api = api_on(plain(INVOKE, b"Connection: close"), api=f"127.0.0.1:{listener.getsockname()[1]}")

        assert "INVOKE" == api.next().kind
        with listener.accept()[0] as accepted:
            accepted.sendall(plain(SHUTDOWN))
            assert "SHUTDOWN" == api.next().kind
        api._connection.close()


@pytest.mark.parametrize("rest", [[REGISTERED], [REGISTERED[:50], REGISTERED[50:]]], ids=["whole", "cut"])
def test_the_account_is_read_from_the_registration(rest):
    received, *pieces = rest

    assert "123456789012" == api_on(*pieces, received=received).account_id


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"accountId":1}', b'{"accountId":"12"}'])
def test_a_registration_without_an_account_is_none_the_worse(body):
    assert "" == api_on(received=plain(body)).account_id
