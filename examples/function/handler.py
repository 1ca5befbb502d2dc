"""The function that the examples attach Preheat's layer to: tells what it has read, but for the secret."""

import os

import preheat


def handler(event, context):
    """Read a secret and a parameter, which were fetched while the function booted."""
    password = preheat.get_secret(os.environ["SECRET"], field="password")
    return {"flag": preheat.get_parameter(os.environ["FLAG"]), "password_read": bool(password)}
