"""What every variant prefetches: ten secrets, ten parameters, two objects, from an AWS that takes 15 ms for a call."""

from __future__ import annotations

LATENCY_MS = 15.0
COUNT = 22

_SECRETS = {f"prod/service-{number}": f"a secret of forty characters, number {number:03}" for number in range(10)}
_PARAMETERS = {f"/prod/service/setting-{number}": f"the value of setting {number}" for number in range(10)}
_OBJECTS = {f"benchmark-bucket/table-{number}.csv": "currency,rate\n" + "EUR,1.0\n" * 250 for number in range(2)}

DATA = {"secrets": _SECRETS, "parameters": _PARAMETERS, "objects": _OBJECTS}
LISTS = {
    "PREHEAT_SECRETS": ",".join(_SECRETS),
    "PREHEAT_PARAMETERS": ",".join(_PARAMETERS),
    "PREHEAT_S3": ",".join(f"s3://{name}" for name in _OBJECTS),
}
READ = f"/secrets/{next(iter(_SECRETS))}"  # answered by Preheat and by the conventional extension
