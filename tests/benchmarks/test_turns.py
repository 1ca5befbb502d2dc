"""Contestants take turns; one that fails is left out with its reason, and costs the others nothing."""

from benchmarks import provider, stage
from benchmarks.contestants import CONTESTANTS, NOTHING, PROVIDER, lay_out
from benchmarks.quiet import Quiet
from benchmarks.results import Section
from benchmarks.sections import cold


class Stage(stage.Stage):
    """One that any moment is quiet enough for."""

    def __init__(self):
        self.quiet = Quiet(patience=-1)


def run_in_turn(start, runs=3):
    section = Section(cold.NAME)
    found = cold.in_turn(Stage(), list(CONTESTANTS), 20, runs, section, start)
    return found, section


def test_the_first_round_does_not_count_and_nobody_always_follows_the_same():
    order = []

    def start(contestant, load):
        order.append(contestant.key)
        return {cold.SUM: 1.0}

    found, _ = run_in_turn(start)
    assert {3} == {len(runs) for runs in found.values()}
    assert 4 * len(CONTESTANTS) == len(order)
    count = len(CONTESTANTS)
    assert 4 == len({tuple(order[start : start + count]) for start in range(0, len(order), count)})


def test_one_that_fails_is_left_out_and_said_to_be():
    def start(contestant, load):
        if contestant.key == "e":
            raise RuntimeError("the first invocation failed")
        return {cold.SUM: 1.0}

    found, section = run_in_turn(start)
    assert {contestant.key for contestant in CONTESTANTS} - {"e"} == set(found)
    (note,) = section.notes
    assert note.startswith("Powertools, first invocation failed with 20 resources and is left out there: RuntimeError")


def test_those_who_read_secrets_alone_get_nothing_else():
    asked = {}

    def start(contestant, load):
        asked[contestant.key] = load
        return {cold.SUM: 1.0}

    run_in_turn(start, runs=1)
    assert (20, 9) == (len(asked["g, secrets"].secrets), len(asked["b"].secrets))


def test_a_provider_that_was_not_built_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.variants.lay_out", lambda folder, layer: {NOTHING: folder})
    monkeypatch.setattr(provider.lay_out, "__defaults__", (tmp_path / "nowhere",))
    layouts, left_out = lay_out(tmp_path, tmp_path / "layer.zip")
    assert PROVIDER not in layouts
    (reason,) = left_out
    assert reason.startswith("AWS's provider (g) is left out: ")
