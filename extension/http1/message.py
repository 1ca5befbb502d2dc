"""HTTP/1.1 messages: the names that the rest of the extension uses, both as a server and as a client.

Pure, strict and bounded: no I/O, nothing repaired, no buffer without a limit. Behind this door: fields.py (header
fields and framing), body.py (chunked bodies among them), request.py, response.py and rendering.py.
"""

from __future__ import annotations

from extension.http1.fields import BadMessage
from extension.http1.rendering import render_request, render_response
from extension.http1.request import Request, RequestParser
from extension.http1.response import ResponseParser, whole_body

__all__ = [
    "BadMessage",
    "Request",
    "RequestParser",
    "ResponseParser",
    "render_request",
    "render_response",
    "whole_body",
]
