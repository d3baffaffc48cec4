import asyncio
import contextlib
import http.client
import socket
import threading
import time

import pytest
import uvicorn

from isthmus.explorer.limits import Limits
from isthmus.explorer.server.runner import settings

IDLE = 0.3
LARGE = 32 << 20
"""More bytes than the buffers of two sockets hold."""


async def app(scope, receive, send):
    """Answers at once, after a while, or with much."""
    if scope["path"] == "/slow":
        await asyncio.sleep(2.5 * IDLE)
    body = bytes(LARGE if scope["path"] == "/large" else 2)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def serving(served=app, **limits):
    place = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(settings(served, Limits(idle_seconds=IDLE, **limits)))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [place]}, daemon=True)
    thread.start()
    try:
        with contextlib.ExitStack() as opened:
            yield lambda source="127.0.0.1": opened.enter_context(
                socket.create_connection(place.getsockname(), timeout=5, source_address=(source, 0))
            )
    finally:
        running.should_exit = True
        thread.join(10)
        place.close()


def ask(connection, path="/"):
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, len(answer.read())


def is_closed(connection):
    """Whether the server has closed it: waits for that for as long as the socket's timeout is."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


@pytest.mark.parametrize("limits", [{"connections": 8}, {"connections_per_address": 8}])
def test_idle_connections_do_not_keep_others_out(limits):
    with serving(**limits) as connect:
        idle = [connect() for _ in range(40)]
        began = time.monotonic()
        assert ask(connect()) == (200, 2)
        assert time.monotonic() - began < IDLE, "answered only once the idle ones had timed out"
        assert is_closed(idle[0])


def test_one_address_leaves_room_for_others():
    with serving(connections=8, connections_per_address=4) as connect:
        other = connect("127.0.0.2")
        for _ in range(40):
            connect("127.0.0.1")
        assert ask(other) == (200, 2)


def test_where_all_are_busy_one_more_is_turned_away():
    with serving(connections_per_address=2) as connect:
        busy = [connect(), connect()]
        for connection in busy:
            connection.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(0.1)
        with pytest.raises(ConnectionError):
            ask(connect())
        assert all(connection.recv(15) == b"HTTP/1.1 200 OK" for connection in busy)


@pytest.mark.parametrize("before", [0, 1], ids=["first", "second"])
def test_a_header_that_never_ends_is_cut_off(before):
    """A byte now and then is what a slow attack sends."""
    with serving() as connect:
        slow = connect()
        for _ in range(before):
            assert ask(slow) == (200, 2)
        slow.settimeout(0.05)
        began = time.monotonic()
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        while not is_closed(slow):
            assert time.monotonic() - began < 10 * IDLE
            with contextlib.suppress(ConnectionError):
                slow.sendall(b"x")
        assert time.monotonic() - began > 0.5 * IDLE


def test_a_request_may_take_longer_than_an_idle_connection_may_last():
    with serving() as connect:
        assert ask(connect(), "/slow") == (200, 2)


def test_a_response_that_is_not_read_is_dropped():
    with serving() as connect:
        stalled = connect()
        stalled.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(4 * IDLE)
        got = 0
        with contextlib.suppress(ConnectionError):
            while part := stalled.recv(1 << 20):
                got += len(part)
        assert got < LARGE


def test_a_response_that_is_read_slowly_arrives_whole():
    with serving() as connect:
        slow = connect()
        slow.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        got, next_pause = 0, LARGE // 8
        while got < LARGE:
            part = slow.recv(1 << 20)
            assert part, f"closed after {got} bytes"
            got += len(part)
            if got > next_pause:
                next_pause += LARGE // 8
                time.sleep(0.4 * IDLE)


def test_a_client_cannot_claim_another_address():
    """A forged header would give every request an allowance of its own."""
    claimed = []

    async def note(scope, receive, send):
        claimed.append((scope["client"][0], scope["scheme"]))
        await app(scope, receive, send)

    with serving(note) as connect:
        connection = connect()
        forged = b"X-Forwarded-For: 10.9.8.7\r\nX-Forwarded-Proto: https\r\n"
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + forged + b"\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
    assert claimed == [("127.0.0.1", "http")]
