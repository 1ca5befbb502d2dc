"""moto as a process of its own, with the tests' data in it and every signature checked: prints one line of JSON, the
environment of a function that may read it, and serves until SIGTERM.

python -m tests.emulator.moto_server data.json
"""

from __future__ import annotations

import base64
import json
import os
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

REGION = "us-east-1"
_UNCHECKED = 1e6  # requests until moto begins to look at signatures
_ADMIN = {"aws_access_key_id": "admin", "aws_secret_access_key": "admin", "region_name": REGION}


def main() -> None:
    """Serve; the argument names the file with the data."""
    os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = str(_UNCHECKED)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    fill(url, json.loads(Path(sys.argv[1]).read_text()))
    credentials = assumed_role(url)
    reset = urllib.request.Request(f"{url}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
    urllib.request.urlopen(reset).close()
    environ = {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": url,
    }
    print(json.dumps(environ), flush=True)
    threading.Event().wait()


def fill(url: str, data: dict[str, Any]) -> None:
    """As Data.load of the stand-in, as far as the tests need it."""
    secrets, parameters, storage = (
        boto3.client(name, endpoint_url=url, **_ADMIN) for name in ("secretsmanager", "ssm", "s3")
    )
    for name, item in data["secrets"].items():
        value = _value(item)
        kind = "SecretBinary" if isinstance(value, bytes) else "SecretString"
        secrets.create_secret(Name=name, **{kind: value})
    for name, item in data["parameters"].items():
        parameters.put_parameter(Name=name, Value=item["value"], Type=item["type"])
    for bucket in {name.partition("/")[0] for name in data["objects"]}:
        storage.create_bucket(Bucket=bucket)
    for name, item in data["objects"].items():
        bucket, _, key = name.partition("/")
        storage.put_object(Bucket=bucket, Key=key, Body=_value(item))


def assumed_role(url: str) -> dict[str, Any]:
    """Temporary credentials, like those of a function, that may read everything."""
    iam = boto3.client("iam", endpoint_url=url, **_ADMIN)
    role = iam.create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]
    statement = {"Effect": "Allow", "Action": ["secretsmanager:*", "ssm:*", "s3:*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="function", PolicyName="read", PolicyDocument=policy)
    sts = boto3.client("sts", endpoint_url=url, **_ADMIN)
    credentials: dict[str, Any] = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="function")["Credentials"]
    return credentials


def _value(item: dict[str, str]) -> str | bytes:
    return base64.b64decode(item["base64"]) if "base64" in item else item["value"]


if __name__ == "__main__":
    main()
