"""Registries of services by their URL."""

from __future__ import annotations

import os

from .client.connection import OWN_TOKENS
from .client.sign_in import SignIn, TokenFile
from .core.arguments import checked
from .service_registry import ServiceRegistry


@checked
def connect(url: str, *, token: str | None = None, timeout: float = 60) -> ServiceRegistry:
    """Opens the registry of a `holdfast serve`, to read and to write.

    `token` is by default that of a `service` of this program, else `HOLDFAST_TOKEN`, else that in
    the file `HOLDFAST_TOKEN_FILE`, which is read for each request, else that of `holdfast login`,
    which is renewed. Requests are repeated for up to `timeout` seconds.
    """
    given = token or OWN_TOKENS.get(url.rstrip("/")) or os.environ.get("HOLDFAST_TOKEN")
    if not given and (file := os.environ.get("HOLDFAST_TOKEN_FILE")):
        return ServiceRegistry(url, TokenFile(file), timeout)
    return ServiceRegistry(url, given or SignIn(url) or None, timeout)
