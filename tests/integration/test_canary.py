"""A value never leaves but as the answer to who asked for it: searched for in all that the process writes and tells."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

import pytest

from tests.fakes.http_message import Reply
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.passing_time import let_pass
from tests.integration.sidecar import TOKEN_HEADER

HEALTHY = ["/health", "/stats"]


class Canary:
    """A random text, and the forms in which it could come out again."""

    def __init__(self) -> None:
        self.text = f"canary{secrets.token_hex(16)}"
        self.seen_in: list[str] = []

    def look_in(self, where: str, data: bytes | str) -> None:
        haystack = data.encode() if isinstance(data, str) else data
        raw = self.text.encode()
        forms = [raw, raw.hex().encode(), base64.b64encode(raw)[:40], base64.b64encode(b"{" + raw)[4:40], raw[6:22]]
        if any(form in haystack for form in forms):
            self.seen_in.append(where)

    def look_below(self, folder: Path) -> None:
        for path in folder.rglob("*"):
            if path.is_file():
                self.look_in(str(path), path.read_bytes() + path.name.encode())


@pytest.fixture
def canary():
    return Canary()


def _fill(aws, canary):
    """The canary is in every value, and in nothing else."""
    text = canary.text
    aws.put_secret("text", text)
    aws.put_secret("json", {"user": text, "nested": {text: 1}})
    aws.put_secret("binary", text.encode())
    aws.put_secret("broken-json", '{"user": "' + text)
    aws.put_parameter("/string", text)
    aws.put_parameter("/list", f"a,{text}", type="StringList")
    aws.put_parameter("/secure", text, type="SecureString")
    aws.put_parameter("/app/below", text)
    aws.put_object("bucket", "object.json", json.dumps({"rows": [text]}))
    aws.put_object("bucket", "dir/a.bin", text.encode() * 100)


LISTS = {
    "secrets": ["text", "json?as=alias", "binary", "broken-json", "absent"],
    "parameters": ["/string", "/list", "/secure", "/app/**", "/aws/reference/secretsmanager/text", "/absent"],
    "s3": ["s3://bucket/object.json", "s3://bucket/dir/*", "s3://bucket/absent"],
}
VALUES = [
    "/secrets/text",
    "/secrets/json?field=user",
    "/secrets/binary",
    "/parameters/string",
    "/parameters/secure",
    "/parameters/app/**",
    "/s3/bucket/object.json",
    "/s3/bucket/dir/a.bin",
    "/secretsmanager/get?secretId=text",
    "/systemsmanager/parameters/get?name=/secure&withDecryption=true",
]
ERRORS = [
    "/secrets/json?field=absent",
    "/secrets/text?field=user",
    "/secrets/broken-json?field=user",
    "/secrets/text?stage=NOSUCH",
    "/secrets/text?unknown=1",
    "/secrets/absent",
    "/parameters/string?version=9",
    "/parameters/absent",
    "/s3/bucket/absent",
    "/secretsmanager/get?secretId=absent",
]


def _everything(sidecar, canary, api):
    """Look in all that the process says of itself and leaves behind."""
    canary.look_in("stdout", sidecar.output)
    canary.look_below(sidecar.folder)
    for call in api.calls:
        canary.look_in(call.kind, call.body + repr(call.headers).encode())
    assert [] == canary.seen_in


def test_nothing_of_a_value_in_logs_files_statistics_and_errors(aws, api, ready, canary):
    _fill(aws, canary)
    sidecar = ready(**LISTS, log_level="DEBUG", ttl="700ms", fetch_timeout="300ms")
    for target in VALUES:
        body = sidecar.get(target).body
        encoded = base64.b64encode(canary.text.encode())
        assert canary.text.encode() in body or encoded in body, target
    for target in ERRORS:
        answer = sidecar.get(target)
        assert 400 <= answer.status < 500, target
        canary.look_in(target, answer.body + repr(answer.headers).encode())
        for method in ("POST", "OPTIONS", "DELETE"):
            answer = sidecar.request(method, target)
            canary.look_in(f"{method} {target}", answer.body + repr(answer.headers).encode())
    for target in HEALTHY:
        canary.look_in(target, sidecar.get(target).body)
    let_pass(0.6)
    api.invoke_and_wait()
    for line in ("GET /secrets/text HTTP/9.9", "G\x00ET / HTTP/1.1"):
        with sidecar.connect() as client:
            client.send(line.encode() + b"\r\n\r\n")
            canary.look_in(line, client.rest())
    _everything(sidecar, canary, api)
    api.shutdown()
    assert 0 == sidecar.wait_exit()
    assert 1 == len(sidecar.events("shutdown.report"))
    _everything(sidecar, canary, api)


BROKEN = {
    "cut in the middle": ("cut_body", {}),
    "shorter than announced": ("too_long", {}),
    "longer than announced": ("too_short", {}),
    "not HTTP": ("garbage", {}),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_nor_where_the_answer_with_the_value_breaks(aws, api, ready, canary, fault):
    _fill(aws, canary)
    kind, options = BROKEN[fault]
    aws.faults.add(kind, **options)
    sidecar = ready(**LISTS, log_level="DEBUG", fetch_timeout="150ms", init_timeout="400ms")
    for target in ("/secrets/text", "/parameters/app/**", "/s3/bucket/object.json", VALUES[-1]):
        answer = sidecar.get(target)
        if answer.status >= 400:
            canary.look_in(target, answer.body + repr(answer.headers).encode())
    _everything(sidecar, canary, api)


@pytest.mark.parametrize(
    "shape",
    [
        '{{"ARN":"{0}","Name":"x","SecretString":"{0}"',
        '{{"SecretString":"{0}"}}',
        '{{"ARN":"x","Name":"text","SecretString":{{"a":"{0}"}},"SecretBinary":"{0}"}}',
        '{{"Parameter":{{"Value":"{0}"}},"Parameters":[{{"Value":"{0}"}}],"SecretValues":[{{"SecretString":"{0}"}}]}}',
        '["{0}"]',
        "{0}",
        "<Error><Message>x</Message>{0}",
    ],
)
def test_nor_where_aws_answers_nonsense_with_a_value_in_it(aws, api, ready, canary, shape):
    _fill(aws, canary)
    body = shape.format(canary.text).encode()
    aws.faults.add("reply", lambda call: "s3" != call.service, make=lambda call: Reply(200, [], body))
    sidecar = ready(secrets=LISTS["secrets"], parameters=LISTS["parameters"], log_level="DEBUG", fetch_timeout="200ms")
    for target in ("/secrets/text", "/parameters/string", "/secretsmanager/get?secretId=text"):
        answer = sidecar.get(target)
        assert 400 <= answer.status, target
        canary.look_in(target, answer.body + repr(answer.headers).encode())
    _everything(sidecar, canary, api)


def test_nor_in_an_init_error(aws, api, launch, canary):
    _fill(aws, canary)
    sidecar = launch(aws, **{**LISTS, "secrets": ["text", "absent?required=true"]}, log_level="DEBUG")
    canary.look_in("init/error", api.wait_init_error().body)
    assert 1 == sidecar.wait_exit()
    _everything(sidecar, canary, api)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("PREHEAT_CONFIG", '{{"token": "{0}"}}'),
        ("PREHEAT_CONFIG", '{{"{0}": 1}}'),
        ("PREHEAT_CONFIG", '{{"ttl": "{0}"}}'),
        ("PREHEAT_CONFIG", '{{"secrets": ["{0} x"]}}'),
        ("PREHEAT_CONFIG", '{{"{0}'),
        ("HTTPS_PROXY", "http://user:{0}@127.0.0.1:port:port"),
        ("AWS_ENDPOINT_URL", "https://user:{0}@127.0.0.1:1/?query"),
    ],
)
def test_nor_does_a_complaint_about_a_setting_repeat_a_secret_in_it(aws, launch, canary, variable, text):
    with FakeLambdaApi() as api:
        sidecar = launch(aws, api=api, environ={variable: text.format(canary.text)}, log_level="DEBUG")
        api.wait_calls("next" if "PREHEAT" not in variable else "register", 1)
        if "PREHEAT" in variable and api.init_errors:
            sidecar.wait_exit()
        _everything(sidecar, canary, api)


def test_nor_are_tokens_and_keys_anywhere(aws, api, ready, canary):
    """Nor what a stranger shows as a token."""
    operators = f"{canary.text}-operator"
    sidecar = ready(secrets=["absent"], token=operators, log_level="DEBUG")
    for token in (operators, f"{canary.text}-stranger"):
        for target in ("/secrets/absent", "/nothing", "/health", "/stats"):
            answer = sidecar.get(target, {TOKEN_HEADER: token})
            canary.look_in(target, answer.body + repr(answer.headers).encode())
    api.shutdown()
    assert 0 == sidecar.wait_exit()
    _everything(sidecar, canary, api)
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        assert sidecar.environ[name] not in sidecar.output
