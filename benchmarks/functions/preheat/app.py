"""(b) Reads from the extension at the first invocation, by the client library that the layer brings."""

import os

import preheat


def handler(_event, _context):
    values = [preheat.get_secret(name) for name in listed("SECRETS")]
    values += [preheat.get_parameter(name) for name in listed("PARAMETERS")]
    values += [preheat.get_object(url) for url in listed("OBJECTS")]
    return {"values": sum(bool(value) for value in values)}


def listed(variable):
    return [name for name in os.environ[variable].split(",") if name]
