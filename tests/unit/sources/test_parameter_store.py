"""Parameters: tens in a batch, whose answer is whose, and what is made of a batch that failed."""

import pytest

from extension.errors import SourceError
from extension.references import parameter_resource
from extension.sources.parameter_store import ParameterStore
from tests.unit.sources.scripted import (
    ACCOUNT,
    DENIED,
    MALFORMED,
    REGION,
    SERVER_ERROR,
    THROTTLED,
    TIMED_OUT,
    ScriptedClient,
    directory,
    named,
    plan_and_run,
)

ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
SECRET = "/aws/reference/secretsmanager/"


def arn_of(name, region=REGION, account=ACCOUNT):
    return f"arn:aws:ssm:{region}:{account}:parameter/{name.strip('/')}"


def document(name, **changes):
    return {
        "ARN": arn_of(name),
        "Name": name,
        "Type": "String",
        "Value": f"value of {name}",
        "Version": 7,
        "LastModifiedDate": 1668586960.362,
        "DataType": "text",
        **changes,
    }


class Account:
    """Answers like Parameter Store. ``singles``: errors by what is asked for; ``missing``: what a batch does not know."""

    def __init__(self, singles=None, batch=None, missing=()):
        self.singles = singles or {}
        self.batch = batch
        self.missing = missing

    def __call__(self, asked):
        if asked.action == "GetParameter":
            spelling = asked.payload["Name"]
            return self.singles.get(spelling) or {"Parameter": self.parameter(spelling)}
        if self.batch is not None:
            return self.batch
        names = asked.payload["Names"]
        return {
            "Parameters": [self.parameter(name) for name in reversed(names) if name not in self.missing],
            "InvalidParameters": [name for name in names if name in self.missing],
        }

    @staticmethod
    def parameter(spelling):
        """What a name or an ARN, with a selector or without, is answered with."""
        place, _, last = spelling.rpartition("/")
        last, colon, selector = last.partition(":")
        name = f"{place}/{last}" if place else last
        if name.startswith("arn:"):
            name = "/" + name.partition(":parameter/")[2]
        return document(name, **({"Selector": colon + selector} if colon else {}))


def source_of(script):
    client = ScriptedClient(script)
    return ParameterStore(client, directory(), client.clock, 1000), client


def fetched(script, resources):
    source, client = source_of(script)
    outcomes, _ = plan_and_run(source, resources, client.clock)
    return outcomes, client


def parameters(count, **options):
    return [parameter_resource(f"/app/{number:03}", **options) for number in range(count)]


@pytest.mark.parametrize(
    ("count", "expected"), [(1, [1]), (2, [2]), (10, [10]), (11, [10, 1]), (20, [10, 10]), (25, [10, 10, 5])]
)
def test_so_many_parameters_take_so_many_calls(count, expected):
    outcomes, client = fetched(Account(), parameters(count))

    assert ["GetParameters"] * len(expected) == client.actions
    assert expected == [len(payload["Names"]) for payload in client.payloads]
    assert {f"/app/{number:03}": f"value of /app/{number:03}" for number in range(count)} == named(outcomes)


def test_each_region_role_and_decryption_has_a_batch_of_its_own():
    resources = [
        parameter_resource(f"/app/{number}", region=region, role=role, decrypt=decrypt)
        for number in range(3)
        for region in ("", "eu-west-1")
        for role in ("", ROLE)
        for decrypt in (True, False)
    ]
    outcomes, client = fetched(Account(), resources)

    assert 24 == len(outcomes)
    assert ["GetParameters"] * 8 == client.actions
    assert {
        (region, role, decrypt) for region in ("us-east-1", "eu-west-1") for role in ("", ROLE) for decrypt in (True, False)
    } == {(asked.call.region, asked.call.role, asked.payload["WithDecryption"]) for asked in client.asked}
    assert {f"ssm.{asked.call.region}.amazonaws.com" for asked in client.asked} == {asked.call.host for asked in client.asked}


def test_names_and_arns_of_the_own_region_go_into_one_batch():
    resources = [*parameters(5), *[parameter_resource(arn_of(f"other/{number}")) for number in range(5)]]
    outcomes, client = fetched(Account(), resources)

    assert [10] == [len(payload["Names"]) for payload in client.payloads]
    assert 10 == len(outcomes)


def test_no_name_stands_in_a_batch_twice_and_all_who_ask_for_it_get_it():
    arn = arn_of("app/x")
    own, explicit = parameter_resource("/app/x"), parameter_resource("/app/x", region=REGION)
    outcomes, client = fetched(Account(), [own, explicit, parameter_resource(arn)])

    assert [["/app/x", arn]] == [payload["Names"] for payload in client.payloads]
    assert ["value of /app/x"] * 3 == [parameter.value for parameter in outcomes.values()]


@pytest.mark.parametrize(
    ("resource", "asked_as"),
    [
        (parameter_resource("/app/x", version="3"), "/app/x:3"),
        (parameter_resource("/app/x", label="live"), "/app/x:live"),
        (parameter_resource(arn_of("app/x"), version="3"), arn_of("app/x") + ":3"),
        (parameter_resource("plain"), "plain"),
        (parameter_resource("plain:3"), "plain:3"),
    ],
)
def test_versions_labels_and_arns_are_found_again_in_a_batch(resource, asked_as):
    outcomes, client = fetched(Account(), [resource, parameter_resource("/app/y")])

    assert [[asked_as, "/app/y"]] == [payload["Names"] for payload in client.payloads]
    assert outcomes[resource].value.startswith("value of ")


def test_two_versions_of_one_name_are_not_mixed_up():
    resources = [parameter_resource("/app/x"), parameter_resource("/app/x:3"), parameter_resource("/app/x:live")]
    outcomes, client = fetched(Account(), resources)

    assert 1 == len(client.asked)
    assert [None, ":3", ":live"] == [outcomes[resource].selector for resource in resources]


def test_an_answer_that_names_the_parameter_by_its_arn_is_found_too():
    """As for a parameter that another account shares."""
    arn = arn_of("shared/x", account="999999999999")
    outcomes, client = fetched(lambda asked: {"Parameters": [document(arn, ARN=arn)]}, [parameter_resource(arn)])

    assert 1 == len(client.asked)
    assert [f"value of {arn}"] == [parameter.value for parameter in outcomes.values()]


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (parameter_resource("/app/x"), "ParameterNotFound"),
        (parameter_resource(arn_of("app/x")), "ParameterNotFound"),
        (parameter_resource("/app/x:9"), "ParameterVersionNotFound"),
        (parameter_resource(arn_of("app/x"), label="gone"), "ParameterVersionNotFound"),
    ],
)
def test_what_a_batch_does_not_know_is_not_found_without_another_call(resource, code):
    spelling = (resource.arn or resource.name) + resource.selector
    outcomes, client = fetched(Account(missing=(spelling,)), [resource, *parameters(2)])

    assert ["GetParameters"] == client.actions
    assert (404, code, False) == (outcomes[resource].status, outcomes[resource].code, outcomes[resource].transient)
    assert 2 == len([result for result in outcomes.values() if not isinstance(result, SourceError)])


def test_what_a_batch_leaves_out_is_asked_for_alone():
    def script(asked):
        return {"Parameters": []} if asked.action == "GetParameters" else Account()(asked)

    outcomes, client = fetched(script, parameters(2))

    assert ["GetParameters", "GetParameter", "GetParameter"] == client.actions
    assert all(parameter.value for parameter in outcomes.values())


def test_secrets_through_ssm_are_never_in_a_batch():
    secret = parameter_resource(SECRET + "prod/db")
    staged = parameter_resource(SECRET + "prod/db", label="AWSPENDING")
    _, client = fetched(Account(), [*parameters(2), secret, staged])

    assert ["GetParameters", "GetParameter", "GetParameter"] == client.actions
    assert [SECRET + "prod/db", SECRET + "prod/db:AWSPENDING"] == [p["Name"] for p in client.payloads[1:]]


@pytest.mark.parametrize("error", [THROTTLED, SERVER_ERROR, TIMED_OUT])
def test_after_a_batch_that_was_throttled_or_failed_nobody_is_asked_for_alone(error):
    """Single calls count against the same quota: they would only add to it."""
    source, client = source_of(Account(batch=error))
    outcomes, _ = plan_and_run(source, parameters(12), client.clock)
    assert ["GetParameters"] * 2 == client.actions
    assert {error} == set(outcomes.values())
    client.asked.clear()

    plan_and_run(source, parameters(12), client.clock)

    assert ["GetParameters"] * 2 == client.actions  # and the batch is still the way


@pytest.mark.parametrize("error", [DENIED, MALFORMED])
def test_after_a_denied_or_malformed_batch_each_is_asked_for_alone_and_the_batch_never_again(error):
    source, client = source_of(Account(batch=error))
    outcomes, _ = plan_and_run(source, parameters(3), client.clock)
    assert ["GetParameters", *["GetParameter"] * 3] == client.actions
    assert all(parameter.value for parameter in outcomes.values())
    client.asked.clear()

    plan_and_run(source, parameters(3), client.clock)

    assert ["GetParameter"] * 3 == client.actions


def test_a_name_that_sank_a_batch_is_alone_from_then_on_and_the_others_are_batched():
    account = Account(singles={"/app/001": DENIED}, batch=DENIED)
    source, client = source_of(account)
    first, _ = plan_and_run(source, parameters(3), client.clock)
    account.batch = None
    client.asked.clear()

    second, _ = plan_and_run(source, parameters(3), client.clock)

    assert [["/app/000", "/app/002"], "/app/001"] == [p.get("Names") or p["Name"] for p in client.payloads]
    for outcomes in (first, second):
        assert [False, True, False] == [isinstance(result, SourceError) for _, result in sorted(outcomes.items(), key=str)]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"null",
        b'{"Parameters":[{}]}',
        b'{"Parameters":[null]}',
        b'{"Parameters":7}',
        b'{"InvalidParameters":7}',
        b'{"Parameters":[{"Name":"/app/000"}]}',
        b'{"Parameters":[{"Name":"/app/000","Value":7}]}',
        b'{"Parameters":[{"Name":"/app/000","Value":"v","SourceResult":"[]"}]}',
        b'{"Parameters":[{"Name":"/app/000","Value":"v","SourceResult":"{"}]}',
        b'{"Parameters":[{"Name":"/app/000","Value":"v","LastModifiedDate":"yesterday"}]}',
    ],
)
@pytest.mark.parametrize("name", ["/app/000", SECRET + "x"])
def test_nonsense_is_a_transient_error_of_each(name, answer):
    outcomes, _ = fetched(lambda asked: (200, {}, answer), [parameter_resource(name)])

    assert [(502, True)] == [(result.status, result.transient) for result in outcomes.values()]


def test_a_parameter_is_what_the_answer_says():
    outcomes, _ = fetched(Account(), [parameter_resource("/app/x")])
    (parameter,) = outcomes.values()

    assert (arn_of("app/x"), "/app/x", "String", "value of /app/x", 7) == (
        parameter.arn,
        parameter.name,
        parameter.type,
        parameter.value,
        parameter.version,
    )
    assert (1668586960.362, "text", None, None) == (
        parameter.modified,
        parameter.data_type,
        parameter.selector,
        parameter.source_result,
    )
    assert parameter.size >= len("value of /app/x")


@pytest.mark.parametrize(
    ("changes", "decrypt", "etag"),
    [
        ({}, True, "7-1668586960362"),
        ({}, False, "7-1668586960362"),
        ({"Version": 8}, True, "8-1668586960362"),
        ({"LastModifiedDate": 1668586960}, True, "7-1668586960000"),
        ({"Type": "SecureString"}, True, "7-1668586960362"),
        ({"Type": "SecureString"}, False, "7-1668586960362-ciphertext"),
        ({"Type": "SecureString", "SourceResult": '{"versionId":"0d0a"}', "Version": 0}, True, "0d0a"),
    ],
)
def test_the_etag_tells_versions_and_ciphertext_apart(changes, decrypt, etag):
    answer = {"Parameter": document("x", **changes)}
    outcomes, _ = fetched(lambda asked: answer if asked.action == "GetParameter" else {}, [parameter_resource("x", decrypt=decrypt)])

    assert [(etag, decrypt)] == [(parameter.etag, parameter.decrypted) for parameter in outcomes.values()]


def test_a_binary_secret_through_ssm_has_no_value_and_is_no_error():
    answer = {"Parameter": document(SECRET + "x", Value=None, SourceResult='{"versionId":"0d0a"}')}
    outcomes, _ = fetched(lambda asked: answer, [parameter_resource(SECRET + "x")])

    assert [(None, "0d0a")] == [(parameter.value, parameter.etag) for parameter in outcomes.values()]
