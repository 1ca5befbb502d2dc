"""Parameters: tens in a batch, whose answer is whose, and what is made of a batch that failed."""

import pytest

from extension.errors import SourceError
from extension.references import parameter_resource
from tests.unit.sources.parameter_account import ROLE, SECRET, Account, arn_of, document, fetched, parameters
from tests.unit.sources.scripted import (
    REGION,
    named,
)


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
        (region, role, decrypt)
        for region in ("us-east-1", "eu-west-1")
        for role in ("", ROLE)
        for decrypt in (True, False)
    } == {(asked.call.region, asked.call.role, asked.payload["WithDecryption"]) for asked in client.asked}
    assert {f"ssm.{asked.call.region}.amazonaws.com" for asked in client.asked} == {
        asked.call.host for asked in client.asked
    }


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
    outcomes, _ = fetched(
        lambda asked: answer if asked.action == "GetParameter" else {}, [parameter_resource("x", decrypt=decrypt)]
    )

    assert [(etag, decrypt)] == [(parameter.etag, parameter.decrypted) for parameter in outcomes.values()]


def test_a_binary_secret_through_ssm_has_no_value_and_is_no_error():
    answer = {"Parameter": document(SECRET + "x", Value=None, SourceResult='{"versionId":"0d0a"}')}
    outcomes, _ = fetched(lambda asked: answer, [parameter_resource(SECRET + "x")])

    assert [(None, "0d0a")] == [(parameter.value, parameter.etag) for parameter in outcomes.values()]
