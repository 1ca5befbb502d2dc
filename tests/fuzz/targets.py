"""What is fuzzed: each target takes any bytes, and fails where one of its promises does not hold."""

from __future__ import annotations

from collections.abc import Callable

from extension.api import parameters_and_secrets as drop_in
from extension.api import questions, secrets_agent
from extension.api.questions import Question
from extension.errors import InvalidSetting
from extension.references import SERVICES, ListEntry, merge, parse_list
from extension.resolution import Resolver
from tests.unit.http1.reading import agreed_answer, agreed_requests

LONGEST = 2048  # bytes of an input


def requests(data: bytes) -> None:
    """The request parser accepts nothing that h11 refuses, reads what both accept alike, wherever it is cut; it raises
    nothing but BadMessage."""
    if data:  # h11 takes nothing for the end of the connection
        agreed_requests(data, range(1, len(data)))


def answers(data: bytes) -> None:
    """The same of the response parser. The first byte says whether it is an answer to HEAD."""
    agreed_answer(data[1:], data[:1] > b"\x7f", range(1, len(data) - 1))


def references(data: bytes) -> None:
    """A list is read, or refused with one printable line; what it names may be read, and a stranger may not."""
    text = data.decode("latin-1")
    for service in SERVICES:
        try:
            entries = merge(parse_list(service, text, "PREHEAT_LIST"))
        except InvalidSetting as refusal:
            _check_words(refusal)
        else:
            _check_entries(service, entries)
    path, _, query = "".join([character for character in text if "!" <= character <= "~"]).partition("?")
    for ask, place in _ASKED:
        try:
            question = ask(_NOTHING_LISTED, place + path, query)
        except secrets_agent.Malformed:
            pass  # repeats what was sent, as the agent does, in a body
        except ValueError as refusal:
            _check_words(refusal)
        else:
            for resource in question.resources if question else ():
                assert not set(resource.name) & {"\r", "\n", "\0"}
                assert not _NOTHING_LISTED.permits(resource)


def _resolver(entries: list[ListEntry]) -> Resolver:
    return Resolver(entries, "us-east-1", "123456789012", listed_only=True)


_NOTHING_LISTED = _resolver([])
_ASKED: tuple[tuple[Callable[[Resolver, str, str], Question | None], str], ...] = (
    (questions.secret, "/secrets/"),
    (questions.parameter, "/parameters/"),
    (questions.s3_object, "/s3/"),
    (secrets_agent.ask, "/v1/"),
    (lambda resolver, path, query: drop_in.ask_secret(resolver, f"secretId={path}&{query}"), ""),
    (lambda resolver, path, query: drop_in.ask_parameter(resolver, f"name={path}&{query}"), ""),
)


def _check_words(refusal: Exception) -> None:
    """They go into a log line or an answer."""
    assert str(refusal).isprintable()
    assert len(str(refusal)) < 1000


def _check_entries(service: str, entries: list[ListEntry]) -> None:
    resolver = _resolver(entries)
    for entry in entries:
        if entry.pattern:
            assert not entry.covers(entry.resource.name)
            assert entry.covers(entry.resource.name + "x")
        else:
            assert entry.covers(entry.resource.name)
            assert resolver.permits(resolver.meant(entry.resource))
        for alias in entry.aliases:
            assert resolver.alias(service, alias) is not None


TARGETS = {"requests": requests, "answers": answers, "references": references}
