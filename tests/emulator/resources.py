"""What the tests prefetch: ten secrets, ten parameters and two objects, with values that no other run has."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any
from urllib.parse import quote

BUCKET = "preheat-lookup-data"


class Resources:
    """``secrets``, ``parameters`` and ``objects`` by name; bytes are binary."""

    def __init__(self) -> None:
        self.secrets: dict[str, str | bytes] = {f"prod/db-{number}": secrets.token_urlsafe() for number in range(7)}
        self.secrets["prod/json"] = json.dumps({"user": secrets.token_urlsafe(), "password": secrets.token_urlsafe()})
        self.secrets["prod/umlaut"] = "schlüssel ☃ " + secrets.token_urlsafe()
        self.secrets["prod/binary"] = secrets.token_bytes(300)
        self.parameters = {f"/app/prod/flag-{number}": secrets.token_urlsafe() for number in range(8)}
        self.parameters["/app/prod/list"] = f"{secrets.token_hex()},{secrets.token_hex()}"
        self.parameters["plain-name"] = secrets.token_urlsafe()
        self.objects: dict[str, str | bytes] = {
            f"{BUCKET}/rates.csv": f"currency,rate\nEUR,{secrets.token_hex()}\n",
            f"{BUCKET}/a b/ü+ö.bin": secrets.token_bytes(70_000),
        }

    @property
    def lists(self) -> dict[str, str]:
        """The settings that prefetch all of it."""
        return {
            "PREHEAT_SECRETS": ",".join(self.secrets),
            "PREHEAT_PARAMETERS": "\n".join(self.parameters),
            "PREHEAT_S3": ", ".join(f"s3://{name}" for name in self.objects),
        }

    @property
    def data(self) -> dict[str, Any]:
        """For the stand-in's Data.load; every second parameter is a SecureString."""
        kinds = ("String", "SecureString")
        return {
            "secrets": {name: _item(value) for name, value in self.secrets.items()},
            "parameters": {
                name: {"value": value, "type": kinds[number % 2]}
                for number, (name, value) in enumerate(self.parameters.items())
            },
            "objects": {name: _item(value) for name, value in self.objects.items()},
        }

    @property
    def native_reads(self) -> dict[str, bytes]:
        """Preheat's own paths, and what each answers."""
        reads = {f"/secrets/{quote(name)}": _bytes(value) for name, value in self.secrets.items()}
        for name, text in self.parameters.items():
            reads[f"/parameters/{name.removeprefix('/')}"] = text.encode()
        return reads | {f"/s3/{quote(name)}": _bytes(value) for name, value in self.objects.items()}

    @property
    def drop_in_reads(self) -> dict[str, bytes]:
        """The paths of AWS's extension, and the value that each answer holds (see ``value_of``)."""
        reads = {}
        for name, value in self.secrets.items():
            reads[f"/secretsmanager/get?secretId={quote(name, '')}"] = _bytes(value)
        for name, text in self.parameters.items():
            path = f"/systemsmanager/parameters/get?name={quote(name, '')}&withDecryption=true"
            reads[path] = text.encode()
        return reads

    @property
    def reads(self) -> dict[str, bytes]:
        """All paths."""
        return self.native_reads | self.drop_in_reads

    @property
    def canaries(self) -> list[bytes]:
        """Beginning and end of every value, in each form that something may write it in."""
        values = [
            _bytes(value) for value in (*self.secrets.values(), *self.parameters.values(), *self.objects.values())
        ]
        values += [part.encode() for part in json.loads(self.secrets["prod/json"]).values()]
        pieces = [piece for value in values for piece in (value[:36], value[-33:])]
        encoded = [base64.b64encode(piece) for piece in pieces]
        escaped = [json.dumps(piece.decode("utf-8", "backslashreplace"))[1:-1].encode() for piece in pieces]
        return list({*pieces, *encoded, *escaped})


def value_of(path: str, body: bytes) -> bytes:
    """The value in an answer: all of it, or a member of AWS's JSON."""
    if path.startswith("/secretsmanager/"):
        document = json.loads(body)
        if document["SecretString"] is None:
            return base64.b64decode(document["SecretBinary"])
        return str(document["SecretString"]).encode()
    if path.startswith("/systemsmanager/"):
        return str(json.loads(body)["Parameter"]["Value"]).encode()
    return body


def _item(value: str | bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else {"value": value}


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
