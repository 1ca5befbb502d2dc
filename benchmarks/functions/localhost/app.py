"""(f), (g) Reads from an extension at the first invocation, over one bare socket: no HTTP client to import.

``READ_SECRET``, ``READ_PARAMETER`` and ``READ_OBJECT`` are what stands before a name in the path. Whoever starts its
server after the first INVOKE event, as AWS's provider does, is asked again until it listens.
"""

import os
import socket
import time

ADDRESS = ("127.0.0.1", 2773)
PATIENCE = 20.0  # seconds
TOKEN = os.environ["AWS_SESSION_TOKEN"]


def handler(_event, _context):
    with connect() as connection:
        paths = [os.environ["READ_SECRET"] + name for name in listed("SECRETS")]
        paths += [os.environ["READ_PARAMETER"] + name for name in listed("PARAMETERS")]
        paths += [os.environ["READ_OBJECT"] + url.removeprefix("s3://") for url in listed("OBJECTS")]
        return {"values": sum(bool(read(connection, path)) for path in paths)}


def connect():
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(ADDRESS)
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def read(connection, path):
    request = f"GET {path} HTTP/1.1\r\nHost: localhost:2773\r\nX-Aws-Parameters-Secrets-Token: {TOKEN}\r\n\r\n"
    connection.sendall(request.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += received(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *fields = head.lower().split(b"\r\n")
    if status.split()[1] != b"200":
        raise RuntimeError(f"{path}: {answer[:300]!r}")
    (length,) = [int(field.split(b":")[1]) for field in fields if field.startswith(b"content-length:")]
    while len(body) < length:
        body += received(connection)
    return body


def received(connection):
    data = connection.recv(262144)
    if not data:
        raise ConnectionError("the extension closed the connection in mid-answer")
    return data


def listed(variable):
    return [name for name in os.environ[variable].split(",") if name]
