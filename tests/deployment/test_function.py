"""examples/function, which three of the examples deploy: it works with a sidecar that has the lists they give."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.deployment.sam_template import ROOT
from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.sidecar import Sidecar


def test_it_reads_what_was_prefetched(opt, path, tmp_path):
    with FakeAws() as aws, FakeLambdaApi() as api:
        secret = aws.put_secret("example", {"username": "example", "password": "correct-horse"}).arn
        aws.put_parameter("/example/flag", "on")
        lists = {"PREHEAT_SECRETS": f"{secret}?required=true", "PREHEAT_PARAMETERS": "/example/flag?ttl=60s"}
        environ = {"PATH": path, **lists}
        with Sidecar.start(api, aws, opt=opt, folder=tmp_path / "sidecar", environ=environ) as sidecar:
            api.wait_next()
            calls = len(aws.calls)
            environ = {name: sidecar.environ[name] for name in ("AWS_SESSION_TOKEN", "PREHEAT_PORT")}
            environ |= {"SECRET": secret, "FLAG": "/example/flag", "PYTHONDONTWRITEBYTECODE": "1"}
            environ["PYTHONPATH"] = f"{ROOT / 'examples' / 'function'}:{ROOT / 'layer' / 'python'}"
            code = "import handler, json; print(json.dumps(handler.handler({}, None)))"
            done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
            assert (0, "") == (done.returncode, done.stderr)
            assert {"flag": "on", "password_read": True} == json.loads(done.stdout)
            assert calls == len(aws.calls)
