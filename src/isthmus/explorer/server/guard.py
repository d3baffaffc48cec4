"""The guard before the application: host, origin, token and rate of requests.

Every page that a user opens can reach a server on the same machine.  So a request must name this machine as its host
(a rebound DNS name does not) and must not come from the page of another site.  Once the explorer listens to other
machines, it must also have the token.

Starlette's `TrustedHostMiddleware` compares names only, without addresses and without the form of the header.
"""

import hashlib
import hmac
import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import parse_qs

from fastapi.responses import JSONResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isthmus.explorer.limits import Limits
from isthmus.explorer.server.rate import RateLimit, is_loopback

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


_HOST = re.compile(
    r"(?P<name>[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(:(?P<port>[0-9]{1,5}))?", re.ASCII | re.IGNORECASE
)
"""A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port (RFC 9110, section 7.2)."""


def own_names(host: str) -> frozenset[str]:
    """The host names of this machine that requests may use if it listens at `host`.

    At a loopback address the names of the network are left out: an attacker on the network could rebind them.
    """
    names = {"localhost", host.lower()}
    if not is_loopback(host):
        name = socket.gethostname().lower()
        short = name.partition(".")[0]
        names |= {name, short, f"{short}.local"}
    return frozenset(names)


def cookie_name(token: str) -> str:
    """The name of the cookie that stores a token.

    Each token has its own: a browser sends the cookies of a host to all its ports, so with one name two explorers on
    one machine would log each other out.
    """
    return f"isthmus_{hashlib.sha256(token.encode()).hexdigest()[:16]}"


def is_own_host(host: str, names: Iterable[str]) -> bool:
    """Whether a `Host` header is an address, or one of the names of this machine.

    Any address is safe, since it is not a name that somebody could have rebound.  A header that is not of the form
    `name` or `name:port` is refused: parsers disagree on it.
    """
    found = _HOST.fullmatch(host)
    if found is None or int(found["port"] or 0) > 65_535:
        return False
    name = found["name"].lower().removesuffix(".")
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return name in names
    return True


class Guard:
    """Refuses requests that the application must not see.

    Args:
        app: The application.
        limits: How often an address may ask.
        token: What a request must have, as a cookie or as `Authorization: Bearer`; None for no token.  A client that
            opens the page with `?token=` gets the cookie.
        names: The host names of this machine, besides its addresses; see `own_names`.
    """

    def __init__(self, app: ASGIApp, limits: Limits, token: str | None, names: Iterable[str]) -> None:
        self._app, self._limits, self._token = app, limits, token
        self._names = frozenset(names)
        self._rate = RateLimit(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else ""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    found.setdefault(name, value)
                found.setdefault("Cache-Control", "no-store")
            await send(message)

        answer = self._answer(scope, address, Headers(scope=scope)) or self._app
        await answer(scope, receive, send_guarded)

    def _answer(self, scope: Scope, address: str, headers: Headers) -> Response | None:
        """The response to a request that the application does not see; None if it does."""
        if wait := self._rate.seconds_to_wait(address):
            return _refusal(429, "Too many requests; wait a moment.", Retry_After=str(max(1, round(wait))))
        if len(hosts := headers.getlist("host")) != 1 or not is_own_host(hosts[0], self._names):
            return _refusal(403, "Expected a Host that names this machine: localhost, an address or its own name.")
        if why := _foreign(scope, headers):
            return _refusal(403, why)
        if self._token is None or _brings(headers, self._token):
            return None
        if scope["path"] == "/" and _asks_with(scope, self._token):
            # The page moves on to an address without the token, so that no link or history holds it.
            cookie = f"{cookie_name(self._token)}={self._token}; HttpOnly; SameSite=Strict; Path=/"
            return Response(status_code=303, headers={"Location": "/", "Set-Cookie": cookie})
        what = "Expected the token: open the page by the address that `isthmus explore` printed, or send"
        return _refusal(401, f"{what} `Authorization: Bearer TOKEN`.", WWW_Authenticate="Bearer")


def _brings(headers: Headers, token: str) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    bearer = given.strip() if scheme.lower() == "bearer" else ""
    # As browsers read cookies: the header also has those of other servers on this machine, whatever their form.
    cookie = cookie_parser(headers.get("cookie", "")).get(cookie_name(token), "")
    return _same(bearer, token) or _same(cookie, token)


def _asks_with(scope: Scope, token: str) -> bool:
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return _same(query.get("token", [""])[0], token)


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _foreign(scope: Scope, headers: Headers) -> str:
    """Why a request seems to come from the page of another site; empty if it does not."""
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"{scope['scheme']}://{headers.get('host', '')}".lower():
        return "The Origin is another site; only the explorer's own page may call it from a browser."
    site = headers.get("sec-fetch-site", "none")
    opens_page = headers.get("sec-fetch-mode") == "navigate" and scope["method"] == "GET" and scope["path"] == "/"
    if site not in ("none", "same-origin") and not opens_page:
        return "The request comes from another site's page; only the explorer's own may call it from a browser."
    return ""


def _refusal(status: int, why: str, **headers: str) -> Response:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse({"error": why}, status, {"Connection": "close", **more})
