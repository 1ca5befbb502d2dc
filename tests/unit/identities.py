"""Secrets and parameters as AWS answers them, and the links between their spellings."""

from extension.cache import Entry, EntryCache
from extension.clock import Instant
from extension.freshness import Policy
from extension.identity import Links, canonical_key
from extension.references import secret_resource
from extension.resolution import Resolver
from extension.sources.parameter import Parameter
from extension.sources.secrets_manager import Secret

REGION, ACCOUNT, OTHER = "eu-west-1", "123456789012", "999999999999"
ROLE = f"arn:aws:iam::{OTHER}:role/reader"
REFERENCE = "/aws/reference/secretsmanager/prod/db"


def secret_arn(name="prod/db", suffix="-AbCdEf", region=REGION, account=ACCOUNT):
    return f"arn:aws:secretsmanager:{region}:{account}:secret:{name}{suffix}"


def parameter_arn(name="app/x", region=REGION, account=ACCOUNT):
    return f"arn:aws:ssm:{region}:{account}:parameter/{name}"


def secret(name="prod/db", arn=None, version="v1"):
    return Secret({"ARN": arn or secret_arn(name), "Name": name, "VersionId": version, "SecretString": "hunter2"})


def parameter(name="/app/x", arn=None, kind="String", decrypted=True, **more):
    document = {"ARN": parameter_arn(name.strip("/")) if arn is None else arn, "Name": name, "Type": kind, "Version": 3}
    return Parameter({**document, "Value": "hunter2", **more}, decrypted)


class Bench:
    """Links, the cache that they point into, and the account that is learnt."""

    def __init__(self, account="", region=REGION):
        self.links = Links(region)
        self.cache = EntryCache(100, 1 << 20, self.links.drop)
        self.resolver = Resolver((), region, account, False)

    def keep(self, resource, value):
        key = canonical_key(resource, value)
        entry = self.cache.peek(key) or Entry(key, resource)
        entry.value, entry.sent, entry.policy = value, Instant(1.0, 1.0), Policy(300.0, 0.0, 0.0)
        self.cache.put(entry)
        self.links.join(self.links.spellings(resource, value, self.resolver), entry, self.cache)
        return entry

    def find(self, resource):
        return self.cache.peek(self.links.key(resource))


NAME, FULL, PARTIAL = secret_resource("prod/db"), secret_resource(secret_arn()), secret_resource(secret_arn(suffix=""))
