"""Everything a test puts into the stand-in: secrets, parameters, objects, roles, denials."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from tests.fakes.aws.context import Service
from tests.fakes.aws.denials import Denials
from tests.fakes.aws.identities import Identities, Identity
from tests.fakes.aws.object_checksums import checksum_headers
from tests.fakes.aws.parameter_data import Parameter
from tests.fakes.aws.s3 import Bucket, ObjectVersion, SimpleStorageService
from tests.fakes.aws.secret_data import CURRENT, Secret
from tests.fakes.aws.secrets_manager import SecretsManager
from tests.fakes.aws.ssm import ParameterStore
from tests.fakes.aws.sts import SecurityTokenService


class Data:
    """The data side of FakeAws. Region and account default to the stand-in's own."""

    def __init__(self, *, region: str, account_id: str, role: str, session: str) -> None:
        self.region = region
        self.account_id = account_id
        self.clock_offset = 0.0  # seconds that this AWS's clock is ahead of the machine's
        self.identities = Identities()
        self.denials = Denials()
        self.secrets_manager = SecretsManager()
        self.parameter_store = ParameterStore(self.secrets_manager)
        self.s3 = SimpleStorageService()
        self.sts = SecurityTokenService(self.identities)
        self.services: dict[str, Service] = {
            "secretsmanager": self.secrets_manager,
            "ssm": self.parameter_store,
            "s3": self.s3,
            "sts": self.sts,
        }
        self.identity = self.identities.add(Identity(account=account_id, role=role, session=session))

    def now(self) -> float:
        """Epoch seconds by this AWS's clock."""
        return time.time() + self.clock_offset

    # -- credentials --

    @property
    def credentials(self) -> dict[str, str]:
        """The AWS_* variables of the credentials that a client should use."""
        return self.identity.environ

    def rotate_credentials(self, *, keep_old: bool = True, lifetime: float | None = None) -> Identity:
        """Issue new credentials for the same role; `keep_old=False`: the old ones are unknown from now on."""
        old = self.identity
        new = Identity(account=old.account, role=old.role, session=old.session)
        if lifetime is not None:
            new.expires = self.now() + lifetime
        self.identity = self.identities.add(new)
        if not keep_old:
            self.identities.forget(old)
        return new

    def expire_credentials(self, identity: Identity | None = None) -> None:
        """From now on these credentials (the current ones by default) are answered with an expired token."""
        (identity or self.identity).expires = self.now()

    def add_role(self, arn: str, external_id: str | None = None) -> None:
        """A role that may be assumed."""
        self.sts.add_role(arn, external_id)

    def deny(self, action: str, resource: str = "*", role: str = "*") -> None:
        """Refuse an action ("ssm:GetParameter", "GetParameter", "kms:Decrypt") on resources (name or ARN pattern)."""
        self.denials.deny(action, resource, role)

    def allow_all(self) -> None:
        """Take back every deny()."""
        self.denials.clear()

    # -- secrets --

    def put_secret(
        self,
        name: str,
        value: str | bytes | dict[str, Any],
        *,
        stages: tuple[str, ...] = (CURRENT,),
        version_id: str | None = None,
        region: str | None = None,
        account: str | None = None,
    ) -> Secret:
        """Add a version (text, bytes for a binary secret, a dict for JSON), making the secret if there is none."""
        return self.secrets_manager.put(
            name,
            json.dumps(value) if isinstance(value, dict) else value,
            account=account or self.account_id,
            region=region or self.region,
            now=self.now(),
            stages=stages,
            version_id=version_id,
        )

    def rotate_secret(self, name: str, value: str | bytes | dict[str, Any], **where: Any) -> Secret:
        """A new AWSCURRENT; the one before becomes AWSPREVIOUS."""
        return self.put_secret(name, value, **where)

    def delete_secret(
        self, name: str, *, force: bool = False, region: str | None = None, account: str | None = None
    ) -> None:
        """Mark for deletion, so that reads are refused; `force`: remove, so that the next one gets another ARN."""
        self.secrets_manager.delete(name, account or self.account_id, region or self.region, force=force)

    # -- parameters --

    def put_parameter(
        self,
        name: str,
        value: str,
        *,
        type: str = "String",  # noqa: A002 - AWS's word
        labels: tuple[str, ...] = (),
        region: str | None = None,
        account: str | None = None,
    ) -> Parameter:
        """Add a version of a String, StringList or SecureString."""
        return self.parameter_store.put(
            name,
            value,
            kind=type,
            labels=labels,
            account=account or self.account_id,
            region=region or self.region,
            now=self.now(),
        )

    def label_parameter(
        self, name: str, version: int, *labels: str, region: str | None = None, account: str | None = None
    ) -> None:
        """Move labels to a version."""
        self.parameter_store.label(name, version, labels, account or self.account_id, region or self.region)

    def delete_parameter(self, name: str, *, region: str | None = None, account: str | None = None) -> None:
        self.parameter_store.delete(name, account or self.account_id, region or self.region)

    # -- objects --

    def create_bucket(self, name: str, *, region: str | None = None, versioned: bool = True) -> Bucket:
        return self.s3.create_bucket(name, region or self.region, versioned=versioned)

    def put_object(
        self,
        bucket: str,
        key: str,
        body: bytes | str,
        *,
        content_type: str = "binary/octet-stream",
        storage_class: str = "STANDARD",
        chunked: bool = False,
        checksum: str = "",
        region: str | None = None,
    ) -> ObjectVersion:
        """Add a version of an object, making the bucket (versioned, in the default region) if needed.

        `checksum`: the algorithm of the one that is kept with it, or "algorithm=value".
        """
        self.create_bucket(bucket, region=region)
        data = body.encode() if isinstance(body, str) else body
        version = ObjectVersion(data, content_type, storage_class, self.now())
        version.chunked = chunked
        version.checksum_headers = checksum_headers(checksum, data)
        return self.s3.put(bucket, key, version)

    def delete_object(self, bucket: str, key: str) -> None:
        """Put a delete marker on top."""
        self.s3.put(bucket, key, ObjectVersion(None, "", "STANDARD", self.now()))

    # -- all at once --

    def load(self, document: dict[str, Any]) -> None:
        """Fill from a document: {"secrets": {name: …}, "parameters": {…}, "objects": {"bucket/key": …}, "roles": […]}.

        An item is a text, or an object with "value" (or "base64" for bytes) and options of the put methods.
        """
        for name, item in document.get("secrets", {}).items():
            value, options = _value_and_options(item)
            self.put_secret(name, value, **options)
        for name, item in document.get("parameters", {}).items():
            value, options = _value_and_options(item)
            self.put_parameter(name, str(value), **options)
        for place, item in document.get("objects", {}).items():
            value, options = _value_and_options(item)
            bucket, _, key = place.partition("/")
            self.put_object(bucket, key, value, **options)
        for arn in document.get("roles", []):
            self.add_role(arn)


def _value_and_options(item: Any) -> tuple[Any, dict[str, Any]]:
    if not isinstance(item, dict):
        return item, {}
    options: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in item.items()}
    if "base64" in options:
        return base64.b64decode(options.pop("base64")), options
    return options.pop("value"), options
