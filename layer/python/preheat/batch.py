"""Reading many things in few questions (``POST /batch``), and having them fetched anew (``POST /refresh``)."""

from __future__ import annotations

import json
from binascii import a2b_base64

from preheat.errors import NotFound, PreheatError, SidecarUnavailable, called, from_problem, refusal
from preheat.values import document_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from preheat.channel import Channel

    Item = str | Mapping[str, Any]

SECRETS = "secrets"
PARAMETERS = "parameters"
_ONE = {SECRETS: "secret", PARAMETERS: "parameter"}
# What the sidecar takes at once (contract §3.2).
_MOST_ITEMS = 100
_MOST_BYTES = 60_000


class Wanted:
    """One thing to read: ``item`` as the sidecar is asked for it, ``name`` the string under which it answers."""

    __slots__ = ("item", "kind", "max_age", "name")

    def __init__(self, kind: str, item: Item, max_age: float | None = None) -> None:
        if max_age is not None and not max_age >= 0:
            raise ValueError("max_age must be 0 or more")
        self.kind = kind
        self.item = item if isinstance(item, str) else dict(item)
        self.max_age = max_age
        name = item if isinstance(item, str) else item.get("id") or item.get("name")
        if not isinstance(name, str) or not name:
            raise ValueError("an item is a name, or a mapping with a name under id or name")
        self.name = name

    @property
    def what(self) -> tuple[str, str]:
        """What errors call it by."""
        return _ONE[self.kind], self.name


class Found:
    """What a batch has for one item: the value and its age in seconds, or why there is none. The repr shows no
    value."""

    __slots__ = ("age", "error", "value")

    def __init__(self, value: Any = None, age: float = 0.0, error: PreheatError | None = None) -> None:
        self.value = value
        self.age = age
        self.error = error

    def __repr__(self) -> str:
        return f"<Found {type(self.error or self.value).__name__}>"


class Refreshed:
    """What ``refresh`` did: how many were fetched anew, which failed and why, how many were too new to be fetched
    again."""

    __slots__ = ("failed", "refreshed", "skipped")

    def __init__(self) -> None:
        self.refreshed = 0
        self.failed: dict[str, PreheatError] = {}
        self.skipped = 0

    def __repr__(self) -> str:
        return f"<Refreshed: refreshed={self.refreshed} failed={len(self.failed)} skipped={self.skipped}>"


class Batch:
    """Asks for many things over one client's channel."""

    __slots__ = ("_channel", "_token")

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._token = channel.token

    def read(self, wanted: Sequence[Wanted]) -> list[Found]:
        """What the sidecar has, in the order of ``wanted``. Nothing is fetched but what it does not hold."""
        found: list[Found] = []
        for portion in _portions(wanted):
            document = self._post("/batch", portion)
            found += [self._found(each, document) for each in portion]
        return found

    def renew(self, wanted: Sequence[Wanted]) -> list[Found]:
        """The same, but fetched from AWS before: a value that could not be fetched is an error."""
        errors: dict[int, PreheatError] = {}
        if self.refresh(wanted).failed:
            # Failures come under the sidecar's own names for things: ask one by one whose they are. What has just
            # succeeded is skipped then.
            for index, each in enumerate(wanted):
                for error in self.refresh([each]).failed.values():
                    errors[index] = error
        found = self.read(wanted)
        for index, error in errors.items():
            found[index] = Found(error=error)
        return found

    def refresh(self, wanted: Sequence[Wanted] | None) -> Refreshed:
        """Have them fetched; None: what is listed, and all that was read since its last fetch."""
        total = Refreshed()
        for portion in [[]] if wanted is None else _portions(wanted):
            document = self._post("/refresh", portion)
            try:
                total.refreshed += int(document["refreshed"])
                total.skipped += int(document["skipped"])
                for label, problem in document["failed"].items():
                    total.failed[label] = from_problem(repr(label), problem, self._token)
            except (AttributeError, KeyError, TypeError, ValueError):
                raise _strange("/refresh") from None
        return total

    def _post(self, path: str, portion: Iterable[Wanted]) -> Any:
        question: dict[str, list[Item]] = {}
        for each in portion:
            question.setdefault(each.kind, []).append(each.item)
        body = json.dumps(question, separators=(",", ":")).encode("ascii")
        fields = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        answer = self._channel.ask(b"POST " + path.encode("ascii"), fields, body)
        if answer.status != 200:
            raise refusal(path, answer, self._token)
        return document_of(answer.body, path)

    def _found(self, wanted: Wanted, document: Any) -> Found:
        try:
            shown = document[wanted.kind][wanted.name]
            if "error" in shown:
                return Found(error=from_problem(called(wanted.what), shown["error"], self._token))
            value = a2b_base64(shown["base64"]) if "base64" in shown else shown["value"]
            age = float(shown["age"])
        except (KeyError, TypeError, ValueError):
            raise _strange("/batch") from None
        if value is None and wanted.kind == PARAMETERS:  # a binary secret through SSM
            message = f"{called(wanted.what)}: it has no text; read it as a secret (NoText)"
            return Found(error=NotFound(message, status=404, code="NoText"))
        return Found(value, age)


def distinct(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Each once; ``ValueError`` where the same is asked for twice in different ways: answers come by name."""
    first: dict[tuple[str, str], Wanted] = {}
    for each in wanted:
        before = first.setdefault((each.kind, each.name), each)
        if before.item != each.item:
            raise ValueError(f"{called(each.what)} is asked for in two ways: ask for one of them in another call")
    return list(first.values())


def _portions(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    """As many at once as the sidecar takes."""
    portion: list[Wanted] = []
    size = 0
    for each in wanted:
        length = len(json.dumps(each.item)) + 1
        if portion and (len(portion) == _MOST_ITEMS or size + length > _MOST_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(each)
        size += length
    if portion:
        yield portion


def _strange(path: str) -> SidecarUnavailable:
    return SidecarUnavailable(f"the answer to {path} is not Preheat's: is another program bound to its port?")
