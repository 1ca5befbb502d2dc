"""template.yaml, read by a parser, with what CloudFormation would put in: names, ARNs, and the function's policy."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.aws.denials import Denials
from tests.fakes.aws.identities import Identity

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
REGION, ACCOUNT, STACK = "us-east-1", "123456789012", "shop"
FUNCTION = "OrderPricing"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags: `!Sub x` is {"Fn::Sub": "x"}."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    raise TypeError(f"!{suffix} of a mapping")


_Loader.add_multi_constructor("!", _tagged)


def load(path: Path = TEMPLATE) -> dict[str, Any]:
    """The document, its tags as CloudFormation's long forms."""
    document: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # a subclass of SafeLoader
    return document


class Stack:
    """The template as deployed: its references resolved, wherever they are."""

    def __init__(self, secret_arn: str = "") -> None:
        self.document = load()
        self.resources: dict[str, Any] = self.document["Resources"]
        self.secret_name = f"DatabaseSecret-{STACK}"
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{self.secret_name}-AbCdEf"
        self.bucket = f"{STACK}-pricetables-1a2b3c"
        self._values = {
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
            "AWS::StackName": STACK,
            "DatabaseSecret": secret_arn or arn,
            "PriceTables": self.bucket,
            "PriceTables.Arn": f"arn:aws:s3:::{self.bucket}",
        }
        self.parameter = self.resolve(self.resources["VolumeDiscount"]["Properties"]["Name"])
        self._values["VolumeDiscount"] = self.parameter

    def resolve(self, node: Any) -> Any:
        """`node` without references; KeyError for one that is not known here."""
        if isinstance(node, list):
            return [self.resolve(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "Ref" in node:
            return self._values[node["Ref"]]
        if "Fn::GetAtt" in node:
            return self._values[".".join(node["Fn::GetAtt"])]
        if "Fn::Sub" in node:
            return re.sub(r"\$\{([^!}]+)}", lambda match: self._values[match[1]], node["Fn::Sub"])
        return {name: self.resolve(value) for name, value in node.items()}

    @property
    def function(self) -> dict[str, Any]:
        """The function's properties, as written."""
        properties: dict[str, Any] = self.resources[FUNCTION]["Properties"]
        return properties

    @property
    def variables(self) -> dict[str, str]:
        """The function's environment."""
        variables: dict[str, str] = self.resolve(self.function["Environment"]["Variables"])
        return variables

    @property
    def statements(self) -> list[dict[str, Any]]:
        """The function's policy; actions and resources as lists."""
        statements = []
        for policy in self.function["Policies"]:
            for statement in self.resolve(policy["Statement"]):
                many = {name: _listed(statement[name]) for name in ("Action", "Resource")}
                statements.append(statement | many)
        return statements

    @property
    def objects(self) -> list[str]:
        """The prefetched objects' ARNs."""
        entries = self.variables["PREHEAT_S3"].split(",")
        return ["arn:aws:s3:::" + entry.partition("?")[0].strip().removeprefix("s3://") for entry in entries]


class Policy(Denials):
    """IAM for the stand-in for AWS, the other way round: nothing is allowed but what the statements allow.

    `refused`: what was tried and is not allowed."""

    def __init__(self, statements: list[dict[str, Any]]) -> None:
        super().__init__()
        self.statements = statements
        self.refused: list[tuple[str, str]] = []

    def forbid(self, identity: Identity, action: str, *names: str) -> bool:
        if action == "kms:Decrypt" or allows(self.statements, action, *names):
            return False  # the key is AWS's own, whose policy lets every reader of the secret use it
        self.refused.append((action, names[0]))
        return True


def allows(statements: list[dict[str, Any]], action: str, *names: str) -> bool:
    """Whether a statement allows the action on what is known under any of these names."""
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatchcase(action, pattern) for pattern in statement["Action"])
        and any(fnmatchcase(name, pattern) for name in names for pattern in statement["Resource"])
        for statement in statements
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
