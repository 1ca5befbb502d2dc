"""An account whose secrets, parameters and objects change all the time, and readers who know what they may be shown."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fakes.aws import FakeAws
from tests.integration.sidecar import Sidecar

SECRETS = [f"turning/secret-{number}" for number in range(9)]
PARAMETERS = [f"/turning/parameter-{number}" for number in range(4)]
OBJECT = "turning/object"
LISTS = {"secrets": SECRETS, "parameters": PARAMETERS, "s3": [f"s3://{OBJECT}"]}


class Rotation:
    """Puts new versions into AWS; their values count from 0. Times are monotonic seconds."""

    def __init__(self, aws: FakeAws) -> None:
        self._aws = aws
        self._latest = dict.fromkeys([f"/secrets/{name}" for name in SECRETS], -1)
        self._latest |= dict.fromkeys([f"/parameters{name}" for name in PARAMETERS], -1)
        self._latest[f"/s3/{OBJECT}"] = -1
        self._replaced: dict[tuple[str, int], float] = {}  # when a version had surely been replaced
        self.targets = list(self._latest)
        for target in self.targets:
            self.turn(target)

    def turn(self, target: str) -> None:
        """The next version of it."""
        number = self._latest[target] + 1
        _, kind, name = target.split("/", 2)
        value = f"{target} {number}"
        if kind == "secrets":
            self._aws.rotate_secret(name, value)
        elif kind == "parameters":
            self._aws.put_parameter("/" + name, value)
        else:
            bucket, key = name.split("/", 1)
            self._aws.put_object(bucket, key, value)
        self._latest[target] = number
        self._replaced[target, number - 1] = time.monotonic()

    def problem(self, target: str, text: str, asked: float, ttl: float) -> str:
        """What is wrong with a value that a reader, who asked at that moment, got as a fresh one; "" if nothing."""
        found, _, number = text.rpartition(" ")
        if found != target:
            return f"{target} gave {text}"
        # It was sent for at most a TTL before the answer was decided, which was after the question.
        late = asked - ttl - self._replaced.get((target, int(number)), float("inf"))
        return f"{target} was replaced {late:.3f} s before it had to be fetched anew" if late > 0 else ""

    @contextmanager
    def going_on(self, seed: int, pause: float) -> Iterator[None]:
        """Something changes every few milliseconds."""
        chance = random.Random(seed)
        end = threading.Event()

        def turn() -> None:
            while not end.wait(pause * chance.random()):
                self.turn(chance.choice(self.targets))

        thread = threading.Thread(target=turn)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()


class Reader:
    """Reads over one connection, again and again, in a thread of its own. ``problems``: reads that were not right."""

    def __init__(self, sidecar: Sidecar, rotation: Rotation, ttl: float, seed: int) -> None:
        self.reads = 0
        self.problems: list[str] = []
        self._sidecar = sidecar
        self._rotation = rotation
        self._ttl = ttl
        self._random = random.Random(seed)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._sidecar.connect() as client:
                while not self._end.wait(0.004 * self._random.random()):
                    target = self._random.choice(self._rotation.targets)
                    asked = time.monotonic()
                    answer = client.get(target)
                    self.reads += 1
                    how = answer.header("preheat-cache")
                    if answer.status != 200 or how == "stale":
                        self.problems.append(f"{answer.status} {how} {answer.text}")
                    elif problem := self._rotation.problem(target, answer.text, asked, self._ttl):
                        self.problems.append(f"{how}: {problem}")
        except Exception as error:
            self.problems.append(repr(error))
            raise
