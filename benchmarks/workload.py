"""What the variants read: so many resources of all three stores, or secrets alone; and values of given sizes."""

from __future__ import annotations

from typing import Any

LATENCIES_MS = (1, 15, 50)
COUNTS = (3, 20, 100)
MOST = 1000
SIZES = {100: "100 B", 4_000: "4 KB", 64_000: "64 KB", 1_000_000: "1 MB"}
MOST_OF_A_SECRET = 65_536  # bytes; what is not smaller by much lies in S3

BUCKET = "benchmark-bucket"


class Workload:
    """``count`` resources, a tenth of them objects, the rest half secrets, half parameters."""

    def __init__(self, count: int, *, secrets_only: bool = False) -> None:
        objects = 0 if secrets_only or count < 3 else max(count // 10, 1)
        secrets = count if secrets_only else (count - objects + 1) // 2
        self.count = count
        self.secrets = [f"prod/service-{number}" for number in range(secrets)]
        self.parameters = [f"/prod/service/setting-{number}" for number in range(count - objects - secrets)]
        self.objects = [f"s3://{BUCKET}/table-{number}.csv" for number in range(objects)]

    @property
    def for_function(self) -> dict[str, str]:
        """The variables that a function of ours reads."""
        lists = (self.secrets, self.parameters, self.objects)
        return {name: ",".join(of) for name, of in zip(("SECRETS", "PARAMETERS", "OBJECTS"), lists, strict=True)}

    @property
    def for_extension(self) -> dict[str, str]:
        """The variables that an extension prefetches by."""
        return {f"PREHEAT_{'S3' if name == 'OBJECTS' else name}": of for name, of in self.for_function.items()}


def data() -> dict[str, Any]:
    """For the stand-in: all that any workload names, and the values of all sizes."""
    most = Workload(MOST, secrets_only=True)
    secrets = {name: f"a secret of forty characters, number {name[-3:]:>3}" for name in most.secrets}
    parameters = {f"/prod/service/setting-{number}": f"the value of setting {number}" for number in range(MOST)}
    objects = {f"{BUCKET}/table-{number}.csv": "currency,rate\n" + "EUR,1.0\n" * 250 for number in range(MOST // 10)}
    for size in SIZES:
        name = name_of(size)
        (objects if name.startswith("s3://") else secrets)[name.removeprefix("s3://")] = "x" * size
    return {"secrets": secrets, "parameters": parameters, "objects": objects}


def name_of(size: int) -> str:
    """The resource that has ``size`` bytes: a secret, or an object where that is safely too much for one."""
    return f"s3://{BUCKET}/size-{size}" if size > MOST_OF_A_SECRET // 2 else f"prod/size-{size}"


def sizes_for_extension() -> dict[str, str]:
    """The variables to prefetch a value of each size by."""
    names = [name_of(size) for size in SIZES]
    return {
        "PREHEAT_SECRETS": ",".join(name for name in names if not name.startswith("s3://")),
        "PREHEAT_S3": ",".join(name for name in names if name.startswith("s3://")),
    }
