"""What an INVOKE does: it fetches what is due, batched, and never outlives what it is given."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from tests.integration.passing_time import let_pass
from tests.integration.world import LISTS, fill

TTL = 0.4  # seconds; entries are due at 0.72 to 0.8 of it
DUE_AFTER = 0.8 * TTL
SHORT = {"ttl": f"{TTL * 1000:.0f}ms"}
SLACK = 0.35  # seconds that a busy machine may add


def _actions(aws):
    return Counter(call.action for call in aws.calls)


def test_with_nothing_due_it_makes_no_call_and_logs_nothing(aws, api, ready):
    fill(aws)
    sidecar = ready(**LISTS)
    aws.clear_calls()
    before = sidecar.log
    for _ in range(5):
        assert api.invoke_and_wait().elapsed < SLACK
        assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
    assert [] == aws.calls
    assert before == sidecar.log
    assert 5 == sidecar.get("/stats").json["invocations"]


def test_what_is_due_is_fetched_again_batched_and_conditionally(aws, api, ready):
    fill(aws)
    sidecar = ready(**LISTS, **SHORT)
    for number in range(10):
        aws.put_secret(f"app/secret-{number}", f"rotated {number}")
    let_pass(DUE_AFTER)
    aws.clear_calls()
    barrier = aws.hold(4)
    api.invoke_and_wait()
    assert 4 == len(barrier.held)
    assert {"BatchGetSecretValue": 1, "GetParameters": 1, "GetObject": 2} == _actions(aws)
    assert [200, 200, 304, 304] == sorted(call.status for call in aws.calls)
    aws.clear_calls()
    for number in range(10):
        assert f"rotated {number}" == sidecar.get(f"/secrets/app/secret-{number}").text
    assert b'{"EUR": 1.0}' == sidecar.get("/s3/lookup/rates.json").body
    assert [] == aws.calls
    assert 10 == len(sidecar.events("entry.changed"))


def test_an_object_that_has_not_changed_is_kept_and_as_young_as_the_question(aws, api, ready):
    fill(aws)
    sidecar = ready(s3=["s3://lookup/rates.json"], ttl="2s")
    let_pass(1.65)
    aws.clear_calls()
    api.invoke_and_wait()
    assert [304] == [call.status for call in aws.calls]
    let_pass(0.6)  # past the TTL of what came with the body
    answer = sidecar.get("/s3/lookup/rates.json")
    assert (b'{"EUR": 1.0}', "hit", "0") == (answer.body, answer.header("preheat-cache"), answer.header("age"))
    assert 1 == aws.count()


def test_after_the_first_only_what_was_read_is_kept_fresh(aws, api, ready):
    """What nobody reads costs nothing."""
    fill(aws)
    sidecar = ready(**LISTS, **SHORT)
    api.invoke_and_wait()
    assert "secret value 3" == sidecar.get("/secrets/app/secret-3").text
    let_pass(DUE_AFTER)
    aws.clear_calls()
    api.invoke_and_wait()
    assert [["app/secret-3"]] == [call.resources for call in aws.calls]


def test_a_handler_that_reads_before_its_invoke_has_refreshed_keeps_it_refreshed(aws, api, ready):
    """It is quicker than AWS; the next INVOKE refreshes all the same."""
    fill(aws)
    sidecar = ready(secrets=["app/secret-1"], ttl="1s", stale_while_revalidate="1m")
    for _ in range(2):
        let_pass(0.82)
        aws.clear_calls()
        hold = aws.hold()
        invocation = api.invoke()
        hold.wait()
        assert "secret value 1" == sidecar.get("/secrets/app/secret-1", {"Cache-Control": "max-age=60"}).text
        hold.release()
        api.wait_invocation(invocation)
        assert 1 == aws.count()


def test_a_read_of_what_is_due_is_served_and_marks_it_for_the_next_invoke(aws, api, ready):
    """An environment may freeze at any moment after: a read starts nothing that nobody waits for."""
    aws.put_secret("unlisted", "old")
    sidecar = ready(ttl="1s")
    assert "old" == sidecar.get("/secrets/unlisted").text
    aws.put_secret("unlisted", "new")
    let_pass(0.82)
    assert ("old", "hit") == ((answer := sidecar.get("/secrets/unlisted")).text, answer.header("preheat-cache"))
    assert 1 == aws.count()
    api.invoke_and_wait()
    assert 2 == aws.count()
    assert "new" == sidecar.get("/secrets/unlisted").text


def test_what_expired_unread_is_fetched_by_its_reader(aws, api, ready):
    fill(aws)
    sidecar = ready(secrets=["app/secret-1"], **SHORT)
    api.invoke_and_wait()
    aws.put_secret("app/secret-1", "new")
    let_pass(TTL)
    answer = sidecar.get("/secrets/app/secret-1")
    assert ("new", "miss", "0") == (answer.text, answer.header("preheat-cache"), answer.header("age"))


@pytest.mark.parametrize(
    ("timeout_ms", "most"),
    [(10_000, 1.0), (900, 0.4), (300, 0.0)],
)
def test_a_round_ends_after_a_second_and_well_before_the_deadline(aws, api, ready, timeout_ms, most):
    """A refresh that outlives the deadline turns an answered invocation into "Task timed out"."""
    fill(aws)
    ready(**LISTS, **SHORT)
    let_pass(DUE_AFTER)
    aws.clear_calls()
    hang = aws.hold(timeout=30)
    invocation = api.invoke_and_wait(timeout_ms=timeout_ms)
    assert invocation.elapsed < most + SLACK
    for call in aws.wait_finished(aws.count()) if aws.count() else []:
        assert call.abandoned, "a call that nobody waits for is under way at next"
    hang.release()


def test_what_a_round_had_no_time_for_stays_due(aws, api, ready):
    fill(aws)
    sidecar = ready(**LISTS, **SHORT)
    let_pass(DUE_AFTER)
    hang = aws.hold(timeout=30)
    api.invoke_and_wait(timeout_ms=700)
    hang.release()
    aws.clear_calls()
    api.invoke_and_wait()
    assert {"BatchGetSecretValue": 1, "GetParameters": 1, "GetObject": 2} == _actions(aws)
    assert [] == sidecar.events("fetch.failed")


NEW = b"new " * 1000


def _body_that_drips(aws, seconds):
    """The object has changed, and takes that long to arrive or longer; the parameter hangs."""
    aws.put_object("lookup", "deep/blob.bin", NEW)
    aws.faults.add("hang", "ssm")
    aws.faults.add("drip", "s3", piece=len(NEW) // 10, pause=seconds / 10)  # the head is in the first piece


def test_a_body_that_has_begun_to_arrive_may_go_on_after_the_round(aws, api, ready):
    """It would else be cut at every INVOKE, and never be new. Whatever else nobody waits for is cut meanwhile."""
    fill(aws)
    sidecar = ready(s3=["s3://lookup/deep/blob.bin"], parameters=["/app/parameter-1"], **SHORT)
    let_pass(DUE_AFTER)
    aws.clear_calls()
    _body_that_drips(aws, 1.5)
    invocation = api.invoke_and_wait(timeout_ms=60_000)
    parameter, object_ = aws.wait_finished(2)[:2]
    aws.faults.clear()
    if parameter.service == "s3":
        parameter, object_ = object_, parameter
    assert (True, False, 200) == (parameter.abandoned, object_.abandoned, object_.status)
    assert parameter.t_out < object_.t_out
    assert invocation.elapsed > 1.0
    assert 1 == len(sidecar.events("entry.changed"))
    aws.clear_calls()
    assert NEW == sidecar.get("/s3/lookup/deep/blob.bin").body  # older than its TTL by now, and asked about
    assert [304] == [call.status for call in aws.calls]
    assert [] == sidecar.events("fetch.failed")


def test_and_no_longer_than_to_half_a_second_before_the_deadline(aws, api, ready):
    fill(aws)
    sidecar = ready(s3=["s3://lookup/deep/blob.bin"], parameters=["/app/parameter-1"], ttl="2s")
    let_pass(1.6)
    _body_that_drips(aws, 30)
    invocation = api.invoke_and_wait(timeout_ms=1800)
    assert 1.0 < invocation.elapsed < 1.3 + SLACK
    aws.faults.clear()
    api.invoke_and_wait()
    aws.clear_calls()
    assert NEW == sidecar.get("/s3/lookup/deep/blob.bin").body
    assert [] == aws.calls
    assert [] == sidecar.events("fetch.failed")


def test_a_reader_that_joined_a_round_gets_its_answer_after_the_round(aws, api, ready):
    """Its handler keeps the environment awake; everybody else's calls are cut."""
    fill(aws)
    sidecar = ready(secrets=["app/secret-1"], parameters=["/app/parameter-0"], **SHORT)
    aws.put_secret("app/secret-1", "new")
    let_pass(TTL)
    hang = aws.hold(timeout=30)
    invocation = api.invoke(timeout_ms=1500)
    hang.wait(2)
    with sidecar.connect() as client:
        client.ask("GET", "/secrets/app/secret-1")
        api.wait_invocation(invocation)
        abandoned = [call.abandoned for call in aws.wait_finished(aws.count() - 1)]
        assert True in abandoned
        hang.release()
        answer = client.answer()
        assert ("new", "coalesced") == (answer.text, answer.header("preheat-cache"))


def test_a_call_whose_reader_left_is_cut_when_the_round_ends(aws, api, ready):
    """Nothing may be under way at `next` but what somebody waits for."""
    fill(aws)
    sidecar = ready(fetch_timeout="30s")
    hold = aws.hold(timeout=30)
    with sidecar.connect() as leaving, sidecar.connect() as staying:
        leaving.ask("GET", "/secrets/app/secret-1")
        staying.ask("GET", "/secrets/app/secret-2")
        hold.wait(2)
        leaving.close()
        while 0 == len([call for call in aws.calls if call.abandoned]):  # when it has seen that the reader left
            api.invoke_and_wait()
        hold.release()
        assert "secret value 2" == staying.answer().text
    assert [["app/secret-1"]] == [call.resources for call in aws.calls if call.abandoned]


def test_a_miss_obeys_the_deadline_of_the_invocation(aws, api, ready):
    fill(aws)
    sidecar = ready(fetch_timeout="10s")
    aws.hold(timeout=30)
    api.invoke_and_wait(timeout_ms=700)
    started = time.monotonic()
    assert 504 == sidecar.get("/secrets/app/secret-1").status
    assert time.monotonic() - started < 0.7 + SLACK


def test_a_read_after_that_deadline_belongs_to_another_invocation(aws, api, ready):
    """The handler may ask before this process has seen the event that woke it."""
    fill(aws)
    sidecar = ready()
    api.invoke_and_wait(timeout_ms=300)
    let_pass(0.35)
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text


@pytest.mark.parametrize("event", [{"tracing": False}, {"request_id": ""}, {"timeout_ms": 900_000}])
def test_an_invoke_with_less_in_it(aws, api, ready, event):
    fill(aws)
    sidecar = ready(**LISTS)
    assert api.invoke_and_wait(**event).elapsed < SLACK
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text


def test_an_invoke_without_a_deadline_still_ends_after_a_second(aws, api, ready):
    fill(aws)
    sidecar = ready(**LISTS, **SHORT)
    let_pass(DUE_AFTER)
    hang = aws.hold(timeout=30)
    started = time.monotonic()
    api.fail_next(200, b'{"eventType":"INVOKE"}')
    api.wait_calls("next", 2)
    assert time.monotonic() - started < 1 + SLACK
    hang.release()
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text


def test_twenty_misses_of_an_aws_that_hangs_wait_for_one_timeout_and_not_for_one_after_another(aws, ready):
    """Four connections to a host: the others wait for their turn, and that is part of their time."""
    sidecar = ready(fetch_timeout="1s")
    aws.faults.add("hang")
    clients = [sidecar.connect() for _ in range(20)]
    started = time.monotonic()
    for number, client in enumerate(clients):
        client.ask("GET", f"/secrets/absent-{number}")
    assert [504] * 20 == [client.answer().status for client in clients]
    assert time.monotonic() - started < 3, "five timeouts in a row"
    for client in clients:
        client.close()


def test_twenty_misses_of_a_slow_aws_are_all_answered(aws, ready):
    """Five times 200 ms are more than the timeout; but it is one call that takes too long then, not the queue."""
    for number in range(20):
        aws.put_secret(f"slow-{number}", f"value {number}")
    sidecar = ready(fetch_timeout="700ms")
    aws.latency = 0.2
    clients = [sidecar.connect() for _ in range(20)]
    for number, client in enumerate(clients):
        client.ask("GET", f"/secrets/slow-{number}")
    assert [f"value {number}" for number in range(20)] == [client.answer().text for client in clients]
    for client in clients:
        client.close()
