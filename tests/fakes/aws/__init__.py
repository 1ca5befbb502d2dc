"""A stand-in for AWS: Secrets Manager, Parameter Store, S3 and STS on one port. See FakeAws."""

from tests.fakes.aws.calls import Call
from tests.fakes.aws.faults import Fault
from tests.fakes.aws.hold import Hold
from tests.fakes.aws.identities import Identity
from tests.fakes.aws.server import FakeAws
from tests.fakes.waiting import Timeout

__all__ = ("Call", "FakeAws", "Fault", "Hold", "Identity", "Timeout")
