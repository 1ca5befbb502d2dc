"""The environment is frozen between invocations and in the middle of things: SIGSTOP, SIGCONT as Lambda's freezer."""

from __future__ import annotations

from tests.integration.passing_time import let_pass
from tests.integration.world import LISTS, SECRETS, fill


def test_connections_of_clients_outlive_a_freeze(aws, api, ready):
    fill(aws)
    sidecar = ready(**LISTS)
    with sidecar.connect() as client:
        for number in range(3):
            assert f"secret value {number}" == client.get(f"/secrets/app/secret-{number}").text
            sidecar.freeze()
            client.ask("GET", "/secrets/app/secret-9")  # the function wakes first
            sidecar.thaw()
            assert "secret value 9" == client.answer().text
    assert 4 == aws.count()


def test_an_invoke_that_comes_while_it_is_frozen_is_seen_after(aws, api, ready):
    fill(aws)
    sidecar = ready(**LISTS)
    for _ in range(3):
        sidecar.freeze()
        invocation = api.invoke()
        sidecar.thaw()
        assert api.wait_invocation(invocation).elapsed < 1
    assert 3 == sidecar.get("/stats").json["invocations"]


def test_connections_to_aws_that_died_in_the_freeze_are_replaced_without_an_error(aws, api, ready):
    """They look alive until they are used: then the request is sent once more, over a fresh one."""
    fill(aws)
    sidecar = ready(**LISTS)
    for reset in (False, True):
        sidecar.freeze()
        aws.drop_connections(reset=reset)
        sidecar.thaw()
        aws.put_secret(f"other-{reset}", "found")
        assert "found" == sidecar.get(f"/secrets/other-{reset}").text
    assert [] == sidecar.events("fetch.failed")


def test_time_in_the_freezer_counts(aws, api, ready):
    """What was fresh before is due after."""
    fill(aws)
    sidecar = ready(secrets=list(SECRETS), ttl="500ms")
    aws.put_secret("app/secret-1", "new")
    sidecar.freeze()
    let_pass(0.5)
    aws.clear_calls()
    sidecar.thaw()
    api.invoke_and_wait()
    assert ["BatchGetSecretValue"] == [call.action for call in aws.calls]
    assert "new" == sidecar.get("/secrets/app/secret-1").text


def test_a_short_freeze_in_the_middle_of_a_call_changes_nothing(aws, ready):
    fill(aws)
    sidecar = ready(fetch_timeout="5s")
    hold = aws.hold()
    with sidecar.connect() as client:
        client.ask("GET", "/secrets/app/secret-1")
        hold.wait()
        sidecar.freeze()
        hold.release()
        aws.wait_finished(1)
        sidecar.thaw()
        assert "secret value 1" == client.answer().text
    assert 1 == aws.count()


def test_a_call_that_a_long_freeze_cut_in_two_is_made_once_more_freshly_signed(aws, ready):
    """Its answer is as old as the freeze, and its signature, too, if it was not sent yet."""
    fill(aws)
    sidecar = ready(fetch_timeout="100ms")
    hold = aws.hold(timeout=30)
    with sidecar.connect() as client:
        client.ask("GET", "/secrets/app/secret-1")
        hold.wait()
        sidecar.freeze()
        let_pass(1.3)  # over the fetch timeout + 1 s, and into another second of X-Amz-Date
        aws.put_secret("app/secret-1", "changed meanwhile")
        hold.release()
        sidecar.thaw()
        assert "changed meanwhile" == client.answer().text
    first, second = aws.calls
    assert first.header("x-amz-date") < second.header("x-amz-date")
    assert [] == sidecar.events("fetch.failed")


def test_a_freeze_in_the_middle_of_init(aws, api, launch):
    """INIT that took too long is continued by the first invocation."""
    fill(aws)
    hold = aws.hold(timeout=30)
    sidecar = launch(aws, **LISTS)
    hold.wait(4)
    sidecar.freeze()
    let_pass(0.2)
    hold.release()
    sidecar.thaw()
    api.wait_next()
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
    assert [] == sidecar.events("fetch.failed")


def test_a_freeze_in_the_middle_of_a_round(aws, api, ready):
    fill(aws)
    sidecar = ready(**LISTS, ttl="400ms")
    let_pass(0.4)
    aws.clear_calls()
    hold = aws.hold(timeout=30)
    invocation = api.invoke(timeout_ms=5000)
    hold.wait(4)
    sidecar.freeze()
    hold.release()
    let_pass(0.3)
    sidecar.thaw()
    api.wait_invocation(invocation)
    assert 4 == aws.count()
    assert [] == sidecar.events("fetch.failed")


def test_a_reader_that_left_in_the_freeze(aws, api, ready):
    """The function timed out and its process was replaced while this one was frozen with it."""
    fill(aws)
    sidecar = ready()
    hold = aws.hold(timeout=30)
    with sidecar.connect() as client:
        client.ask("GET", "/secrets/app/secret-1")
        hold.wait()
        sidecar.freeze()
    sidecar.thaw()
    hold.release()
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
    api.invoke_and_wait()


def test_shutdown_after_a_freeze(aws, api, ready):
    fill(aws)
    sidecar = ready(**LISTS)
    sidecar.freeze()
    aws.drop_connections()
    api.shutdown()
    sidecar.thaw()
    assert 0 == sidecar.wait_exit()
