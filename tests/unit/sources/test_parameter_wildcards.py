"""Wildcards of parameters: page after page, every member with its value, within the bound."""

from typing import Any

import pytest

from extension.aws.call import Budget
from extension.errors import SourceError
from extension.references import parameter_path, parameter_resource
from extension.sources.listing import Listing, listing_resource
from extension.sources.parameter_store import ParameterStore
from tests.unit.doubles import double
from tests.unit.hand_clock import HandClock
from tests.unit.sources.parameter_account import document
from tests.unit.sources.scripted import DENIED, THROTTLED, ScriptedClient, directory, plan_and_run


class Tree:
    """GetParametersByPath over some names; ``pages`` are their sizes, the rest on pages of ten."""

    def __init__(self, count, pages=(), fail_at=None):
        self.names = [f"/app/{number:04}" for number in range(count)]
        self.pages = list(pages)
        self.fail_at = fail_at

    def __call__(self, asked):
        start = int(asked.payload.get("NextToken", "0@").partition("@")[0])
        number = int(asked.payload.get("NextToken", "@0").partition("@")[2])
        if number == self.fail_at:
            return THROTTLED
        size = self.pages[number] if number < len(self.pages) else 10
        answer: dict[str, Any] = {"Parameters": [document(name) for name in self.names[start : start + size]]}
        if start + size < len(self.names):
            answer["NextToken"] = f"{start + size}@{number + 1}"
        return answer


def wildcard(pattern="**", path="/app/", **options):
    return listing_resource(parameter_path(path, **options), pattern)


def fetched(script, resources, most=1000):
    client = ScriptedClient(script)
    source = ParameterStore(double(client), directory(), client.clock, most)
    outcomes, _ = plan_and_run(source, resources, client.clock)
    return outcomes, client


@pytest.mark.parametrize(
    ("resource", "path", "recursive", "decrypt"),
    [
        (wildcard("*"), "/app", False, True),
        (wildcard("**"), "/app", True, True),
        (wildcard("**", decrypt=False), "/app", True, False),
        (wildcard("*", "/"), "/", False, True),
        (wildcard("**", "/a/b/"), "/a/b", True, True),
    ],
)
def test_the_call_asks_for_one_level_or_all_as_the_wildcard_says(resource, path, recursive, decrypt):
    _, client = fetched(Tree(1), [resource])

    assert [{"Path": path, "Recursive": recursive, "WithDecryption": decrypt, "MaxResults": 10}] == client.payloads


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (1, 1), (10, 1), (11, 2), (95, 10)])
def test_every_page_is_one_call_and_every_member_comes_with_its_value(count, calls):
    outcomes, client = fetched(Tree(count), [wildcard()])
    listing = outcomes.pop(wildcard())

    assert ["GetParametersByPath"] * calls == client.actions
    assert isinstance(listing, Listing)
    assert (count, False) == (len(listing.members), listing.left_out)
    assert set(listing.members) == set(outcomes)
    assert {f"value of {resource.name}" for resource in outcomes} == {value.value for value in outcomes.values()}


def test_a_member_is_the_very_resource_that_a_reader_of_its_name_means():
    outcomes, _ = fetched(Tree(1), [wildcard(decrypt=False)])

    assert parameter_resource("/app/0000", decrypt=False) in outcomes


def test_empty_pages_with_a_token_are_gone_through():
    """SSM gives such pages where what it looked at did not match."""
    outcomes, client = fetched(Tree(3, pages=[0, 0, 2, 0]), [wildcard()])

    assert 5 == len(client.asked)
    assert 3 == len(outcomes[wildcard()].members)


@pytest.mark.parametrize(
    ("count", "most", "members", "left_out"),
    [
        (10, 10, 10, False),
        (11, 10, 10, True),
        (25, 10, 10, True),
        (25, 12, 12, True),
        (30, 1000, 30, False),
        (1001, 1000, 1000, True),
    ],
)
def test_beyond_the_bound_the_rest_is_left_out_and_that_is_said(count, most, members, left_out):
    outcomes, client = fetched(Tree(count), [wildcard()], most)
    listing = outcomes[wildcard()]

    assert (members, left_out) == (len(listing.members), listing.left_out)
    assert members == len(outcomes) - 1
    assert len(client.asked) <= most // 10 + 1


def test_each_wildcard_is_a_call_of_its_own_beside_the_batch():
    answers: dict[Any, Any] = {
        "/app": Tree(2),
        "/other": Tree(0),
        None: lambda asked: {"Parameters": [document("/x"), document("/y")]},
    }
    outcomes, client = fetched(
        lambda asked: answers[asked.payload.get("Path")](asked),
        [wildcard("*"), parameter_resource("/x"), wildcard("**", "/other/"), parameter_resource("/y")],
    )

    assert ["GetParameters", "GetParametersByPath", "GetParametersByPath"] == sorted(client.actions)
    assert [["/x", "/y"]] == [payload["Names"] for payload in client.payloads if "Names" in payload]
    assert 6 == len(outcomes)


def test_a_wildcard_that_is_refused_gets_the_reason_and_no_single_calls():
    outcomes, client = fetched(lambda asked: DENIED, [wildcard()])

    assert (["GetParametersByPath"], {wildcard(): DENIED}) == (client.actions, outcomes)


def test_what_came_before_a_page_that_failed_is_kept_and_the_wildcard_fails():
    outcomes, _ = fetched(Tree(25, fail_at=2), [wildcard()])

    assert THROTTLED is outcomes.pop(wildcard())
    assert 20 == len(outcomes)


def test_a_page_that_is_followed_by_itself_ends_as_an_error():
    answers = iter([{"Parameters": [], "NextToken": "again"}] * 50)
    outcomes, client = fetched(lambda asked: next(answers), [wildcard()])

    assert 2 == len(client.asked)
    assert (502, True) == (outcomes[wildcard()].status, outcomes[wildcard()].transient)


def test_the_listing_is_as_old_as_the_first_question():
    sent = {}
    client = ScriptedClient(Tree(25))
    start = client.clock.monotonic()
    source = ParameterStore(double(client), directory(), client.clock, 1000)
    (call,) = source.plan([wildcard()])

    call.run(double(None), lambda resource, value, moment: sent.setdefault(resource, moment.monotonic - start))

    assert 0 == sent[wildcard()]
    assert [0] * 10 + [1] * 10 + [2] * 5 == [sent[parameter_resource(f"/app/{n:04}")] for n in range(25)]


def test_a_wildcard_needs_another_permission_than_a_name():
    source = ParameterStore(double(None), directory(), HandClock(), 1000)

    assert "ssm:GetParametersByPath" == source.needs(wildcard())
    assert "ssm:GetParameter" == source.needs(parameter_resource("/app/x"))


def test_a_listing_that_was_cut_goes_on_with_the_page_that_comes_next_and_is_as_old_as_its_first():
    tree = Tree(35, fail_at=2)
    client = ScriptedClient(tree)
    call = double(ParameterStore(double(client), directory(), client.clock, 1000).plan([wildcard()])[0])
    delivered = {}

    def deliver(resource, result, sent):
        assert resource not in delivered
        delivered[resource] = (result, sent.monotonic)

    assert call.rest() is None
    began = client.clock.monotonic()
    with pytest.raises(SourceError):
        call.run(Budget(5.0), deliver)
    tree.fail_at = None
    rest = call.rest()
    assert rest.rest() is None  # a token that is no good is not tried for ever

    assert () == rest.run(Budget(5.0), deliver)

    assert [None, "10@1", "20@2", "20@2", "30@3"] == [payload.get("NextToken") for payload in client.payloads]
    listing, sent = delivered.pop(wildcard())
    assert (35, began, began) == (len(listing.members), sent, rest.began.monotonic)
    assert set(listing.members) == set(delivered)
