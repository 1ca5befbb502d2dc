"""STS AssumeRole (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)."""

from __future__ import annotations

from extension import dates
from extension.aws import outcome, xml
from extension.aws.call import Call
from extension.aws.credentials import Credentials
from extension.percent import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.aws.call import Budget
    from extension.aws.client import Client
    from extension.aws.endpoints import Endpoint

SESSION_NAME = "preheat"


def assume_role(client: Client, endpoint: Endpoint, region: str, role: str, budget: Budget) -> Credentials:
    """Temporary keys of ``role`` (an ARN), asked for with the function's own; ``SourceError`` where that is refused."""
    form = f"Action=AssumeRole&Version=2011-06-15&RoleArn={encode(role)}&RoleSessionName={SESSION_NAME}"  # for 1 h
    headers = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
    answer = client.perform(Call("sts", region, endpoint, headers=headers, body=form.encode("ascii")), budget)
    try:
        fields = dict(xml.leaves(answer.body))
        keys = fields["AccessKeyId"], fields["SecretAccessKey"], fields["SessionToken"]
    except (ValueError, KeyError):
        raise outcome.failure(outcome.TRANSIENT, "", "AssumeRole was answered with nonsense") from None
    expires = dates.from_iso(fields.get("Expiration", ""))
    return Credentials(*keys, expires=float("inf") if expires is None else expires)
