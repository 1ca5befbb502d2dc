"""Requests and answers as bytes: what is compared is everything that a client could see."""

from __future__ import annotations

import socket

from tests.integration.sidecar import TOKEN_HEADER, Sidecar

LAST = b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
GOODBYE = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nhealthy"
# "Token: right" in a request below stands for the token header with the function's own token.
RIGHT = "right"


def request(sidecar: Sidecar, line: str, *fields: str, method: str = "GET") -> bytes:
    """A request as clients write it; a field "Token: x" or "Vault: x" is the one header or the other."""
    token = sidecar.environ["AWS_SESSION_TOKEN"]
    names = {"Token": TOKEN_HEADER, "Vault": "X-Vault-Token"}
    lines = [f"{method} {line} HTTP/1.1", "Host: localhost:2773"]
    for field in fields:
        name, _, value = field.partition(": ")
        lines.append(f"{names.get(name, name)}: {token if value == RIGHT else value}")
    return "\r\n".join([*lines, "", ""]).encode()


def answer(status: str, body: bytes, *fields: str) -> bytes:
    """An answer, whole; Content-Length comes last."""
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""]).encode() + body


def exchanged(sidecar: Sidecar, sent: bytes, *, host: str = "127.0.0.1") -> bytes:
    """What comes back for `sent`, over a raw socket. A /ping behind it shows that the answer ends where its
    Content-Length says: not by a newline later."""
    received = b""
    with socket.create_connection((host, sidecar.port), timeout=10) as plain:
        plain.sendall(sent + LAST)
        while piece := plain.recv(65536):
            received += piece
    assert received.endswith(GOODBYE), received
    return received[: -len(GOODBYE)]
