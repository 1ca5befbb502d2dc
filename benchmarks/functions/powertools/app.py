"""(e) Powertools parameters at the first invocation, as its documentation shows it; objects by boto3.

https://docs.powertools.aws.dev/lambda/python/latest/utilities/parameters/
"""

import os

import boto3
from aws_lambda_powertools.utilities import parameters


def handler(_event, _context):
    values = [parameters.get_secret(name, max_age=300) for name in listed("SECRETS")]
    names = listed("PARAMETERS")
    if names:  # it asks for ten at a time
        values += parameters.get_parameters_by_name({name: {} for name in names}, max_age=300, decrypt=True).values()
    urls = listed("OBJECTS")
    if urls:
        storage = boto3.client("s3")
        for url in urls:
            bucket, _, key = url.removeprefix("s3://").partition("/")
            values.append(storage.get_object(Bucket=bucket, Key=key)["Body"].read())
    return {"values": sum(bool(value) for value in values)}


def listed(variable):
    return [name for name in os.environ[variable].split(",") if name]
