"""Answers as Parameter Store gives them."""

from extension.references import parameter_resource
from extension.sources.parameter_store import ParameterStore
from tests.unit.doubles import double
from tests.unit.sources.scripted import (
    ACCOUNT,
    REGION,
    ScriptedClient,
    directory,
    plan_and_run,
)

ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
SECRET = "/aws/reference/secretsmanager/"


def arn_of(name, region=REGION, account=ACCOUNT):
    return f"arn:aws:ssm:{region}:{account}:parameter/{name.strip('/')}"


def document(name, **changes):
    return {
        "ARN": arn_of(name),
        "Name": name,
        "Type": "String",
        "Value": f"value of {name}",
        "Version": 7,
        "LastModifiedDate": 1668586960.362,
        "DataType": "text",
        **changes,
    }


class Account:
    """Answers like Parameter Store. ``singles``: errors by what is asked for; ``missing``: unknown to a batch."""

    def __init__(self, singles=None, batch=None, missing=()):
        self.singles = singles or {}
        self.batch = batch
        self.missing = missing

    def __call__(self, asked):
        if asked.action == "GetParameter":
            spelling = asked.payload["Name"]
            return self.singles.get(spelling) or {"Parameter": self.parameter(spelling)}
        if self.batch is not None:
            return self.batch
        names = asked.payload["Names"]
        return {
            "Parameters": [self.parameter(name) for name in reversed(names) if name not in self.missing],
            "InvalidParameters": [name for name in names if name in self.missing],
        }

    @staticmethod
    def parameter(spelling):
        """What a name or an ARN, with a selector or without, is answered with."""
        place, _, last = spelling.rpartition("/")
        last, colon, selector = last.partition(":")
        name = f"{place}/{last}" if place else last
        if name.startswith("arn:"):
            name = "/" + name.partition(":parameter/")[2]
        return document(name, **({"Selector": colon + selector} if colon else {}))


def source_of(script):
    client = ScriptedClient(script)
    return ParameterStore(double(client), directory(), client.clock, 1000), client


def fetched(script, resources):
    source, client = source_of(script)
    outcomes, _ = plan_and_run(source, resources, client.clock)
    return outcomes, client


def parameters(count, **options):
    return [parameter_resource(f"/app/{number:03}", **options) for number in range(count)]
