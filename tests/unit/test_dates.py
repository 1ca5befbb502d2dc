"""The three ways in which AWS writes a time, with the standard library as the oracle."""

import datetime
import random
from email.utils import formatdate

import pytest

from extension import dates

UTC = datetime.timezone.utc
RANDOM = random.Random(20261123)
MOMENTS = [
    0,
    -1,
    86399,
    951782399,  # the last second before the leap day of 2000
    951782400,
    951868800,
    1709164800,  # 2024-02-29
    4107542399,  # 2100-02-28 23:59:59, and 2100 has no leap day
    4107542400,
    *[RANDOM.randrange(-(2**31), 2**33) for _ in range(500)],
]


@pytest.mark.parametrize("moment", MOMENTS[:9])
def test_the_corners_of_the_calendar_are_read_right(moment):
    assert moment == dates.from_http(formatdate(moment, usegmt=True))
    assert moment == dates.from_iso(datetime.datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_every_http_date_is_read_as_the_moment_it_was_written_from():
    assert [(moment, float(moment)) for moment in MOMENTS] == [
        (moment, dates.from_http(formatdate(moment, usegmt=True))) for moment in MOMENTS
    ]


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%fZ"])
def test_every_iso_date_is_read_to_the_second(form):
    written = {
        moment: (datetime.datetime.fromtimestamp(moment, UTC) + datetime.timedelta(microseconds=250_000)).strftime(form)
        for moment in MOMENTS
    }

    assert {moment: float(moment) for moment in MOMENTS} == {
        moment: dates.from_iso(text) for moment, text in written.items()
    }


def test_an_offset_of_zero_is_utc():
    assert dates.from_iso("2026-11-23T14:38:00+00:00") == dates.from_iso("2026-11-23T14:38:00Z")


@pytest.mark.parametrize("fraction", ["", ".5"])
@pytest.mark.parametrize("offset", ["+02:00", "-05:00", "+00:30", "+0200", "z+01"])
def test_a_time_of_another_zone_is_not_taken_for_utc(fraction, offset):
    """Keys that are taken to live two hours longer than they do would be used when they are dead."""
    assert dates.from_iso(f"2026-11-23T14:38:00{fraction}{offset}") is None


NO_HTTP_DATES = [
    "",
    "Mon",
    "Mon, 23 Nov 2026 14:38:00",
    "Mon, 23 Nov 2026 14:38:00 CET",
    "Mon, 23 Nov 2026 14:38 GMT",
    "Mon, 0 Nov 2026 14:38:00 GMT",
    "Mon, 32 Nov 2026 14:38:00 GMT",
    "Mon, 23 Nov 2026 24:00:00 GMT",
    "Mon, 23 Nov 2026 14:60:00 GMT",
    "Mon, 23 Nov 2026 14:38:61 GMT",
    "Mon, 23 Nov 2026 -1:38:00 GMT",
    "Mon, 23 Nov " + "9" * 400 + " 14:38:00 GMT",
    "Mon, 23 Nov x 14:38:00 GMT",
    "Monday, 23-Nov-26 14:38:00 GMT",
    "Mon Nov 23 14:38:00 2026",
    "1795000000",
]
NO_ISO_DATES = [
    "",
    "Z",
    "T",
    "2026",
    "2026-11-23",
    "2026-11-23T14:38Z",
    "2026-13-23T14:38:00Z",
    "2026-00-23T14:38:00Z",
    "2026-11-00T14:38:00Z",
    "2026-11-32T14:38:00Z",
    "2026-11-23T24:38:00Z",
    "2026-11-23T14:60:00Z",
    "2026-11-23 14:38:00Z",
    "2026-11-23T14:38:00.Z",
    "2026-11-23T14:38:00.xZ",
    "9" * 400 + "-11-23T14:38:00Z",
    "None",
    "{}",
]


@pytest.mark.parametrize("text", NO_HTTP_DATES)
def test_what_is_no_http_date_is_none(text):
    assert dates.from_http(text) is None


@pytest.mark.parametrize("text", NO_ISO_DATES)
def test_what_is_no_iso_date_is_none(text):
    assert dates.from_iso(text) is None


def test_year_one_lies_long_before_the_epoch():
    """What the emulator sends for "not known"; whoever reads it tells it by its sign."""
    assert dates.from_iso("0001-01-01T00:00:00Z") == -62135596800.0


def test_a_leap_second_is_a_time():
    assert dates.from_http("Sat, 31 Dec 2016 23:59:60 GMT") == 1483228800.0


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (1668586960.499, "2022-11-16T08:22:40.499Z"),
        (1668586960.36, "2022-11-16T08:22:40.36Z"),
        (1668586960.3, "2022-11-16T08:22:40.3Z"),
        (1668586960, "2022-11-16T08:22:40Z"),
        (1668586960.0, "2022-11-16T08:22:40Z"),
        (1668586960.007, "2022-11-16T08:22:40.007Z"),
        (1668586960.9996, "2022-11-16T08:22:41Z"),
        (0, "1970-01-01T00:00:00Z"),
        (1569534789.046, "2019-09-26T21:53:09.046Z"),
    ],
)
def test_a_time_is_printed_as_go_prints_it(seconds, expected):
    assert expected == dates.to_rfc3339(seconds)


def test_every_millisecond_comes_back_from_its_printed_form():
    for _ in range(500):
        milliseconds = RANDOM.randrange(2**41)
        printed = dates.to_rfc3339(milliseconds / 1000)
        whole, _, fraction = printed.rstrip("Z").partition(".")
        moment = datetime.datetime.strptime(whole + "+0000", "%Y-%m-%dT%H:%M:%S%z")
        assert milliseconds == int(moment.timestamp()) * 1000 + int(fraction.ljust(3, "0") or 0)
        assert not fraction.endswith("0")
