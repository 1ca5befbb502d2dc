"""A function that reads what it is told to from the sidecar: while it is imported, and in its handler."""

import base64
import http.client
import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request

PORT = int(os.environ.get("PREHEAT_PORT", "2773"))
HEADERS = {"X-Aws-Parameters-Secrets-Token": os.environ.get("AWS_SESSION_TOKEN", "")}


def with_urllib(path):
    """A connection for each read, as in AWS's own example."""
    try:
        answer = urllib.request.urlopen(urllib.request.Request(f"http://localhost:{PORT}{path}", headers=HEADERS))
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return [answer.status, base64.b64encode(answer.read()).decode()]


def with_http_client(paths):
    """All over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    try:
        results = []
        for path in paths:
            connection.request("GET", path, headers=HEADERS)
            answer = connection.getresponse()
            results.append([answer.status, base64.b64encode(answer.read()).decode()])
        return results
    finally:
        connection.close()


if "FAILS_ONCE" in os.environ:
    try:
        os.mkdir("/tmp/failed-once")
    except FileExistsError:
        pass
    else:
        raise RuntimeError("not at the first attempt")

STATIC = json.loads(os.environ.get("STATIC_READS", "[]"))
AT_INIT = {"urllib": [with_urllib(path) for path in STATIC], "http.client": with_http_client(STATIC) if STATIC else []}


def handler(event, context):
    """Return what the static code read and what is to be read now; or end badly where the event says so."""
    ENDINGS.get(event.get("then"), bool)()
    return {"static": AT_INIT, "reads": with_http_client(event.get("reads", [])), "pid": os.getpid()}


def fail():
    raise RuntimeError("the handler failed")


ENDINGS = {
    "hang": lambda: threading.Event().wait(),
    "exit": lambda: os._exit(7),
    "abort": os.abort,
    "fail": fail,
    "linger": lambda: time.sleep(0.2),
    "sigterm": lambda: signal.raise_signal(signal.SIGTERM),
}
