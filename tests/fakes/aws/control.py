"""A plain HTTP door to a FakeAws in another process: data, faults, holds, settings, records. JSON in, JSON out."""

from __future__ import annotations

import json
import threading
from typing import Any

from tests.fakes.aws.faults import Fault
from tests.fakes.aws.server import FakeAws
from tests.fakes.http_connection import Connection
from tests.fakes.http_message import Reply, Request
from tests.fakes.http_server import HttpServer

# The methods of FakeAws that POST /do may call.
METHODS = frozenset(
    {
        "add_role",
        "allow_all",
        "clear_calls",
        "create_bucket",
        "delete_object",
        "delete_parameter",
        "delete_secret",
        "deny",
        "drop_connections",
        "expire_credentials",
        "label_parameter",
        "put_object",
        "put_parameter",
        "put_secret",
        "rotate_credentials",
        "rotate_secret",
        "start_listening",
        "stop_listening",
    }
)


class Control:
    """GET /calls[?match=] /environ /state · POST /data /faults /hold /settings /do · DELETE /calls /faults /hold."""

    def __init__(self, aws: FakeAws, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._aws = aws
        self._lock = threading.Lock()
        self._faults: dict[int, Fault] = {}
        self._holds: list[Any] = []
        self._server = HttpServer(self._handle, host=host, port=port, name="aws-control")

    @property
    def port(self) -> int:
        return self._server.port

    def close(self) -> None:
        self._server.close()

    def _handle(self, connection: Connection, request: Request) -> Reply:
        name = f"{request.method.lower()}_{request.path.strip('/')}"
        method = getattr(self, f"_{name}", None)
        if method is None:
            return _answer(404, {"error": f"no {request.method} {request.path}"})
        try:
            body = json.loads(request.body) if request.body else {}
            with self._lock:
                return _answer(200, method(body, request.parameters))
        except (KeyError, TypeError, ValueError) as error:
            return _answer(400, {"error": f"{type(error).__name__}: {error}"})

    def _get_calls(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        calls = [call for call in self._aws.calls if "match" not in query or call.matches(query["match"])]
        return {"calls": [call.as_dict() for call in calls], "count": len(calls)}

    def _delete_calls(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        self._aws.clear_calls()
        return {}

    def _get_environ(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        return dict(self._aws.environ)

    def _get_state(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        return {
            "in_flight": self._aws.in_flight,
            "max_in_flight": self._aws.max_in_flight,
            "connections_opened": self._aws.connections_opened,
            "open_connections": self._aws.open_connections,
            "hold_failed": self._aws.hold_failed,
            "malformed": self._aws.malformed,
            "faults": {number: fault.applied for number, fault in self._faults.items()},
        }

    def _post_data(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        self._aws.load(body)
        return {}

    def _post_faults(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        fault = self._aws.faults.add(body.pop("kind"), body.pop("match", None), **body)
        number = len(self._faults) + 1
        self._faults[number] = fault
        return {"fault": number}

    def _delete_faults(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        self._aws.faults.clear()
        return {}

    def _post_hold(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        self._holds.append(self._aws.hold(**body))
        return {}

    def _delete_hold(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        for hold in self._holds:
            hold.release()
        return {"held": sum(len(hold.held) for hold in self._holds)}

    def _post_settings(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        for name in set(body) - {"latency_ms", "clock_offset"}:
            raise ValueError(f"unknown setting {name}")
        self._aws.latency = body.get("latency_ms", 0) / 1000 if "latency_ms" in body else self._aws.latency
        self._aws.clock_offset = body.get("clock_offset", self._aws.clock_offset)
        return {}

    def _post_do(self, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        if body["method"] not in METHODS:
            raise ValueError(f"unknown method {body['method']}")
        getattr(self._aws, body["method"])(*body.get("positional", []), **body.get("arguments", {}))
        return {}


def _answer(status: int, document: dict[str, Any]) -> Reply:
    return Reply(status, [("Content-Type", "application/json")], json.dumps(document, default=str).encode())
