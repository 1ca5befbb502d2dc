"""What an operation needs to know about the request it answers."""

from __future__ import annotations

from typing import Protocol

from tests.fakes.aws.calls import Call
from tests.fakes.aws.denials import Denials
from tests.fakes.aws.identities import Identity
from tests.fakes.http_message import Reply, Request


class Context:
    """One authenticated request: who asks, for which region, at what time (epoch seconds by the stand-in's clock)."""

    def __init__(
        self, call: Call, request: Request, identity: Identity, denials: Denials, region: str, now: float
    ) -> None:
        self.call = call
        self.request = request
        self.identity = identity
        self.denials = denials
        self.region = region
        self.now = now


class Service(Protocol):
    """One of the services: answers what was authenticated; raises AwsError."""

    def answer(self, context: Context) -> Reply: ...


def partition_of(region: str) -> str:
    """The partition that ARNs of a region begin with."""
    for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc")):
        if region.startswith(prefix):
            return partition
    return "aws"


def milliseconds(epoch: float) -> float:
    """An epoch time as the JSON services write it: seconds with three digits."""
    return round(epoch, 3)
