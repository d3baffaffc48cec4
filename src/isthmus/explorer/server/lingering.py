"""A patient end: what a caller is still sending is taken in for a while, so that the answer reaches it.

A server that refuses a body by its first bytes and hangs up resets the connection, and with it goes the answer, unread:
the caller sees a broken pipe where it should have read that its body is too large (RFC 9112, section 9.6).
"""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isthmus.explorer.limits import Limits


class Lingering:
    """Answers as soon as there is an answer, then drops the rest of the request's body before it lets go.

    Args:
        app: What answers.
        limits: How much, and for how long, is taken in for nothing.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and hold its connection until its body is over."""
        if scope["type"] != "http" or not _brings_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        over = False

        async def receive_watched() -> Message:
            nonlocal over
            message = await receive()
            over = not message.get("more_body", False)
            return message

        async def send_patiently(message: Message) -> None:
            if over or message["type"] != "http.response.body" or message.get("more_body", False):
                await send(message)
                return
            await send({**message, "more_body": True})
            await self._drop_rest(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(scope, receive_watched, send_patiently)

    async def _drop_rest(self, receive: Receive) -> None:
        dropped = 0
        try:
            async with asyncio.timeout(self._limits.linger_seconds):
                while dropped <= self._limits.linger_bytes:
                    message = await receive()
                    if not message.get("more_body", False):
                        return
                    dropped += len(message["body"])
        except TimeoutError:
            pass


def _brings_body(headers: Headers) -> bool:
    """Whether a body is on its way; a caller that waits to be asked for it (`Expect`) sends none once answered."""
    if "expect" in headers:
        return False
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
