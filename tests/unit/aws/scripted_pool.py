"""Connections that do what a test says, in no time: every wait moves a hand clock instead."""

from extension.aws.call import Budget, Call
from extension.aws.client import Client
from extension.aws.connection import ConnectionFailed
from extension.aws.credentials import Credentials
from extension.aws.endpoints import Endpoint
from tests.unit.doubles import double
from tests.unit.hand_clock import HandClock

ENDPOINT = Endpoint("https", "ssm.us-east-1.amazonaws.com", 443)
TIMED_OUT, REFUSED, UNTRUSTED, END = "timed out", "refused", "untrusted", b""


class Freeze:
    """The environment is frozen for that long, then this comes."""

    def __init__(self, seconds, then):
        self.seconds = seconds
        self.then = then


class Later:
    """That much time passes, then this comes."""

    def __init__(self, seconds, then):
        self.seconds = seconds
        self.then = then


def answer(status=200, body=b"{}", headers=(), *, length=None):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def refusal(code, status=400, headers=()):
    return answer(status, b'{"__type":"%b","message":"why"}' % code.encode(), headers)


class ScriptedConnection:
    """One connection: what is received piece by piece."""

    def __init__(self, bench, pieces, reused):
        self._bench = bench
        self._pieces = list(pieces)
        self.reused = reused
        self.sent = b""
        self.limits = []
        self.end = ""

    def send(self, data, limit):
        self.sent += data
        self.limits.append(limit)

    def receive(self, limit):
        self.limits.append(limit)
        piece = self._pieces.pop(0) if self._pieces else END
        if callable(piece):
            piece = piece()
        if isinstance(piece, Freeze):
            self._bench.clock.freeze(piece.seconds)
            piece = piece.then
        if isinstance(piece, Later):
            self._bench.clock.advance(piece.seconds)
            piece = piece.then
        if piece == TIMED_OUT:
            self._pieces = [piece]  # it stays silent, however often it is listened to
            self._bench.clock.advance(limit)
            raise ConnectionFailed("no answer in time", timed_out=True)
        if isinstance(piece, ConnectionFailed):
            raise piece
        self._bench.clock.advance(0.01)
        return piece

    def close(self):
        self.end = "closed"

    def header(self, name):
        for line in self.sent.decode("latin-1").split("\r\n"):
            field, _, value = line.partition(": ")
            if field.lower() == name.lower():
                return value
        return None


class HandCancel:
    """Pauses by moving the clock. ``cancel_in_pause``: the number of the pause in which somebody cancels."""

    def __init__(self, clock):
        self._clock = clock
        self.cancelled = False
        self.pauses = []
        self.cancel_in_pause = 0
        self.attached = []

    def attach(self, plain):
        self.attached.append(plain)

    def pause(self, seconds):
        self.pauses.append(seconds)
        self._clock.advance(seconds)
        if len(self.pauses) == self.cancel_in_pause:
            self.cancelled = True
            raise ConnectionFailed("cancelled")


class Bench:
    """A client whose attempts meet one entry of ``script`` each: pieces to receive, or REFUSED, or UNTRUSTED."""

    def __init__(self, *script, timeout=5.0, expires=float("inf"), memory=1 << 20, reused=()):
        self.clock = HandClock()
        self.script = list(script)
        self.reused = reused
        self.connections = []
        self.released = []
        self.acquired = 0
        self.renewed = []
        self.keys = 1
        self.cancel = HandCancel(self.clock)
        self.budget = Budget(timeout, double(self.cancel), expires)
        self.client = Client(double(self), self, self.clock, memory)

    def perform(self, sink=None, **call):
        options = {"body": b"{}", "headers": [("X-Amz-Target", "AmazonSSM.GetParameter")], **call}
        return self.client.perform(Call("ssm", "us-east-1", ENDPOINT, **options), self.budget, sink)

    # What the pool does

    def acquire(self, endpoint, host, limit, cancel):
        self.acquired += 1
        assert 0 < limit <= self.budget.timeout + 1e-6
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if step == TIMED_OUT:
            self.clock.advance(min(limit, 1.0))
            raise ConnectionFailed("connecting took too long", timed_out=True)
        if step in (REFUSED, UNTRUSTED):
            self.clock.advance(0.01)
            raise ConnectionFailed(step, untrusted=step == UNTRUSTED)
        pieces = [step] if isinstance(step, bytes | str | Freeze) else step
        self.connections.append(ScriptedConnection(self, pieces, self.acquired in self.reused))
        return self.connections[-1]

    def release(self, endpoint, host, connection):
        self.released.append(connection)

    # What the credential store does

    def current(self, role, budget):
        return Credentials(f"AKIA{self.keys}", "secret", f"token{self.keys}")

    def renew(self, role):
        self.renewed.append(role)
        self.keys += 1
