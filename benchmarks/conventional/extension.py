"""The extension that one would write first: requests for Lambda's API, boto3 for AWS, http.server for the function.

Written to be fair: it registers before it does anything, shares one session and its clients, fetches in eight threads,
asks for parameters ten at a time, verifies the caller's token, keeps connections alive and writes an answer at once.
"""

import hmac
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages"))

import boto3
import requests
from botocore.config import Config

THREADS = 8
API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2020-01-01/extension"


def register(http: requests.Session, name: str) -> dict[str, str]:
    """The header that identifies us to Lambda."""
    events = {"events": ["INVOKE", "SHUTDOWN"]}
    response = http.post(f"{API}/register", json=events, headers={"Lambda-Extension-Name": name})
    response.raise_for_status()
    return {"Lambda-Extension-Identifier": response.headers["Lambda-Extension-Identifier"]}


def listed(variable: str) -> list[str]:
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]


def prefetch() -> dict[str, bytes]:
    """All values by the path that they are served under."""
    session = boto3.Session()
    config = Config(max_pool_connections=THREADS)
    secrets, parameters, storage = (session.client(name, config=config) for name in ("secretsmanager", "ssm", "s3"))
    values: dict[str, bytes] = {}

    def secret(name: str) -> None:
        values[f"/secrets/{name}"] = secrets.get_secret_value(SecretId=name)["SecretString"].encode()

    def ten_parameters(names: list[str]) -> None:
        for parameter in parameters.get_parameters(Names=names, WithDecryption=True)["Parameters"]:
            values[f"/parameters{parameter['Name']}"] = parameter["Value"].encode()

    def stored_object(url: str) -> None:
        bucket, _, key = url.removeprefix("s3://").partition("/")
        values[f"/s3/{bucket}/{key}"] = storage.get_object(Bucket=bucket, Key=key)["Body"].read()

    names = listed("PREHEAT_PARAMETERS")
    with ThreadPoolExecutor(THREADS) as pool:
        jobs = [pool.submit(secret, name) for name in listed("PREHEAT_SECRETS")]
        jobs += [pool.submit(ten_parameters, names[start : start + 10]) for start in range(0, len(names), 10)]
        jobs += [pool.submit(stored_object, url) for url in listed("PREHEAT_S3")]
        for job in jobs:
            job.result()
    return values


class Handler(BaseHTTPRequestHandler):
    """Serves the values to whoever knows the session token."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one write
    disable_nagle_algorithm = True
    values: dict[str, bytes] = {}  # noqa: RUF012  # set once, before the first request

    def do_GET(self) -> None:  # http.server's name
        token = self.headers.get("X-Aws-Parameters-Secrets-Token", "")
        value = self.values.get(self.path)
        if not hmac.compare_digest(token.encode(), os.environ["AWS_SESSION_TOKEN"].encode()):
            self.answer(401, b"")
        elif value is None:
            self.answer(404, b"")
        else:
            self.answer(200, value)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Nothing: a line per request is not fair."""


def main() -> None:
    http = requests.Session()
    identifier = register(http, sys.argv[1])
    port = int(os.environ.get("PREHEAT_PORT", "2773"))
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    Handler.values = prefetch()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while http.get(f"{API}/event/next", headers=identifier).json()["eventType"] != "SHUTDOWN":
        pass


if __name__ == "__main__":
    main()
