"""AWS's Secrets Manager Agent (Workload Credentials Provider) on the wire: under /v1 always, and on
/secretsmanager/get where PREHEAT_COMPAT=agent. Each request that its tests and its documentation know, and the whole
answer to it, in bytes: without Content-Type, whatever it is."""

from __future__ import annotations

import pytest

from tests.compatibility.account import BINARY, READER, SECRET, STRANGER, VERSION, body
from tests.compatibility.wire import RIGHT, answer, exchanged, request
from tests.fakes.http_message import Reply
from tests.integration.http_client import HttpClient
from tests.integration.reading import wait_read
from tests.integration.world import World

TOKEN, VAULT = f"Token: {RIGHT}", f"Vault: {RIGHT}"
NOT_FOUND = b'{"__type":"ResourceNotFoundException","message":"Secrets Manager can\'t find the specified secret."}'
BAD_ROLE = b"invalid roleArn format, expected arn:<partition>:iam::<account>:role/<name>"
ARN = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{SECRET}-MFUBmH"


@pytest.fixture(scope="module", params=["extension", "agent"])
def world(request, make_world) -> World:
    return make_world(secrets=[SECRET], compat=request.param)


@pytest.fixture(scope="module")
def agent(make_world) -> World:
    """Where all that is not Preheat's own speaks as the agent."""
    return make_world(compat="agent", environ={"AWS_LAMBDA_FUNCTION_NAME": "OrderPricing"})


@pytest.fixture(scope="module")
def hasty(make_world) -> World:
    """For faults: what is tried again is not tried for long."""
    return make_world(secrets=[SECRET], compat="agent", fetch_timeout="1s")


def check(world: World, expected: bytes, line: str, *fields: str, method: str = "GET") -> None:
    sent = request(world.sidecar, line, *fields, method=method)
    assert expected == exchanged(world.sidecar, sent)


def paths(world: World, query: str) -> list[str]:
    """A query for SECRET as each path that is the agent's has it."""
    found = [f"/v1/{SECRET}?{query}".rstrip("?")]
    if "agent" == world.sidecar.environ["PREHEAT_COMPAT"]:
        found += [f"/secretsmanager/get{slash}?secretId={SECRET}&{query}".rstrip("&") for slash in ("", "/")]
    return found


@pytest.mark.parametrize(
    "query",
    [
        "",
        "versionStage=AWSCURRENT",
        f"versionId={VERSION}",
        f"versionId={VERSION}&versionStage=AWSCURRENT",
        "refreshNow=1",
        "refreshNow=TRUE",
        "refreshNow=false",
        "refreshNow=0",
        "&&versionStage=AWSCURRENT&",
        "versionStage=NOSUCH&versionStage=AWSCURRENT",
    ],
)
@pytest.mark.parametrize("token", [TOKEN, VAULT])
def test_a_secret(world, query, token):
    expected = answer("200 OK", body("agent-secret-string"))
    for line in paths(world, query):
        check(world, expected, line, token)


@pytest.mark.parametrize("name", [ARN, ARN.replace(":", "%3A"), SECRET.replace("-", "%2D")])
def test_a_secret_by_its_arn_and_its_name_encoded(world, name):
    check(world, answer("200 OK", body("agent-secret-string")), f"/v1/{name}", VAULT)


def test_a_binary_secret(world):
    check(world, answer("200 OK", body("agent-secret-binary")), f"/v1/{BINARY}", VAULT)


def test_a_name_with_slashes_and_a_date_of_whole_seconds(world):
    secret = world.aws.put_secret("team/app/db", "x")
    secret.versions[secret.version_id].created = 1569534789.0
    text = (
        f'{{"ARN":"{secret.arn}","Name":"team/app/db","VersionId":"{secret.version_id}","SecretString":"x",'
        '"VersionStages":["AWSCURRENT"],"CreatedDate":"1569534789"}'
    )
    for name in ("team/app/db", "team%2Fapp%2Fdb"):
        check(world, answer("200 OK", text.encode()), f"/v1/{name}", VAULT)


def test_the_bodies_of_the_extension_stay_where_nobody_asked_for_the_agent(world):
    line = f"/secretsmanager/get?secretId={SECRET}"
    if "agent" == world.sidecar.environ["PREHEAT_COMPAT"]:
        check(world, answer("200 OK", body("agent-secret-string")), line, TOKEN)
    else:
        check(world, answer("200 OK", body("extension-secret-string"), "Content-Type: application/json"), line, TOKEN)
    # The agent has no parameters: these are the extension's in any case.
    expected = answer("200 OK", body("extension-parameter-string"), "Content-Type: application/json")
    check(world, expected, "/systemsmanager/parameters/get?name=/lambda-ext-test-param/dummy-string", VAULT)


# The order of the checks can be seen: what is forwarded is so before its token is looked at, and so on.
REFUSED = [
    (("X-Forwarded-For: x", "Token: wrong"), "POST", "400 Bad Request", b"Forwarded"),
    (("X-Forwarded-For: x",), "POST", "400 Bad Request", b"Forwarded"),
    (("X-Forwarded-For: x", VAULT), "GET", "400 Bad Request", b"Forwarded"),
    ((), "POST", "403 Forbidden", b"Bad Token"),
    ((), "GET", "403 Forbidden", b"Bad Token"),
    (("Token: wrong",), "GET", "403 Forbidden", b"Bad Token"),
    (("Vault: wrong",), "GET", "403 Forbidden", b"Bad Token"),
    (("Authorization: right",), "GET", "403 Forbidden", b"Bad Token"),
    ((VAULT,), "POST", "405 Method Not Allowed", b"Not allowed"),
    ((VAULT,), "PUT", "405 Method Not Allowed", b"Not allowed"),
    ((VAULT,), "DELETE", "405 Method Not Allowed", b"Not allowed"),
    ((VAULT,), "OPTIONS", "405 Method Not Allowed", b"Not allowed"),
]


@pytest.mark.parametrize(("fields", "method", "status", "text"), REFUSED)
def test_who_is_refused_at_the_door(world, fields, method, status, text):
    for line in paths(world, "abc=123"):
        check(world, answer(status, text), line, *fields, method=method)


@pytest.mark.parametrize(("fields", "method", "status", "text"), REFUSED)
def test_a_path_that_is_nobodys(agent, fields, method, status, text):
    check(agent, answer(status, text), "/nothing", *fields, method=method)


@pytest.mark.parametrize("path", ["/nothing", "/", "/v1", "/v2/x", "/ping/", "/secretsmanager", "/secret"])
def test_there_is_no_such_path(agent, path):
    check(agent, answer("404 Not Found", b"Not found"), path, VAULT)


def test_head_is_not_allowed_and_has_no_body(world):
    with world.sidecar.connect() as client:
        found = client.request("HEAD", f"/v1/{SECRET}")
    assert (405, [("Content-Length", "11")], b"") == (found.status, found.headers, found.body)


def test_ping(world):
    healthy, refused = answer("200 OK", b"healthy"), answer("405 Method Not Allowed", b"Not allowed")
    for fields in ((), (TOKEN,), ("Token: wrong",), ("X-Forwarded-For: x",)):
        check(world, healthy, "/ping", *fields)
        check(world, refused, "/ping", *fields, method="POST")


MISUNDERSTOOD = [
    ("abc=123", b"unknown parameter: abc"),
    ("versionId=x&abc=123&refreshNow=no", b"unknown parameter: abc"),
    ("%C3%A4%20b=1", "unknown parameter: ä b".encode()),
    ("refreshNow=123", b"invalid refreshNow value"),
    ("refreshNow=", b"invalid refreshNow value"),
    ("refreshNow=no&abc=123", b"invalid refreshNow value"),
    ("roleArn=notAnArn", BAD_ROLE),
    ("roleArn=", BAD_ROLE),
    ("roleArn=arn:aws:iam::123456789012:user/SomeUser", BAD_ROLE),
    ("roleArn=arn:aws:iam::12345:role/Admin", BAD_ROLE),
    ("roleArn=arn:aws:iam:us-east-1:123456789012:role/Admin", BAD_ROLE),
    ("roleArn=arn:aws:sts::123456789012:role/Admin", BAD_ROLE),
    ("roleArn=arn:aws:iam::123456789012:role/", BAD_ROLE),
    ("roleArn=arn:aws:iam::123456789012:role/test%22,%22injected%22:%22value", BAD_ROLE),
]


@pytest.mark.parametrize(("query", "text"), MISUNDERSTOOD)
def test_what_is_not_understood(world, query, text):
    for line in paths(world, query):
        check(world, answer("400 Bad Request", text), line, VAULT)


def test_which_secret_has_to_be_said(world):
    check(world, answer("400 Bad Request", b"missing secret ID"), "/v1/?abc=123", VAULT)
    check(world, answer("400 Bad Request", b"unknown parameter: secretId"), "/v1/x?secretId=x", VAULT)


@pytest.mark.parametrize("query", ["", "?secretId=", "?&versionId=x&versionStage=dev", "?roleArn=notAnArn"])
def test_which_secret_has_to_be_said_in_the_query(agent, query):
    check(agent, answer("400 Bad Request", b"missing parameter secretId"), "/secretsmanager/get" + query, VAULT)


@pytest.mark.parametrize("name", ["a%20b", "%zz", "%FF", "a*b"])
def test_what_can_be_no_secret(world, name):
    with world.sidecar.connect() as client:
        found = client.get(f"/v1/{name}")
    assert (400, "ValidationException") == (found.status, found.json["__type"])
    assert "" == found.header("content-type")


def test_what_aws_does_not_find(world):
    world.aws.clear_calls()
    for refresh in ("", "?refreshNow=true"):
        check(world, answer("400 Bad Request", NOT_FOUND), "/v1/nope" + refresh, VAULT)
    if "agent" == world.sidecar.environ["PREHEAT_COMPAT"]:
        check(world, answer("400 Bad Request", NOT_FOUND), "/secretsmanager/get?secretId=nope", VAULT)


def _typed(code: str, message: str) -> bytes:
    return f'{{"__type":"{code}","message":"{message}"}}'.encode()


FAULTS = [
    ("error", {"code": "AccessDeniedException", "message": 'no \\"way\\"'}, "400 Bad Request", "AccessDeniedException"),
    ("throttled", {}, "400 Bad Request", "ThrottlingException"),
    ("error", {"code": "InternalServiceError", "status": 500, "message": "x"}, "500 Internal Server Error", ""),
    ("error", {"code": "ServiceUnavailable", "status": 503, "message": "x"}, "503 Service Unavailable", ""),
    ("hang", {}, "504 Gateway Timeout", "TimeoutError"),
    ("garbage", {}, "502 Bad Gateway", "ConnectionError"),
    ("cut", {}, "502 Bad Gateway", "ConnectionError"),
]


@pytest.mark.parametrize(("kind", "options", "status", "code"), FAULTS)
def test_what_becomes_of_the_call(hasty, kind, options, status, code):
    name = f"fault/{kind}/{code or status[:3]}"
    hasty.aws.put_secret(name, "x")
    spelled = dict(options)
    if "message" in spelled:
        spelled["message"] = spelled["message"].replace("\\", "")
    fault = hasty.aws.faults.add(kind, **spelled)
    messages = {"TimeoutError": "Timeout", "ConnectionError": "Read Error", "ThrottlingException": "Rate exceeded"}
    expected = _typed(code or options["code"], options.get("message", messages.get(code, "")))
    try:
        check(hasty, answer(status, expected), f"/v1/{name}", VAULT)
        if kind != "throttled":
            check(hasty, answer(status, expected), f"/secretsmanager/get?secretId={name}", VAULT)
    finally:
        hasty.aws.faults.remove(fault)


def test_an_answer_that_is_no_secret(hasty):
    """And one that AWS gives no code for."""
    for reply, status, expected in (
        ((200, b'{"ARN":1}'), "502 Bad Gateway", _typed("ConnectionError", "Response Error")),
        ((500, b""), "500 Internal Server Error", b'{"__type":"InternalFailure"}'),
    ):
        name = f"odd/{reply[0]}"
        fault = hasty.aws.faults.add("reply", make=lambda call, reply=reply: _reply(*reply))
        try:
            check(hasty, answer(status, expected), f"/v1/{name}", VAULT)
        finally:
            hasty.aws.faults.remove(fault)


def _reply(status: int, body: bytes) -> Reply:
    return Reply(status, [("Content-Type", "application/x-amz-json-1.1")], body)


def test_a_secret_read_as_a_role(world):
    """From that role's account, kept apart from the own one of the same name."""
    world.aws.clear_calls()
    theirs = f"/v1/{SECRET}?roleArn={READER.replace('/', '%2F')}"
    with world.sidecar.connect() as client:
        for _ in range(2):
            assert "theirs" == client.get(theirs).json["SecretString"]
            check(world, answer("200 OK", body("agent-secret-string")), f"/v1/{SECRET}", VAULT)
    assert ["GetSecretValue"] == [call.action for call in world.aws.calls if call.service == "secretsmanager"]


def test_a_role_that_may_not_be_assumed(world):
    world.aws.clear_calls()
    expected = answer(
        "403 Forbidden", _typed("AccessDeniedException", f"Failed to create caching client from role: {STRANGER}")
    )
    check(world, expected, f"/v1/{SECRET}?roleArn={STRANGER}", VAULT)
    check(world, expected, f"/v1/{BINARY}?roleArn={STRANGER}", VAULT)  # believed, without another call
    assert ["AssumeRole"] == [call.action for call in world.aws.calls]
    lines = [line for line in world.sidecar.events("fetch.failed") if line["code"] == "AccessDenied"]
    assert {("sts:AssumeRole", STRANGER)} == {(line["grant"], line["on"]) for line in lines}


def test_a_role_that_may_not_read_the_secret(agent):
    agent.aws.put_secret("denied", "x", account="210987654321")
    agent.aws.deny("secretsmanager:GetSecretValue", "denied", role="reader")
    with agent.sidecar.connect() as client:
        found = client.get(f"/secretsmanager/get?secretId=denied&roleArn={READER}")
    assert (400, "AccessDeniedException") == (found.status, found.json["__type"])
    assert "assumed-role/reader/preheat-OrderPricing is not authorized" in found.json["message"]


def test_what_is_not_listed(make_world):
    world = make_world(secrets=[f"{SECRET}?role={READER}"], allow="listed")
    text = _typed("NotListed", "PREHEAT_ALLOW=listed, and no list names it")
    world.aws.clear_calls()
    check(world, answer("403 Forbidden", text), f"/v1/{BINARY}", VAULT)
    check(world, answer("403 Forbidden", text), f"/v1/{SECRET}?roleArn={STRANGER}", VAULT)
    check(world, answer("403 Forbidden", text), f"/v1/{ARN}", VAULT)
    assert [] == world.aws.calls
    with world.sidecar.connect() as client:
        for query in ("", f"?roleArn={READER}"):
            assert "theirs" == client.get(f"/v1/{SECRET}{query}").json["SecretString"]


def test_one_connection_too_many(agent):
    """800 are served; one more is told so, unless it asks for the state of health."""
    clients = [HttpClient(agent.sidecar.port, {}) for _ in range(800)]
    for client in clients:
        client.send(b"GET /pi")
    wait_read(*clients)
    expected = (429, [("Content-Length", "25"), ("Connection", "close")], b"Connection limit exceeded")
    with agent.sidecar.connect() as one_more:
        found = one_more.get(f"/v1/{SECRET}")
        assert expected == (found.status, found.headers, found.body)
    with agent.sidecar.connect() as one_more:
        assert "healthy" == one_more.get("/ping").text
    for client in clients:
        client.close()


def test_preheats_own_paths_stay_as_they_are(agent):
    with agent.sidecar.connect() as client:
        assert "an-insecure-string-secret-value" == client.get(f"/secrets/{SECRET}").text
        assert 404 == int(client.get("/secrets/nope").problem["status"])
        assert {} == client.request("POST", "/batch", body=b"{}").json["secrets"]
        assert 405 == int(client.request("DELETE", "/batch").problem["status"])
        assert 401 == int(client.get("/stats", {"X-Aws-Parameters-Secrets-Token": "wrong"}).problem["status"])
