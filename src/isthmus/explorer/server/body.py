"""Request bodies: how large and how slow they may be, and what becomes of the rest of one that is refused.

FastAPI reads a whole body before any code of an endpoint runs, for as long as it takes, so both limits stand before it.

A server that refuses a body by its first bytes and hangs up resets the connection.  The response is lost with it: the
client sees a broken pipe and not that its body is too large (RFC 9112, section 9.6).  So the rest is read and dropped
for a while.
"""

import asyncio

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isthmus.explorer.limits import Limits


class BodyLimit:
    """Limits the body of each request, and reads the rest of a refused one before the connection is closed.

    Args:
        app: The application.  It sees a body beyond a limit as an `HTTPException` (413 or 408), which FastAPI answers.
        limits: How much is read, and for how long.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(Headers(scope=scope), receive, self._limits)

        async def send_all(message: Message) -> None:
            if body.is_over or message["type"] != "http.response.body" or message.get("more_body", False):
                await send(message)
                return
            await send({**message, "more_body": True})
            await body.drop_rest()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(scope, body.receive, send_all)


class _Body:
    """The body of one request.

    Attributes:
        is_over: Whether nothing more of it is to come.
    """

    def __init__(self, headers: Headers, receive: Receive, limits: Limits) -> None:
        self._receive, self._limits = receive, limits
        declared = headers.get("content-length", "0")
        self._declared = int(declared) if declared.isdecimal() else 0
        # A client that waits to be asked for its body (`Expect`) sends none once it has its response.
        self.is_over = "expect" in headers or (declared == "0" and "transfer-encoding" not in headers)
        self._size, self._end = 0, 0.0

    async def receive(self) -> Message:
        """Receive the next part.

        Raises:
            HTTPException: If the body is too large (413) or too slow (408).
        """
        limits, loop = self._limits, asyncio.get_running_loop()
        self._end = self._end or loop.time() + limits.body_seconds
        close = {"Connection": "close"}
        too_large = HTTPException(413, f"Expected a body of at most {limits.body_bytes:,} bytes.", close)
        if self._declared > limits.body_bytes:
            raise too_large
        try:
            async with asyncio.timeout_at(self._end):
                message = await self._receive()
        except TimeoutError:
            why = f"Expected the whole body within {limits.body_seconds:g} seconds."
            raise HTTPException(408, why, close) from None
        self.is_over = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > limits.body_bytes:
            raise too_large
        return message

    async def drop_rest(self) -> None:
        """Read the rest and forget it, up to the limits of that."""
        dropped = 0
        try:
            async with asyncio.timeout(self._limits.linger_seconds):
                while dropped <= self._limits.linger_bytes:
                    message = await self._receive()
                    if not message.get("more_body", False):
                        return
                    dropped += len(message["body"])
        except TimeoutError:
            pass
