import socket

import pytest

from isthmus.errors import UsageError
from isthmus.explorer.server.listener import bind, settle_token


def test_a_free_port_is_found_and_a_taken_one_refused():
    listener = bind("127.0.0.1", 0)
    try:
        assert listener.port > 0
        assert listener.url() == f"http://127.0.0.1:{listener.port}/"
        assert listener.url("secret").endswith("/?token=secret")
        with pytest.raises(UsageError, match=f"port {listener.port}: .*--port"):
            bind("127.0.0.1", listener.port)
    finally:
        listener.socket.close()


def test_without_a_wish_another_port_will_do():
    first, second = bind("127.0.0.1", None), None
    try:
        second = bind("127.0.0.1", None)
        assert second.port != first.port
    finally:
        first.socket.close()
        if second is not None:
            second.socket.close()


def test_addresses_of_the_new_kind_stand_in_brackets():
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        listener = bind("::1", 0)
    except UsageError:
        pytest.skip("this machine has no IPv6")
    assert listener.url() == f"http://[::1]:{listener.port}/"
    listener.socket.close()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "127.0.0.1:80", "", "a..b", "x" * 300])
@pytest.mark.parametrize("port", [None, 0])
def test_a_host_that_is_not_here_is_refused_and_no_port_blamed(host, port):
    """192.0.2.1 is nobody's: RFC 5737 keeps it for documentation."""
    with pytest.raises(UsageError, match=r"cannot listen at .*not a name or address .*--host") as refused:
        bind(host, port)
    assert "--port" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "own"), [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("10.0.0.1", False)]
)
def test_others_need_a_token(host, own):
    assert (settle_token(host, None) is None) == own
    assert settle_token(host, "long-enough") == "long-enough"


@pytest.mark.parametrize("token", ["short", "with space in it", "ümlaut-and-more", "semi;colon;s", ""])
def test_a_token_can_travel_in_a_header(token):
    with pytest.raises(UsageError, match="8 or more letters"):
        settle_token("127.0.0.1", token)


def test_tokens_of_our_own_are_never_the_same():
    assert settle_token("0.0.0.0", None) != settle_token("0.0.0.0", None)
