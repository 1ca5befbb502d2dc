"""What is drawn where: colours and blocks on a terminal that shows them, plain ASCII everywhere else."""

from __future__ import annotations

import io
import os
import shutil

import pytest

from demo.terminal import Piece, Terminal, detect

UTF8 = {"TERM": "xterm-256color", "LANG": "en_US.UTF-8"}


class Screen(io.TextIOWrapper):
    """A stream that says whether it is a terminal."""

    def __init__(self, is_terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(
    ("is_terminal", "encoding", "environ", "colour", "unicode"),
    [
        (True, "utf-8", UTF8, True, True),
        (True, "UTF8", UTF8 | {"NO_COLOR": ""}, True, True),
        (False, "utf-8", UTF8, False, False),
        (True, "utf-8", UTF8 | {"NO_COLOR": "1"}, False, False),
        (True, "utf-8", UTF8 | {"TERM": "dumb"}, False, False),
        (True, "utf-8", {"LANG": "en_US.UTF-8"}, False, False),
        (True, "utf-8", UTF8 | {"LC_ALL": "C"}, True, False),
        (True, "iso8859-1", UTF8, True, False),
        (True, "ascii", UTF8, True, False),
    ],
)
def test_colour_and_blocks_are_for_terminals_that_have_them(is_terminal, encoding, environ, colour, unicode):
    terminal = detect(Screen(is_terminal, encoding), environ, 80)
    assert (colour, unicode) == (terminal.colour, terminal.unicode)


@pytest.mark.parametrize(
    ("is_terminal", "columns", "width"), [(True, 80, 79), (False, 80, 80), (True, 20, 44), (True, 300, 120)]
)
def test_the_width_is_the_terminals_within_bounds(monkeypatch, is_terminal, columns, width):
    monkeypatch.setattr(shutil, "get_terminal_size", lambda _default: os.terminal_size((columns, 24)))
    assert width == detect(Screen(is_terminal), UTF8).width


def test_a_width_that_is_asked_for_is_taken():
    assert 60 == detect(Screen(True), UTF8, 60).width


def test_blanks_at_the_end_of_a_line_are_left_out_even_in_several_pieces():
    assert "a\n\n" == Terminal(80, True, True).render([[Piece("a  "), Piece("  ", "dim"), Piece("")], [Piece(" ")]])


def test_each_character_becomes_one_ascii_character():
    assert "===:*~??\n" == Terminal(80, False, False).render([[Piece("█▌▐┊◆…é☃")]])
