"""Refusals of malformed members, in the words of the framework that AWS's JSON services share."""

from __future__ import annotations

from typing import Any

from tests.fakes.aws.errors import AwsError


def text_member(parameters: dict[str, Any], name: str, low: int, high: int, *, required: bool = False) -> str | None:
    """A member with a length, checked and refused as AWS's framework does."""
    value = parameters.get(name)
    member = name[0].lower() + name[1:]
    if value is None:
        if required:
            raise constraint("null", member, "Member must not be null")
        return None
    if not isinstance(value, str):
        raise AwsError("SerializationException", status=400)
    if len(value) < low:
        raise constraint(f"'{value}'", member, f"Member must have length greater than or equal to {low}")
    if len(value) > high:
        raise constraint(f"'{value}'", member, f"Member must have length less than or equal to {high}")
    return value


def constraint(value: str, member: str, rule: str) -> AwsError:
    """A ValidationException in the words of AWS's request validation."""
    text = f"1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {rule}"
    return AwsError("ValidationException", text, spelling="message")


def too_many(member: str, values: list[str], limit: int) -> AwsError:
    shown = f"'[{', '.join(values)}]'"
    return constraint(shown, member, f"Member must have length less than or equal to {limit}")
