"""AWS's emulator starts the layer and a function beside it: everything listed is there before the function asks."""

from __future__ import annotations

import base64
import json

from tests.emulator.resources import value_of

CALLS = ["BatchGetSecretValue", "GetObject", "GetObject", "GetParameters"]


def values(reads: list, paths) -> dict[str, bytes]:
    """What the function read, by path; each answered with 200."""
    assert [200] * len(paths) == [status for status, _ in reads]
    return {path: value_of(path, base64.b64decode(body)) for path, (_, body) in zip(paths, reads, strict=True)}


def test_static_code_and_handler_read_everything_after_four_calls_at_once(start, aws, resources):
    """The stand-in answers nobody until all four calls are in: they are made in parallel, or INIT fails."""
    aws.control("POST", "/hold", {"count": 4, "timeout": 10})
    static = [*list(resources.native_reads)[::5], *list(resources.drop_in_reads)[::5]]
    environ = aws.environ | resources.lists | {"STATIC_READS": json.dumps(static)}
    with start(environ) as environment:
        answer = environment.invoke({"reads": list(resources.reads)})
        result = answer.json()
        for client in ("urllib", "http.client"):
            assert {path: resources.reads[path] for path in static} == values(result["static"][client], static)
        assert resources.reads == values(result["reads"], list(resources.reads))
        again = environment.invoke({"reads": list(resources.reads)}).json()
        assert resources.reads == values(again["reads"], list(resources.reads))
    calls = aws.calls()
    assert CALLS == sorted(call["action"] for call in calls)
    assert {200} == {call["status"] for call in calls}  # every signature was accepted
    assert {"max_in_flight": 4, "hold_failed": False}.items() <= aws.control("GET", "/state").items()
    (report,) = environment.events("init.report")
    assert (22, 0, 0, 4) == tuple(report[name] for name in ("loaded", "failed", "cut", "calls"))
    (end,) = environment.events("shutdown.report")
    assert (2, 4, []) == (end["invocations"], end["calls"], end["never_read"])
    assert len(environment.init_ms) == 1


def test_moto_agrees_with_the_stand_in(start, moto, resources):
    """A second opinion on shapes and signatures, from people who have not read our code."""
    with start(moto | resources.lists) as environment:
        result = environment.invoke({"reads": list(resources.reads)}).json()
    assert resources.reads == values(result["reads"], list(resources.reads))
    (report,) = environment.events("init.report")
    assert (22, 0, 4) == tuple(report[name] for name in ("loaded", "failed", "calls"))


def test_moto_refuses_what_is_signed_with_another_key(start, moto, resources):
    """So its agreement means something."""
    with start(moto | resources.lists | {"AWS_SECRET_ACCESS_KEY": "x" * 40}) as environment:
        assert environment.invoke().status == 200
    (report,) = environment.events("init.report")
    assert (0, 22) == tuple(report[name] for name in ("loaded", "failed"))
    assert {"SignatureDoesNotMatch"} == {row["outcome"] for row in report["resources"]}
