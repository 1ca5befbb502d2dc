"""A plain client of the Extensions API for the tests of its stand-in."""

from __future__ import annotations

import http.client
import json
import threading
from typing import Any

from tests.fakes.lambda_api import FakeLambdaApi


class Answer:
    """Status, headers (lower-case names) and body of an answer."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str]:
        return self.status, self.json["errorType"], self.json["errorMessage"]


def call(
    address: str, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
) -> Answer:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


class ExtensionClient:
    """Speaks for one extension. `next` runs in a thread, as it blocks; close() ends what is left."""

    def __init__(self, api: FakeLambdaApi, name: str = "preheat") -> None:
        self.api = api
        self.name = name
        self.identifier = ""
        self._threads: list[threading.Thread] = []

    def request(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.identifier:
            sent.setdefault("Lambda-Extension-Identifier", self.identifier)
        return call(self.api.address, method, f"/2020-01-01/extension/{path}", body, sent)

    def register(self, *events: str, **headers: str) -> Answer:
        answer = self.request(
            "POST", "register", json.dumps({"events": events}), Lambda_Extension_Name=self.name, **headers
        )
        if answer.status == 200:
            self.identifier = answer.headers["lambda-extension-identifier"]
        return answer

    def next(self) -> Answer:
        return self.request("GET", "event/next")

    def next_in_thread(self) -> list[Answer]:
        """Ask for the next event without waiting; the list gets the answer, or stays empty where the API went away."""
        answers: list[Answer] = []

        def ask() -> None:
            try:
                answers.append(self.next())
            except (OSError, http.client.HTTPException):
                pass

        thread = threading.Thread(target=ask)
        thread.start()
        self._threads.append(thread)
        return answers

    def report(self, kind: str, error_type: str = "Extension.Broken", body: str | None = None) -> Answer:
        headers = {"Lambda_Extension_Function_Error_Type": error_type} if error_type else {}
        return self.request("POST", f"{kind}/error", body, **headers)

    def join(self) -> None:
        """Wait for every next_in_thread()."""
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive(), "next was never answered"
        self._threads.clear()
