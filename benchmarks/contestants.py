"""Who is measured: what lies on /opt, which function reads, and what both are told."""

from __future__ import annotations

from pathlib import Path

from benchmarks import provider, variants
from benchmarks.variants import CONVENTIONAL, PREHEAT
from benchmarks.workload import Workload

NOTHING = variants.NOTHING
PROVIDER = "AWS's provider"
FUNCTIONS = variants.HERE / "functions"


class Contestant:
    """``key`` names it in the results, ``title`` for people. ``secrets_only``: it is measured with nothing else."""

    __slots__ = ("extension", "function", "key", "opt", "paths", "secrets_only", "title")

    def __init__(
        self,
        key: str,
        title: str,
        *,
        opt: str = NOTHING,
        function: str,
        paths: tuple[str, str, str] = ("", "", ""),
        secrets_only: bool = False,
    ) -> None:
        self.key = key
        self.title = title
        self.opt = opt
        self.function = FUNCTIONS / function
        self.paths = paths  # of a secret, a parameter, an object, as far as the name
        self.secrets_only = secrets_only
        self.extension = opt != NOTHING

    def environ(self, workload: Workload, aws: dict[str, str]) -> dict[str, str]:
        """The environment's variables, besides the function's own."""
        reads = dict(zip(("READ_SECRET", "READ_PARAMETER", "READ_OBJECT"), self.paths, strict=True))
        told = aws | workload.for_function | reads
        if self.opt in (PREHEAT, CONVENTIONAL):
            told |= workload.for_extension
        if self.opt == PROVIDER:
            told |= provider.environ(aws["AWS_CA_BUNDLE"])
        return told


_LOCAL = ("/secrets/", "/parameters", "/s3/")

CONTESTANTS = (
    Contestant("a", "nothing (reads nothing)", function="nothing"),
    Contestant("b", "Preheat", opt=PREHEAT, function="preheat"),
    Contestant("c", "boto3, one after another", function="boto3_serial"),
    Contestant("d", "boto3, eight threads", function="boto3_threads"),
    Contestant("e", "Powertools, first invocation", function="powertools"),
    Contestant("f", "requests + boto3 extension", opt=CONVENTIONAL, function="localhost", paths=_LOCAL),
    Contestant("b, secrets", "Preheat, secrets alone", opt=PREHEAT, function="preheat", secrets_only=True),
    Contestant(
        *("g, secrets", "AWS's provider, secrets alone"),
        opt=PROVIDER,
        function="localhost",
        paths=("/secretsmanager/get?secretId=", "", ""),
        secrets_only=True,
    ),
)
BY_KEY = {contestant.key: contestant for contestant in CONTESTANTS}
BASE, BASE_OF_SECRETS = "b", "b, secrets"


def base_of(key: str) -> str:
    """Whom ``key`` is compared with: Preheat with the same workload."""
    return BASE_OF_SECRETS if BY_KEY[key].secrets_only else BASE


def lay_out(folder: Path, layer: Path) -> tuple[dict[str, Path], list[str]]:
    """What lies on /opt, by name, and what is left out, in words."""
    layouts = variants.lay_out(folder, layer)
    try:
        layouts[PROVIDER] = provider.lay_out(folder / "provider")
    except provider.NoProvider as reason:
        return layouts, [f"AWS's provider (g) is left out: {reason}."]
    return layouts, []
