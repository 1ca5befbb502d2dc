"""(d) What somebody writes who has measured (c): eight threads, and parameters ten at a time."""

import os
from concurrent.futures import ThreadPoolExecutor

import boto3

THREADS = 8


def load():
    secrets, parameters, storage = (boto3.client(name) for name in ("secretsmanager", "ssm", "s3"))

    def secret(name):
        return [secrets.get_secret_value(SecretId=name)["SecretString"]]

    def ten_parameters(names):
        return [found["Value"] for found in parameters.get_parameters(Names=names, WithDecryption=True)["Parameters"]]

    def stored_object(url):
        bucket, _, key = url.removeprefix("s3://").partition("/")
        return [storage.get_object(Bucket=bucket, Key=key)["Body"].read()]

    names = listed("PARAMETERS")
    with ThreadPoolExecutor(THREADS) as pool:
        jobs = [pool.submit(secret, name) for name in listed("SECRETS")]
        jobs += [pool.submit(ten_parameters, names[start : start + 10]) for start in range(0, len(names), 10)]
        jobs += [pool.submit(stored_object, url) for url in listed("OBJECTS")]
        return [value for job in jobs for value in job.result()]


def listed(variable):
    return [name for name in os.environ[variable].split(",") if name]


VALUES = load()


def handler(_event, _context):
    return {"values": sum(bool(value) for value in VALUES)}
