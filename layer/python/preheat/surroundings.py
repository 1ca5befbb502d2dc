"""What the environment says: port, token, whether to keep values; and what to do where no sidecar answers."""

from __future__ import annotations

import os

from preheat.errors import SidecarUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT = 2773
_FALSE = ("false", "0", "no", "off")
_LAUNCHER = "/opt/extensions/preheat"


def port(environ: Mapping[str, str]) -> int:
    """Where the sidecar listens. AWS's variable is followed where it makes sense, as the sidecar does."""
    own = environ.get("PREHEAT_PORT", "").strip()
    if own:
        number = _port(own, 1024)
        if not number:
            raise SidecarUnavailable("PREHEAT_PORT must be a port from 1024 to 65535 other than 9001")
        return number
    return _port(environ.get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "").strip(), 1) or DEFAULT_PORT


def token(environ: Mapping[str, str]) -> str:
    """What shows the sidecar that the question comes from this execution environment, in the contract's order (§3); ""
    where there is none. No network call is made for it."""
    try:
        value = environ["AWS_SESSION_TOKEN"]  # looked up for every question, and nearly always there
    except KeyError:
        value = ""
    return value or environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN") or environ.get("PREHEAT_TOKEN") or ""


def caching(environ: Mapping[str, str]) -> bool:
    """Whether layer 1 is on: unless ``PREHEAT_CLIENT_CACHE`` says no."""
    return environ.get("PREHEAT_CLIENT_CACHE", "").strip().lower() not in _FALSE


def absent(environ: Mapping[str, str], port: int) -> SidecarUnavailable:
    """What to tell a caller where nothing listens."""
    if environ.get("PREHEAT_ENABLED", "").strip().lower() in _FALSE:
        advice = "PREHEAT_ENABLED switches it off; unset it"
    elif not environ.get("AWS_LAMBDA_FUNCTION_NAME"):
        advice = "outside Lambda start it by hand, `python -m extension`, with the same PREHEAT_PORT and PREHEAT_TOKEN"
    elif os.path.exists(_LAUNCHER):
        advice = "its layer is attached, so look for its ERROR line or init/error in the function's log"
    else:
        advice = "attach Preheat's layer to the function (in a container image: unzip layer.zip to /opt)"
    return SidecarUnavailable(f"no Preheat sidecar listens on 127.0.0.1:{port}: {advice}")


def _port(text: str, lowest: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return number if lowest <= number <= 65535 and number != 9001 else 0
