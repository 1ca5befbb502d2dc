"""A sidecar, an AWS that fails in one way from some moment to another, and a reader of one thing of each service."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.http_client import Answer
from tests.integration.passing_time import let_pass
from tests.integration.sidecar import Sidecar

SERVICES = ("secretsmanager", "ssm", "s3")
TARGETS = {"secretsmanager": "/secrets/db", "ssm": "/parameters/app/flag", "s3": "/s3/bucket/rates"}
LISTS = {"secrets": ["db"], "parameters": ["/app/flag"], "s3": ["s3://bucket/rates"]}
OLD, NEW = "the value before", "what it is from now on"
FETCH_TIMEOUT = 0.3  # seconds
THREADS = 2 + 8  # main, server; fetch workers
SOCKETS = 2 + 1 + 1 + 4  # listeners; the Extensions API; the one client that stays; AWS
_LATER = 10 * 365 * 86400.0
NAMELESS = Path(__file__).with_name("nameless.py")


class Cell:
    """`begin()` and `end()` put the fault in force and take it back; in between `ask()` reads all three."""

    def __init__(self, fault: str, aws: FakeAws, api: FakeLambdaApi, opt: Path, folder: Path) -> None:
        self.aws = aws
        self.api = api
        self._opt = opt
        self._folder = folder
        self._nameless = folder / "no name is known"
        self._begin, self._end = self._ways(fault)
        self._sidecar: Sidecar | None = None
        self.put(OLD)

    def _ways(self, fault: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
        aws = self.aws
        if fault == "DNS failure":
            return self._nameless.touch, self._nameless.unlink
        if fault == "expired token":
            return aws.expire_credentials, lambda: setattr(aws.identity, "expires", aws.now() + _LATER)
        if fault == "skewed clock":
            return lambda: setattr(aws, "clock_offset", 3600.0), lambda: setattr(aws, "clock_offset", 0.0)
        return lambda: aws.faults.add(fault), aws.faults.clear

    def begin(self) -> None:
        """From now on AWS fails. What was connected is not any more, so that connecting may fail, too."""
        self._begin()
        self.aws.drop_connections()
        self.aws.clear_calls()

    def end(self) -> None:
        """From now on it answers."""
        self._end()

    def put(self, value: str) -> None:
        """The value of all three, from now on."""
        self.aws.put_secret("db", value)
        self.aws.put_parameter("/app/flag", value)
        self.aws.put_object("bucket", "rates", value)

    def start(self, **settings: Any) -> None:
        """Start the sidecar, and wait until it asks for its first event."""
        python = Path(sys.executable).resolve()
        command: list[str | Path] = [
            python,
            "-I",
            "-S",
            NAMELESS,
            self._nameless,
            self._opt / "preheat/start.py",
            "",
            "preheat",
        ]
        settings = {"fetch_timeout": f"{FETCH_TIMEOUT * 1000:.0f}ms", "stale_if_error": "0", **settings}
        self._sidecar = Sidecar.start(
            self.api, self.aws, opt=self._opt, folder=self._folder / "sidecar", command=command, **settings
        )
        self.api.wait_next()

    @property
    def sidecar(self) -> Sidecar:
        assert self._sidecar is not None
        return self._sidecar

    def ask(self, suffix: str = "", *, readers: int = 1) -> dict[str, list[Answer]]:
        """What each of so many readers of each service gets; all of them ask at once."""
        clients = [(service, self.sidecar.connect()) for service in SERVICES for _ in range(readers)]
        for service, client in clients:
            client.ask("GET", TARGETS[service] + suffix)
        answers: dict[str, list[Answer]] = {service: [] for service in SERVICES}
        for service, client in clients:
            answers[service].append(client.answer())
            client.close()
        return answers

    def read(self) -> dict[str, tuple[str, str]]:
        """Value and Preheat-Cache of all three."""
        answers = [(service, self.sidecar.get(target)) for service, target in TARGETS.items()]
        return {service: (answer.text, answer.header("preheat-cache")) for service, answer in answers}

    def values(self) -> dict[str, str]:
        """Values alone."""
        return {service: value for service, (value, _) in self.read().items()}

    @property
    def calls(self) -> Counter[str]:
        """By service, since the fault began."""
        return Counter(call.service for call in self.aws.calls)

    def failures(self) -> dict[str, str]:
        """What is logged: code by resource."""
        return {line["resource"]: line["code"] for line in self.sidecar.events("fetch.failed")}

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Until it is fulfilled, of which nothing tells but looking."""
        until = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < until, what
            let_pass(0.005)

    # -- the end --

    def __enter__(self) -> Cell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sidecar is None:
            return
        try:
            if error is None:
                self._look_for_leaks()
        finally:
            self._sidecar.close(check=error is None)

    def _look_for_leaks(self) -> None:
        """It goes on to its end in order, and every socket and thread but the few that it keeps is gone."""
        self.wait(lambda: self._sockets() <= SOCKETS, "sockets are left open")
        assert self.sidecar.threads <= THREADS + self.api.managed_instances  # there a timer is the one more
        self.api.shutdown()
        assert 0 == self.sidecar.wait_exit()

    def _sockets(self) -> int:
        return sum(each.startswith("socket:") for each in self.sidecar.open_files)
