import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from isthmus.data.named.downloads import RemoteFile, fetch
from isthmus.errors import DataError, StorageError

CONTENT = b"pixels" * 50_000
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def server():
    """A server of this machine: `/good` has the file, `/cut` stops half-way, `/changed` lies, the rest is missing."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = {"/good": CONTENT, "/cut": CONTENT[: len(CONTENT) // 2], "/changed": CONTENT[::-1]}.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(CONTENT) if body else 0))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        listening.asked = asked
        listening.url = f"http://127.0.0.1:{listening.server_port}"
        yield listening
        listening.shutdown()


def remote(server, *paths):
    return RemoteFile("images.gz", MD5, tuple(server.url + path for path in paths))


def test_takes_the_first_mirror_that_works(server, tmp_path):
    folder = tmp_path / "new" / "folder"
    path = fetch(remote(server, "/missing", "/cut", "/changed", "/good", "/never"), folder)
    assert path == folder / "images.gz"
    assert path.read_bytes() == CONTENT
    assert [file.name for file in folder.iterdir()] == ["images.gz"]
    assert server.asked == ["/missing", "/cut", "/changed", "/good"]


def test_progress_is_on_standard_error(server, tmp_path, capsys):
    fetch(remote(server, "/good"), tmp_path)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "images.gz" in captured.err


@pytest.mark.parametrize("path", ["/changed", "/cut"])
def test_refuses_and_removes_what_is_not_the_file(server, tmp_path, path):
    with pytest.raises(DataError) as caught:
        fetch(remote(server, path), tmp_path)
    assert f"{server.url}{path}: " in str(caught.value)
    assert f"put the file into '{tmp_path}' by hand" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_names_the_checksums(server, tmp_path):
    with pytest.raises(DataError, match=rf"expected MD5 {MD5}; got {hashlib.md5(CONTENT[::-1]).hexdigest()}"):
        fetch(remote(server, "/changed"), tmp_path)


def test_no_server(tmp_path):
    with pytest.raises(DataError, match="could not download 'a'"):
        fetch(RemoteFile("a", MD5, ("http://127.0.0.1:1/a",)), tmp_path)


def test_a_place_that_cannot_be_written_is_not_blamed_on_the_mirror(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="ISTHMUS_CACHE"):
        fetch(remote(server, "/good"), tmp_path / "file" / "folder")
    assert server.asked == []
