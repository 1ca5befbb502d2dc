"""Where keys come from: the environment, else the container credentials endpoint; and from there, assumed roles.

SnapStart functions have no keys in their environment but ``AWS_CONTAINER_CREDENTIALS_FULL_URI`` and
``AWS_CONTAINER_AUTHORIZATION_TOKEN`` (https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html).
Credentials are read anew for each round: what was read before a snapshot is worthless after the restore.
"""

from __future__ import annotations

import _thread

from extension import dates, jsontext
from extension.aws import endpoints, outcome
from extension.aws.connection import Connection, ConnectionFailed
from extension.http1.fields import BadMessage
from extension.http1.rendering import render_request
from extension.http1.response import ResponseParser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from extension.aws.call import Budget
    from extension.aws.endpoints import Endpoint
    from extension.aws.roles import AssumedRoles
    from extension.aws.trust import Trust
    from extension.clock import Clock

    class CredentialProvider(Protocol):
        """What a client needs: keys for a role ("" for the function's own), and a way to say that they are refused."""

        def current(self, role: str, budget: Budget) -> Credentials: ...
        def renew(self, role: str) -> None: ...

    class OwnCredentials(Protocol):
        """A place that the function's own keys come from."""

        rotates: bool  # it hands out new ones from time to time, whose session token callers may show

        def load(self, budget: Budget, /) -> Credentials: ...


REUSED_FOR = 60.0  # seconds of wall clock that a reader's miss may use what the round before it read
_EXPIRES_SOON = 60.0
_BODY_LIMIT = 65536
# Plain HTTP only to what cannot leave the machine: loopback, and the link-local addresses of ECS and EKS, as botocore.
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23")


class Credentials:
    """Keys. ``expires``: seconds since the epoch, or infinity."""

    __slots__ = ("access_key", "expires", "secret_key", "session_token")

    def __init__(
        self, access_key: str, secret_key: str, session_token: str | None, expires: float = float("inf")
    ) -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.session_token = session_token
        self.expires = expires

    def __repr__(self) -> str:
        return "<Credentials>"


class EnvironmentCredentials:
    """The keys that Lambda puts into the environment of function and extensions. An empty variable is an unset one: the
    Runtime Interface Emulator hands on empty ones."""

    __slots__ = ("_credentials",)
    rotates = False

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._credentials = Credentials(
            environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], environ.get("AWS_SESSION_TOKEN") or None
        )

    @staticmethod
    def found(environ: Mapping[str, str]) -> bool:
        """Whether the environment holds keys."""
        return bool(environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"))

    def load(self, _budget: Budget) -> Credentials:
        """The keys."""
        return self._credentials


class ContainerCredentials:
    """The keys that an endpoint on this machine hands out and rotates."""

    __slots__ = ("_clock", "_endpoint", "_path", "_token", "_trust")
    rotates = True

    def __init__(self, endpoint: Endpoint, path: str, token: str, trust: Trust, clock: Clock) -> None:
        if endpoint.scheme != "https" and endpoint.host not in _LOCAL_HOSTS:
            raise ValueError("it is plain HTTP and not on this machine")
        self._endpoint = endpoint
        self._path = path
        self._token = token
        self._trust = trust
        self._clock = clock

    def load(self, budget: Budget) -> Credentials:
        """Ask the endpoint; ``SourceError`` (credentials) where it does not hand out keys."""
        deadline = min(self._clock.monotonic() + budget.timeout, budget.expires)
        parser = ResponseParser()
        body = b""
        try:
            connection = Connection.open(
                self._endpoint, self._endpoint.host, self._trust, min(budget.timeout, 1.0), budget.cancel, self._clock
            )
            try:
                headers = [("Host", self._endpoint.authority()), ("Accept", "application/json")]
                if self._token:
                    headers.append(("Authorization", self._token))  # bare, without a scheme
                connection.send(render_request("GET", self._path, headers), deadline - self._clock.monotonic())
                while not parser.complete:
                    data = connection.receive(deadline - self._clock.monotonic())
                    if data:
                        parser.feed(data)
                    else:
                        parser.feed_eof()
                    body += parser.read()
                    if len(body) > _BODY_LIMIT:
                        raise ConnectionFailed("it answered more than 64 KB")
            finally:
                budget.cancel.attach(None)
                connection.close()
            if parser.status != 200:
                raise ConnectionFailed(f"it answered {parser.status}")
            document = jsontext.loads(body)
            return Credentials(
                _text(document, "AccessKeyId"),
                _text(document, "SecretAccessKey"),
                _text(document, "Token"),
                expiration(document.get("Expiration")),
            )
        except ConnectionFailed as error:
            problem = str(error)
        except BadMessage as error:
            problem = error.reason
        except (ValueError, AttributeError):
            problem = "its answer holds no keys"
        raise outcome.failure(
            outcome.CREDENTIALS, "CredentialsUnavailable", "no keys from AWS_CONTAINER_CREDENTIALS_FULL_URI: " + problem
        )


class NoCredentials:
    """There is neither; every call fails with one clear reason."""

    __slots__ = ("problem",)
    rotates = False

    def __init__(self, why: str = "") -> None:
        """``why`` the container endpoint is none, where its address is no good."""
        self.problem = "no AWS credentials: " + (
            f"AWS_CONTAINER_CREDENTIALS_FULL_URI is no address of keys: {why}"
            if why
            else "neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set"
        )

    def load(self, _budget: Budget) -> Credentials:
        """``SourceError``, always."""
        raise outcome.failure(outcome.CREDENTIALS, "NoCredentials", self.problem)


class CredentialStore:
    """The function's own keys, read anew for a round or when refused, and those of the roles that they assume."""

    __slots__ = ("_assumed", "_clock", "_held", "_lock", "_own", "_previous_token", "_roles")

    def __init__(self, own: OwnCredentials, roles: Callable[[], AssumedRoles], clock: Clock) -> None:
        """``roles`` is called when the first role is asked for."""
        self._own = own
        self._roles = roles
        self._clock = clock
        self._lock = _thread.allocate_lock()  # guards all that follows
        self._assumed: AssumedRoles | None = None
        self._held: tuple[Credentials, float] | None = None  # what was read, and when (wall clock)
        self._previous_token: str | None = None

    def current(self, role: str, budget: Budget) -> Credentials:
        """Keys to sign with; ``role`` is "" for the function's own. Two threads may read those at once: no harm."""
        if role:
            return self._assumed_roles().current(role, budget)
        wall = self._clock.wall()
        held = self._held
        if held is not None:
            credentials, read = held
            if 0 <= wall - read < REUSED_FOR and credentials.expires - wall > _EXPIRES_SOON:
                return credentials
        credentials = self._own.load(budget)
        with self._lock:
            if held is not None and held[0].session_token != credentials.session_token:
                self._previous_token = held[0].session_token
            self._held = (credentials, wall)
        return credentials

    def _assumed_roles(self) -> AssumedRoles:
        if self._assumed is None:
            made = self._roles()
            with self._lock:
                if self._assumed is None:
                    self._assumed = made
        return self._assumed

    def renew(self, role: str) -> None:
        """What is held for this role was refused: read it anew next time."""
        if role:
            self._assumed_roles().renew(role)
        else:
            self.begin_round()

    def begin_round(self) -> None:
        """From now on the function's own keys are read anew."""
        with self._lock:
            if self._held is not None:
                self._held = (self._held[0], float("-inf"))

    def forget_snapshot(self) -> None:
        """So are those of roles: nothing from before a snapshot is used after it, nor kept in it for long."""
        self.begin_round()
        if self._assumed is not None:
            self._assumed.forget()

    @property
    def rotates(self) -> bool:
        """Whether the function's own keys come from an endpoint that hands out new ones from time to time."""
        return self._own.rotates

    def reload(self, budget: Budget) -> None:
        """Read the function's own keys anew, now."""
        self.begin_round()
        self.current("", budget)

    def session_tokens(self) -> tuple[str, ...]:
        """The current session token and the one before it: what callers may show as theirs."""
        held = self._held if self._own.rotates else None
        tokens = (held[0].session_token if held else None, self._previous_token)
        return tuple(token for token in tokens if token)


def expiration(text: object) -> float:
    """Seconds since the epoch of an ``Expiration``. Year 1, as the emulator sends, means unknown: infinity; so does
    what cannot be read, for AWS refuses an expired key anyway and then it is read anew."""
    moment = dates.from_iso(str(text))
    return moment if moment is not None and moment > 0 else float("inf")


def _text(document: Mapping[str, object], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(key)
    return value


def own_credentials(environ: Mapping[str, str], trust: Trust, clock: Clock) -> OwnCredentials:
    """Where this environment's keys come from. As any name of AWS's, a container endpoint that can be none stops
    nothing: it is a reason why there are no keys."""
    if EnvironmentCredentials.found(environ):
        return EnvironmentCredentials(environ)
    uri = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
    if not uri:
        return NoCredentials()
    token = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    try:
        endpoint = endpoints.resolve("sts", "us-east-1", override=uri)  # the same syntax: scheme, host, port, path
        return ContainerCredentials(endpoint, endpoint.base_path or "/", token, trust, clock)
    except ValueError as error:  # its text repeats nothing of the address
        return NoCredentials(str(error))
