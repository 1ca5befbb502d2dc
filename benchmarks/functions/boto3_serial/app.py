"""(c) What most people write: one call after another in static code."""

import os

import boto3


def load():
    secrets, parameters, storage = (boto3.client(name) for name in ("secretsmanager", "ssm", "s3"))
    values = [secrets.get_secret_value(SecretId=name)["SecretString"] for name in listed("SECRETS")]
    values += [
        parameters.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] for name in listed("PARAMETERS")
    ]
    for url in listed("OBJECTS"):
        bucket, _, key = url.removeprefix("s3://").partition("/")
        values.append(storage.get_object(Bucket=bucket, Key=key)["Body"].read())
    return values


def listed(variable):
    return [name for name in os.environ[variable].split(",") if name]


VALUES = load()


def handler(_event, _context):
    return {"values": sum(bool(value) for value in VALUES)}
