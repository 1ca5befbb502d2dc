"""The first milliseconds: bind the port, register, and only then import the rest.

Lambda starts the runtime when every extension has registered, so what runs before that is added to the cold start
whole; what runs after it overlaps the function's own start
(https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html). Hence nothing here but built-in modules,
and a request written by hand. A function's static code may ask for a secret as soon as the runtime runs: the port is
bound before registering, and a connection that comes early waits in the backlog.
"""

import _socket
import gc
import posix
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT = 2773
BACKLOG = 1024  # more than the 800 connections that are served: none is refused while the rest is imported
_FALSE = (b"false", b"0", b"no", b"off")
_HEAD_LIMIT = 65536


class Boot:
    """What the first milliseconds leave to the rest of the process."""

    __slots__ = (
        "api",
        "bind_error",
        "connection",
        "enabled",
        "events",
        "exec_at",
        "identifier",
        "listeners",
        "name",
        "port",
        "received",
        "registered_at",
        "started_at",
    )

    def __init__(self, name: str, exec_at: str) -> None:
        self.name = name  # as registered: the launcher's file name
        self.exec_at = exec_at  # the shell's EPOCHREALTIME, or ""
        self.started_at = time.time()
        self.registered_at = 0.0
        self.api = ""  # host:port of the Extensions API
        self.enabled = True
        self.port = DEFAULT_PORT
        self.listeners: list[_socket.socket] = []
        self.bind_error: OSError | None = None
        self.connection: _socket.socket | None = None  # the Extensions API; the answer to register is read as far as
        self.received = b""  # this, so that whoever goes on with the connection can parse it whole
        self.identifier = ""
        self.events: tuple[str, ...] = ()


def main() -> None:
    """Run the extension. ``sys.argv`` is ``[…, time of exec or "", the launcher's file name]``."""
    gc.disable()  # a collection costs 1 ms and finds nothing while modules are being imported; app turns it on again
    arguments = [*sys.argv[1:], "", ""]
    boot = Boot(arguments[1] or "preheat", arguments[0])
    environ: Mapping[bytes, bytes] = posix.environ  # bytes, as os is not imported yet
    boot.api = environ.get(b"AWS_LAMBDA_RUNTIME_API", b"").decode("ascii", "replace")
    boot.enabled = environ.get(b"PREHEAT_ENABLED", b"").strip().lower() not in _FALSE
    if not boot.api:
        _fail(
            "boot.outside_lambda",
            "AWS_LAMBDA_RUNTIME_API is not set: this launcher is started by Lambda, as /opt/extensions/" + boot.name,
        )
    port = _port(environ)
    if boot.enabled and port:
        boot.port = port
        bind(boot)
    _register(boot, environ.get(b"AWS_LAMBDA_INITIALIZATION_TYPE", b""))

    from extension import app

    app.run(boot)


def _port(environ: "Mapping[bytes, bytes]") -> int:
    """The port to bind; 0 where ``PREHEAT_PORT`` is no port, which the settings then report in full."""
    text = environ.get(b"PREHEAT_PORT", b"").strip()
    if text:
        return _number(text, 1024)
    return _number(environ.get(b"PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", b"").strip(), 1) or DEFAULT_PORT


def _number(text: bytes, lowest: int) -> int:
    number = int(text) if text.isdigit() and len(text) < 6 else 0
    return number if lowest <= number <= 65535 and number != 9001 else 0


def bind(boot: Boot) -> None:
    """Listen on ``boot.port`` of both loopback addresses; ``bind_error`` says why not."""
    try:
        boot.listeners.append(_listener(_socket.AF_INET, "127.0.0.1", boot.port))
    except OSError as error:
        boot.bind_error = error
        return
    try:
        boot.listeners.append(_listener(_socket.AF_INET6, "::1", boot.port))
    except OSError:
        pass  # an environment without IPv6, or with somebody else on that address: 127.0.0.1 serves


def _listener(family: int, host: str, port: int) -> _socket.socket:
    listener = _socket.socket(family, _socket.SOCK_STREAM)
    try:
        listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)  # a restarted environment binds at once
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _register(boot: Boot, initialization_type: bytes) -> None:
    """Register for INVOKE and SHUTDOWN; for SHUTDOWN alone where there is nothing to do at an INVOKE.

    Managed Instances refuse INVOKE with a 403 ``Extension.InvalidEventType``; a refused registration may be tried
    again.
    """
    both = boot.listeners and initialization_type != b"lambda-managed-instances"
    problem = ""
    for events in (("INVOKE", "SHUTDOWN"), ("SHUTDOWN",)) if both else (("SHUTDOWN",),):
        try:
            status, problem = _post_register(boot, events)
        except (OSError, ValueError) as error:
            _fail("boot.register_failed", f"the Extensions API at {boot.api} does not answer: {error}")
        if status == 200:
            boot.registered_at = time.time()
            boot.events = events
            return
        if status != 403:
            break
    _fail("boot.register_refused", f"the Extensions API refused to register {boot.name}: {problem}")


def _post_register(boot: Boot, events: tuple[str, ...]) -> tuple[int, str]:
    host, _, port = boot.api.rpartition(":")
    if not port.isdigit():
        raise ValueError("AWS_LAMBDA_RUNTIME_API is not host:port")
    body = '{"events":["' + '","'.join(events) + '"]}'
    connection = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
    connection.connect((host, int(port)))
    connection.sendall(
        (
            "POST /2020-01-01/extension/register HTTP/1.1\r\n"
            f"Host: {boot.api}\r\n"
            f"Lambda-Extension-Name: {boot.name}\r\n"
            "Lambda-Extension-Accept-Feature: accountId\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode("latin-1")
    )
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(16384)
        if not chunk or len(received) > _HEAD_LIMIT:
            raise ValueError("it closed the connection in mid-answer")
        received += chunk
    head, _, rest = received.partition(b"\r\n\r\n")
    status_line, *fields = head.split(b"\r\n")
    status = status_line[9:12]
    if not status_line.startswith(b"HTTP/1.") or not status.isdigit():
        raise ValueError("it does not speak HTTP/1.1")
    for field in fields:
        name, _, value = field.partition(b":")
        if name.lower() == b"lambda-extension-identifier":
            boot.identifier = value.strip().decode("latin-1")
    if status == b"200" and boot.identifier:
        boot.connection, boot.received = connection, received
        return 200, ""
    connection.close()
    return int(status) if status != b"200" else 500, rest[:300].decode("utf-8", "replace").strip()


def _fail(event: str, problem: str) -> None:
    from extension.logs import Log

    Log().error(event, problem=problem)
    sys.exit(1)
