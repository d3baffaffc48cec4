import asyncio
import http.client
import select
import socket
import time

import pytest

from isthmus.explorer.limits import Limits
from isthmus.explorer.server.body import BodyLimit

BYTES = "application/octet-stream"
LARGE = 3 << 20

REFUSED = {
    "too large": ("/api/decode", {"Content-Type": BYTES}, 413),
    "to nobody": ("/api/nothing", {"Content-Type": BYTES}, 404),
    "by a rebound name": ("/api/decode", {"Content-Type": BYTES, "Host": "evil.example"}, 403),
}


@pytest.mark.parametrize("name", REFUSED)
def test_who_goes_on_sending_still_reads_why(explorer, name):
    """The answer is there before the body is; whoever first sends all of it, and then reads, must find it."""
    path, headers, status = REFUSED[name]
    headers = {"Host": f"localhost:{explorer.port}", "Content-Length": str(LARGE), "Connection": "close", **headers}
    with socket.create_connection(("127.0.0.1", explorer.port), 30) as line:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        line.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode())
        assert select.select([line], [], [], 30)[0]
        for _ in range(LARGE >> 16):
            line.sendall(bytes(1 << 16))
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == status
        assert b"error" in answer.read()


HEADERS = [(b"content-length", b"1000000")]


class Caller:
    """Sends parts of a body for as long as somebody takes them in."""

    def __init__(self, parts=10**9):
        self.parts, self.taken, self.answers = parts, 0, []

    async def receive(self):
        self.taken += 1
        return {"type": "http.request", "body": b"1234", "more_body": self.taken < self.parts}

    async def send(self, message):
        self.answers.append((message.get("body"), message.get("more_body", False), self.taken))


def refusing(reads=0):
    async def app(scope, receive, send):
        for _ in range(reads):
            await receive()
        await send({"type": "http.response.start", "status": 413, "headers": []})
        await send({"type": "http.response.body", "body": b"why"})

    return app


def linger(finish, app, caller, headers=HEADERS, receive=None, **limits):
    scope = {"type": "http", "headers": headers}
    finish(BodyLimit(app, Limits(**limits))(scope, receive or caller.receive, caller.send))
    return caller.answers[1:]


def test_the_answer_goes_out_before_the_rest_comes_in(finish):
    caller = Caller(parts=5)
    assert linger(finish, refusing(reads=2), caller) == [(b"why", True, 2), (b"", False, 5)]


def test_nothing_is_read_beyond_the_end(finish):
    caller = Caller(parts=2)
    assert linger(finish, refusing(reads=2), caller) == [(b"why", False, 2)]


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"0")], [*HEADERS, (b"expect", b"100-continue")]])
def test_what_is_not_sent_is_not_waited_for(finish, headers):
    caller = Caller()
    assert linger(finish, refusing(), caller, headers) == [(b"why", False, 0)]


def test_an_endless_body_is_let_go_by_its_bytes(finish):
    caller = Caller()
    answers = linger(finish, refusing(), caller, [(b"transfer-encoding", b"chunked")], linger_bytes=400)
    assert answers == [(b"why", True, 0), (b"", False, 101)]


def test_a_silent_caller_is_let_go_by_its_seconds(finish):
    async def never():
        await asyncio.sleep(3600)

    caller = Caller()
    begun = time.monotonic()
    assert linger(finish, refusing(), caller, receive=never, linger_seconds=0.05)[-1] == (b"", False, 0)
    assert time.monotonic() - begun < 60
