"""What the page says is what the figures say."""

from benchmarks.page import reading
from benchmarks.results import Section
from benchmarks.sections import cold
from tests.benchmarks.sections import cold_section, growth_section, warm_section


def test_who_is_slower_in_every_row_is_said_to_be():
    (sentence,) = reading.cold_starts(cold_section({"b": (100, 110, 120), "c": (300, 330, 360)}))
    assert "(c) boto3, one after another takes 3.00 times as long as (b) Preheat: " in sentence
    assert sentence.endswith("Preheat is ahead in all 2 rows.")


def test_who_is_faster_is_said_to_be():
    sentence, init = reading.cold_starts(cold_section({"b": (100, 110, 120), "d": (50, 55, 60)}))
    assert "(d) boto3, eight threads takes 0.50 times as long as (b) Preheat: " in sentence
    assert sentence.endswith("Preheat is behind in all 2 rows.")
    assert "INIT alone: that of " + sentence == init


def test_who_is_faster_in_init_alone_is_said_to_be_with_the_rows():
    section = cold_section({"b": (100, 100, 100)})
    for resources, milliseconds in ((3, 25.0), (20, 150.0)):
        section.add([300.0] * 3, "ms", variant="e", what=cold.SUM, resources=resources, latency=15)
        section.add([milliseconds] * 3, "ms", variant="e", what=cold.INIT, resources=resources, latency=15)
    total, init = reading.cold_starts(section)
    assert total.endswith("Preheat is ahead in all 2 rows.")
    assert init.startswith("INIT alone: that of (e) Powertools, first invocation takes ")
    assert init.endswith("Preheat is ahead in 1 of 2 rows; behind with 3 resources at 15 ms.")


def test_who_is_now_faster_now_slower_is_level():
    sentence, _ = reading.cold_starts(cold_section({"b": (100, 100, 100), "e": (80, 100, 120)}))
    assert sentence.endswith("Preheat is level in all 2 rows.")


def test_the_provider_is_compared_with_preheat_reading_secrets_alone():
    sums = {"b": (1000, 1000, 1000), "b, secrets": (100, 100, 100), "g, secrets": (200, 200, 200)}
    (sentence,) = reading.cold_starts(cold_section(sums))
    assert "takes 2.00 times as long as (b) Preheat, secrets alone" in sentence


def test_what_preheat_adds_is_a_difference_of_inits():
    sentence = reading.cold_starts(cold_section({"a": (80, 80, 80), "b": (100, 100, 100)}))[0]
    assert "Preheat adds 10 ms to INIT over a function that reads nothing." == sentence


def test_reads_name_the_rows_where_another_server_is_ahead_and_who_was_the_limit():
    conventional, provider, memory, limit = reading.reads(warm_section())
    assert "(f) requests + boto3 extension: its p50 is 2.00 times Preheat's; Preheat is ahead in 2 of 2 rows." == (
        conventional
    )
    assert "Preheat is behind in 2 of 2 rows (behind: 100 B over 1, 100 B over 8)." in provider
    assert "100 times as fast as the raw socket's p50" in memory
    assert "(g) AWS's provider, secrets alone 100 B over 1" in limit
    assert "(b)" not in limit


def test_growth_is_from_the_least_to_the_most():
    assert "(b) Preheat, 1 to 1,000 resources: INIT goes from 100.0 to 900.0 ms." == reading.grown(growth_section())[0]


def test_broken_budgets_are_named():
    section = Section("budgets")
    for what, found, most, design in (("zip", 640, 700, 400), ("CPU", 70, 60, 60), ("calls", 4, 4, 4)):
        for of, value in (("found", found), ("most", most), ("design", design)):
            section.add([value], "", what=what, of=of)
    assert [
        "2 of 3 budgets hold here.",
        "Broken: CPU.",
        "Kept by this machine's limit, and not by the design's own: zip.",
    ] == reading.budgets(section)
