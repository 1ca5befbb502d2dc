"""The AWS stand-in itself: tells services apart, authenticates, misbehaves on demand and keeps a record."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from types import TracebackType

from tests.fakes.aws import certificates
from tests.fakes.aws.calls import Call
from tests.fakes.aws.context import Context
from tests.fakes.aws.data import Data
from tests.fakes.aws.errors import ERROR_500, AwsError, render_error, service_error
from tests.fakes.aws.faults import Faults
from tests.fakes.aws.observed import Observed
from tests.fakes.aws.routing import check_region, identify, parse_body
from tests.fakes.http_connection import Connection
from tests.fakes.http_message import Reply, Request
from tests.fakes.http_server import HttpServer


class FakeAws(Data, Observed):
    """Secrets Manager, Parameter Store, S3 and STS on one port of 127.0.0.1. Use as a context manager.

    `tls=True`: HTTPS with a chain of root, intermediate and leaf; `ca_bundle` is the root's file for AWS_CA_BUNDLE, in
    `folder` or a temporary one. `names` are further names of the certificate. `latency`: seconds before each answer, or
    a function of the call; settable at any time.
    """

    def __init__(
        self,
        *,
        tls: bool = True,
        latency: float | Callable[[Call], float] = 0.0,
        region: str = "us-east-1",
        account_id: str = "123456789012",
        role: str = "preheat-function-role",
        session: str = "test_function",
        host: str = "127.0.0.1",
        port: int = 0,
        names: tuple[str, ...] = (),
        folder: str | Path | None = None,
    ) -> None:
        Data.__init__(self, region=region, account_id=account_id, role=role, session=session)
        Observed.__init__(self)
        self.latency = latency
        self.faults = Faults()
        self.malformed: list[str] = []  # what clients sent that is no HTTP
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.ca_bundle: Path | None = self._write_ca(folder) if tls else None
        self._server = HttpServer(
            self._handle,
            host=host,
            port=port,
            tls=certificates.server_context(names) if tls else None,
            on_accept=self._accept,
            on_malformed=self.malformed.append,
            name="aws",
        )

    def _write_ca(self, folder: str | Path | None) -> Path:
        if folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="fake-aws-")
            folder = self._folder.name
        path = Path(folder, "ca.pem")
        path.write_bytes(certificates.ca_pem())
        return path

    def __enter__(self) -> FakeAws:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop; raises what went wrong inside the stand-in itself, if anything did."""
        self._server.close()
        self.faults.clear()
        self.discard_holds()
        if self._folder is not None:
            self._folder.cleanup()
        if self._server.faults:
            raise self._server.faults[0]

    # -- where it is --

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        """What AWS_ENDPOINT_URL holds."""
        host = f"[{self._server.host}]" if ":" in self._server.host else self._server.host
        return f"{'https' if self.ca_bundle else 'http'}://{host}:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        """Everything a client needs: credentials, region, endpoint and CA bundle."""
        variables = {**self.credentials, "AWS_REGION": self.region, "AWS_ENDPOINT_URL": self.url}
        if self.ca_bundle:
            variables["AWS_CA_BUNDLE"] = str(self.ca_bundle)
        return variables

    @property
    def connections_opened(self) -> int:
        return self._server.connections_opened

    @property
    def open_connections(self) -> int:
        return self._server.open_connections

    def stop_listening(self, *, drop: bool = True) -> None:
        """Refuse connections from now on; `drop` cuts those that are open too."""
        self._server.stop_listening()
        if drop:
            self._server.drop_connections()

    def start_listening(self) -> None:
        """Accept again, on the same port."""
        self._server.start_listening()

    def drop_connections(self, *, reset: bool = False) -> None:
        """Cut every open connection, as a freeze or an idle limit does; go on accepting."""
        self._server.drop_connections(reset=reset)

    # -- the wire --

    def _accept(self, connection: Connection) -> bool:
        fault = self.faults.take_handshake()
        if fault is None:
            return True
        if fault.kind == "tls_hang":
            connection.wait(fault.gate)
        else:
            connection.socket.recv(1)  # the client's hello has begun
            connection.abort()
        return False

    def _handle(self, connection: Connection, request: Request) -> Reply | None:
        call = self._log.begin(request, connection)
        try:
            reply = self._answer(call, connection, request)
        except BaseException:
            self._log.finish(call)
            raise
        if reply is None:
            call.abandoned = True
            self._log.finish(call)
            return None
        call.status = reply.status
        reply.headers.append(("Date", formatdate(self.now(), usegmt=True)))
        reply.on_finished = lambda: self._log.finish(call)
        return reply

    def _answer(self, call: Call, connection: Connection, request: Request) -> Reply | None:
        try:
            identify(call, request)
            identity, claim = self.identities.authenticate(request, call.service, self.now())
            call.region, call.role = claim.region, identity.role
            check_region(call, request)
            if call.service != "s3":
                parse_body(call, request)
        except AwsError as error:
            return _refuse(call, error)
        finally:
            self._log.identified()

        def operate() -> Reply:
            context = Context(call, request, identity, self.denials, call.region, self.now())
            try:
                return self.services[call.service].answer(context)
            except AwsError as error:
                return _refuse(call, error)

        fault = self.faults.take(call)
        hold = self.find_hold(call)
        if hold is not None and (outcome := hold.pass_through(call, connection)) != "open":
            return None if outcome == "gone" else _refuse(call, service_error(ERROR_500, call.service))
        latency = self.latency(call) if callable(self.latency) else self.latency
        if latency > 0 and connection.wait(self._server.closing, latency) != "timeout":
            return None
        if fault is None:
            return operate()
        call.fault = fault.kind
        return fault.reply(call, connection, operate)


def _refuse(call: Call, error: AwsError) -> Reply:
    call.error = error.code
    return render_error(error, call.service)
