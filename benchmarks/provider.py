"""AWS's Workload Credentials Provider (the Secrets Manager Agent of old), built from its published crate, once.

python -m benchmarks.provider builds it into .cache/bench/provider; exits 0 where it cannot, and says why: the benchmark
then leaves it out. AWS publishes no binary, and starts it in Lambda by a script that lies in the crate:
https://github.com/aws/aws-workload-credentials-provider
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.emulator.namespace import ROOT

CRATE, LIBRARY, VERSION = "aws_workload_credentials_provider", "aws_secretsmanager_provider", "3.1.2"
BINARY = "aws-workload-credentials-provider"
SCRIPT = "secrets-manager-provider-extension.sh"
FOLDER = ROOT / ".cache" / "bench" / "provider"
LIMIT = 40 * 60  # seconds; five minutes on two free CPUs


class NoProvider(Exception):
    """It is not here; says why."""


def lay_out(opt: Path, folder: Path = FOLDER) -> Path:
    """/opt as a layer of it would have it: the binary, and the example's script, whose path to it is fixed."""
    if not (folder / "bin" / BINARY).exists():
        raise NoProvider(_why_not(folder))
    for name in ("extensions", "bin"):
        (opt / name).mkdir(parents=True)
    shutil.copy(folder / SCRIPT, opt / "extensions" / SCRIPT)
    (opt / "extensions" / SCRIPT).chmod(0o755)
    shutil.copy(folder / "bin" / BINARY, opt / "bin" / BINARY)
    return opt


def environ(ca_bundle: str) -> dict[str, str]:
    """rustls asks for its roots by OpenSSL's variable, not by the AWS SDKs'."""
    return {"SSL_CERT_FILE": ca_bundle}


def build(folder: Path = FOLDER) -> None:
    """Build it, if it is not there; raises NoProvider."""
    if (folder / "bin" / BINARY).exists() and (folder / SCRIPT).exists():
        return
    cargo = shutil.which("cargo")
    missing = [name for name in ("bash", "curl") if shutil.which(name) is None]
    if cargo is None or missing:
        raise NoProvider(f"there is no {' and no '.join(missing or ['cargo'])} to {'start' if missing else 'build'} it")
    folder.mkdir(parents=True, exist_ok=True)
    print(f"Building {CRATE} {VERSION} with cargo, once: several minutes", file=sys.stderr)
    command = [cargo, "install", CRATE, "--version", f"={VERSION}", "--locked", "--quiet", "--root", str(folder)]
    with open(folder / "log", "wb") as log:
        try:
            status = subprocess.run(
                command,
                stdout=log,
                stderr=log,
                env=os.environ | {"CARGO_TARGET_DIR": str(folder / "target")},
                timeout=LIMIT,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            raise NoProvider(f"cargo did not build it within {LIMIT // 60} minutes") from None
    if status:
        raise NoProvider(f"cargo could not build it, see {folder / 'log'}")
    shutil.copy(_script(), folder / SCRIPT)
    shutil.rmtree(folder / "target", ignore_errors=True)


def _script() -> Path:
    """The example for Lambda, in the sources that cargo has just unpacked."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    for path in home.glob(f"registry/src/*/{LIBRARY}-{VERSION}/examples/example-lambda-extension/{SCRIPT}"):
        return path
    raise NoProvider(f"the crate has no {SCRIPT}")


def _why_not(folder: Path) -> str:
    if (folder / "log").exists():
        return "it could not be built here"
    return "it was not built" if shutil.which("cargo") else "there is no cargo to build it"


def main() -> None:
    try:
        build()
    except NoProvider as reason:
        print(f"AWS's provider is left out: {reason}", file=sys.stderr)


if __name__ == "__main__":
    main()
