"""URLs of services and of identity providers."""

from __future__ import annotations

import ipaddress
import re
import socket
import urllib.parse

from ..core.errors import HoldfastError, quoted

PORTS = {"http": 80, "https": 443}

OTHER_HOSTS = re.compile("[ßς\u200c\u200d]")
"""Characters with which the codec `idna` names another host than browsers do (UTS 46)."""


def address(url: str) -> str:
    """Returns the URL of a service as `holdfast login` writes it, without a trailing slash."""
    message = f"Cannot connect to {quoted(url)}: not an http:// or https:// URL"
    hint = "Pass the URL that `holdfast serve` prints, or read with holdfast.open_registry(…)."
    no_url = HoldfastError("Invalid", message, hint)
    try:
        parts = urllib.parse.urlsplit(url.strip(" \t\r\n"))
        port = parts.port
        host = ascii_host(parts.hostname or "")
        path = urllib.parse.urlsplit(urllib.parse.urljoin("http://h/", parts.path)).path
        path = urllib.parse.quote(path, safe="/%:@!$&'()*+,;=~[]|^").rstrip("/")
    except ValueError:
        raise no_url from None
    if not host or parts.scheme not in PORTS or port == 0:
        raise no_url
    if "@" in parts.netloc:  # the messages omit the URL: it may contain a secret
        message = "Cannot connect to the service: its URL contains credentials"
        raise HoldfastError("Invalid", message, "Pass a token: token=…, or HOLDFAST_TOKEN.")
    if parts.query or parts.fragment:
        message = "Cannot connect to the service: its URL has a query or a fragment"
        raise HoldfastError("Invalid", message, "Write only the scheme, host and path.")
    end = "" if port is None or port == PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{end}{path}"


def ascii_host(host: str) -> str:
    """Returns a host in ASCII. Raises `ValueError` for one that has several forms."""
    if ":" in host:
        return f"[{host}]"
    if host.isascii():
        return host
    if OTHER_HOSTS.search(host):
        raise ValueError
    return host.encode("idna").decode()


def is_of_this_machine(url: str) -> bool:
    """Returns true for a URL of this machine without TLS."""
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    local = re.fullmatch(r"localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|::1", host)
    return parts.scheme == "http" and local is not None


def is_private(url: str) -> bool:
    """Returns true for a URL whose requests others on the network cannot read."""
    return is_https(url) or is_of_this_machine(url)


def is_https(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        return False


EMBEDDED = re.compile("6(?:0{24}|0{20}ffff|0{16}ffff0000|0064ff9b0{16}|2002(?=.{28}$))(.{8})")
"""An IPv4 address in one of version 6: compatible, mapped, translated, 6to4."""

NEAR = (
    r"4(0a|ac1|c0a8|64[4-7]|c61[23]|c0000[02]|c63364|cb0071|[ef])|6([^23]|20010([01]|db8)|3fff0)",
    r"4a9fe|6fe[89ab]",
    r"4(00|7f)",
)
"""Beginnings of the digits of addresses: private or reserved, on one link, on this machine."""


def nearness(address: str) -> int:
    """Returns 0 for a public address, 1 in a private network, 2 on one link, 3 on this machine."""
    ip = ipaddress.ip_address(address.split("%")[0])
    digits = EMBEDDED.sub(r"4\1", f"{ip.version}{ip.packed.hex()}")
    return max((at for at, form in enumerate(NEAR, 1) if re.match(form, digits)), default=0)


def may_lead(source: str, target: str) -> bool:
    """Returns whether a URL of one host may lead to another: not from a public host to this machine
    or its network. A name may have another address when it is connected to, which is not noticed. A
    name without address, such as one that only a proxy resolves, counts as public.
    """
    if "%" in urllib.parse.urlsplit(target).netloc:
        return False  # `urllib` decodes it, and then asks another host
    wanted = max(_nearnesses(target), default=0)
    return wanted == 0 or wanted <= min(_nearnesses(source), default=0)


def _nearnesses(url: str) -> list[int]:
    try:
        host = (urllib.parse.urlsplit(url).hostname or "").rstrip(".")
        if re.search(r"(^|\.)localhost$", host):
            return [3]
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return [nearness(str(address[0])) for *_, address in found]
    except (OSError, ValueError):
        return []
