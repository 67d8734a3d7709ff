"""Whose certificates are trusted."""

from __future__ import annotations

import ssl

import httpx


def trusted_context() -> ssl.SSLContext:
    """Return certifi's authorities and this machine's, so that an operator can add private ones."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def is_untrusted(error: BaseException | None) -> bool:
    """Return whether a connection failed because of the server's certificate."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None
