"""A secret as Secrets Manager keeps it: versions, staging labels that move between them, an ARN with a random end."""

from __future__ import annotations

import secrets
import string

from tests.fakes.aws.context import milliseconds, partition_of

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


class SecretVersion:
    """One version: text or bytes, the stages attached to it, and its birth in epoch seconds."""

    def __init__(self, value: str | bytes, version_id: str, created: float) -> None:
        self.value = value
        self.version_id = version_id
        self.created = milliseconds(created)
        self.stages: list[str] = []


class Secret:
    """One secret; a name that is deleted and made again gets another ARN."""

    def __init__(self, name: str, account: str, region: str) -> None:
        suffix = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(6))
        self.name = name
        self.account = account
        self.region = region
        self.arn = f"arn:{partition_of(region)}:secretsmanager:{region}:{account}:secret:{name}-{suffix}"
        self.versions: dict[str, SecretVersion] = {}
        self.marked_deleted = False
        self.unreadable_key = False

    def staged(self, stage: str) -> SecretVersion | None:
        return next((version for version in self.versions.values() if stage in version.stages), None)

    @property
    def version_id(self) -> str:
        """The id of the AWSCURRENT version."""
        current = self.staged(CURRENT)
        return current.version_id if current else ""

    def attach(self, version: SecretVersion, stages: tuple[str, ...]) -> None:
        """Move stages to a version; AWSCURRENT leaves AWSPREVIOUS where it was, as in a rotation."""
        for stage in stages:
            holder = self.staged(stage)
            if holder is version:
                continue
            if holder is not None:
                holder.stages.remove(stage)
                if stage == CURRENT:
                    self.attach(holder, (PREVIOUS,))
            version.stages.append(stage)

    def __repr__(self) -> str:
        return f"<Secret {self.arn}>"
