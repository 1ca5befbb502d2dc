"""IAM as far as a test needs it: everything is allowed but what was denied, and the refusal in IAM's words."""

from __future__ import annotations

import threading
from fnmatch import fnmatchcase

from tests.fakes.aws.errors import AwsError
from tests.fakes.aws.identities import Identity


class Denials:
    """Rules as (action, resource, role) patterns; `*` and `?` as in IAM. An action may leave its service out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[tuple[str, str, str]] = []

    def deny(self, action: str, resource: str = "*", role: str = "*") -> None:
        with self._lock:
            self._rules.append((action, resource, role))

    def clear(self) -> None:
        """Allow everything again."""
        with self._lock:
            self._rules.clear()

    def forbid(self, identity: Identity, action: str, *names: str) -> bool:
        """True where a rule forbids the action on a resource known under any of these names (ARN, name, as asked)."""
        with self._lock:
            rules = list(self._rules)
        return any(
            fnmatchcase(action if ":" in rule else action.partition(":")[2], rule)
            and fnmatchcase(identity.role, role)
            and any(fnmatchcase(name, resource) for name in names)
            for rule, resource, role in rules
        )

    def check(self, identity: Identity, action: str, shown: str, *names: str) -> None:
        """Raise AccessDeniedException where it is forbidden; `shown` is how the service's text names the resource."""
        if self.forbid(identity, action, shown, *names):
            raise AwsError("AccessDeniedException", refusal_text(identity, action, shown))


def refusal_text(identity: Identity, action: str, shown: str) -> str:
    return (
        f"User: {identity.arn} is not authorized to perform: {action} on resource: {shown} "
        f"because no identity-based policy allows the {action} action"
    )
