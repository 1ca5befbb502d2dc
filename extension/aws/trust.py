"""Which certificates are believed."""

from __future__ import annotations

import _ssl
import _thread

from extension.aws.connection import ConnectionFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SYSTEM_STORES = ("/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem")


class Trust:
    """Which certificates are believed: the bundle of ``AWS_CA_BUNDLE``; else the five Amazon roots for AWS's own hosts;
    else, and where those roots do not verify an AWS host (a proxy that opens TLS), the system's store."""

    __slots__ = ("_bundle", "_contexts", "_lock", "_roots", "_roots_failed")

    def __init__(self, bundle: str | None, amazon_roots: str) -> None:
        self._bundle = bundle
        self._roots = amazon_roots
        self._roots_failed = False
        self._contexts: dict[str, Any] = {}
        self._lock = _thread.allocate_lock()

    def context(self, custom_endpoint: bool) -> Any:
        """The TLS context for such a host, made once."""
        store = "bundle" if self._bundle else "system" if custom_endpoint or self._roots_failed else "amazon"
        with self._lock:
            context = self._contexts.get(store)
            if context is None:
                context = self._contexts[store] = self._load(store)
        return context

    @property
    def by_roots(self) -> bool:
        """Whether AWS's own hosts are verified by the Amazon roots; to be read before a connection is tried."""
        return not self._bundle and not self._roots_failed

    def fall_back(self) -> None:
        """The Amazon roots did not verify an AWS host: from now on use the system's store."""
        self._roots_failed = True

    def _load(self, store: str) -> Any:
        context = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)  # CERT_REQUIRED and check_hostname are its defaults
        context.minimum_version = _ssl.PROTO_TLSv1_2
        if store == "bundle":
            try:
                context.load_verify_locations(self._bundle, None, None)
            except OSError as error:
                problem = f"AWS_CA_BUNDLE {self._bundle!r} can't be loaded: {error}"
                raise ConnectionFailed(problem, untrusted=True) from None  # nobody is, and trying again changes nothing
        elif store == "amazon":
            context.load_verify_locations(self._roots, None, None)
        else:
            context.set_default_verify_paths()
            for path in _SYSTEM_STORES:
                try:
                    context.load_verify_locations(path, None, None)
                    break
                except OSError:
                    continue
        return context
