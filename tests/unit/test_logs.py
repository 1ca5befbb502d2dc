"""One JSON line per event, at or above a level, that can never hurt the function."""

import datetime
import json
import os
import threading
import time

import pytest

from extension.logs import LEVELS, Log


@pytest.fixture
def pipe():
    read, write = os.pipe()
    yield read, write
    os.close(read)
    os.close(write)


def written(read):
    """What is in the pipe now."""
    os.set_blocking(read, False)
    try:
        return os.read(read, 1 << 20)
    except BlockingIOError:
        return b""


def lines(read):
    return [json.loads(line) for line in written(read).splitlines()]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("DEBUG", ["DEBUG", "INFO", "WARN", "ERROR"]),
        ("INFO", ["INFO", "WARN", "ERROR"]),
        ("WARN", ["WARN", "ERROR"]),
        ("ERROR", ["ERROR"]),
        ("NONE", []),
    ],
)
def test_a_level_lets_itself_and_what_is_worse_through(pipe, level, expected):
    read, write = pipe
    log = Log(level, write)

    log.debug("one")
    log.info("two")
    log.warn("three")
    log.error("four")

    assert expected == [line["level"] for line in lines(read)]


def test_info_is_the_default_level(pipe):
    read, write = pipe
    log = Log(fd=write)

    log.debug("hidden")
    log.info("shown")

    assert ["shown"] == [line["event"] for line in lines(read)]


def test_a_level_that_there_is_not_is_refused():
    with pytest.raises(ValueError):  # noqa: PT011  (settings refuse it with words)
        Log("TRACE")
    assert ("DEBUG", "INFO", "WARN", "ERROR", "NONE") == LEVELS


def test_a_line_says_when_how_bad_who_and_what_then_the_fields_in_their_order(pipe):
    read, write = pipe
    before = time.time()
    Log("INFO", write).info("entry.changed", resource="prod/db", was="1", now="2", ms=1.5, ok=True, none=None)
    after = time.time()

    (line,) = lines(read)
    stamp = line.pop("time")
    moment = datetime.datetime.strptime(stamp.replace("Z", "+0000"), "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()

    assert before - 0.001 <= moment <= after
    assert {
        "level": "INFO",
        "logger": "preheat",
        "event": "entry.changed",
        "resource": "prod/db",
        "was": "1",
        "now": "2",
        "ms": 1.5,
        "ok": True,
        "none": None,
    } == line
    assert ["level", "logger", "event", "resource", "was", "now", "ms", "ok", "none"] == list(line)


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", '{"event":"forged"}', "\x00\x1b[31m", "\ud800", "\u2028", "東京"])
def test_no_text_can_forge_a_line_of_its_own(pipe, text):
    read, write = pipe
    Log("INFO", write).warn("fetch.failed", resource=text)

    data = written(read)

    assert 1 == data.count(b"\n")
    assert data.endswith(b"\n")
    assert text == json.loads(data)["resource"]


def test_lines_of_several_threads_never_mix(pipe):
    read, write = pipe
    log = Log("INFO", write)
    start = threading.Barrier(4)

    def talk(number):
        start.wait()
        for count in range(50):
            log.info(f"{number}-{count}", text=str(number) * 100)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    events = [line["event"] for line in lines(read)]
    assert sorted(f"{number}-{count}" for number in range(4) for count in range(50)) == sorted(events)


def test_a_line_that_a_full_pipe_does_not_take_is_lost_and_nothing_else(pipe):
    read, write = pipe
    os.set_blocking(write, False)
    try:
        while True:
            os.write(write, b"x" * 4096)
    except BlockingIOError:
        pass

    Log("INFO", write).error("nobody.reads")

    assert b"nobody" not in written(read)


def test_a_closed_pipe_hurts_nobody():
    read, write = os.pipe()
    os.close(read)
    log = Log("INFO", write)
    log.error("nobody.listens")  # a broken pipe
    os.close(write)
    log.error("nobody.listens")  # a bad descriptor


@pytest.mark.parametrize(("level", "written_"), [("INFO", 1), ("NONE", 0)])
def test_a_fault_is_an_error_and_told_on_whatever_the_level(pipe, level, written_):
    read, write = pipe
    log = Log(level, write)
    told = []
    log.fault("store.fault", error="KeyError")  # before anybody wants to know
    log.on_fault = told.append

    log.fault("store.fault", error="ValueError", where="store:keep")

    assert ["store.fault: ValueError"] == told
    found = lines(read)
    assert 2 * written_ == len(found)
    if found:
        assert ("ERROR", "ValueError", "store:keep") == tuple(found[1][name] for name in ("level", "error", "where"))
