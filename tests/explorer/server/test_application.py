import asyncio
import contextlib
import json
import socket
import struct
from io import BytesIO

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

import isthmus
from isthmus.explorer.limits import Limits
from isthmus.explorer.service import Service

BYTES = "application/octet-stream"


def test_the_page_and_all_its_parts_are_served(explorer):
    page = explorer.ask("/")
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    for name, kind in {"style.css": "text/css", "main.js": "text/javascript", "icon.svg": "image/svg+xml"}.items():
        part = explorer.ask(f"/{name}")
        assert part.status == 200
        assert part.headers["content-type"].startswith(kind)


def test_nothing_else_is(explorer):
    for path in ("/nothing", "/../../pyproject.toml", "/%2e%2e/service.py", "/page/index.html", "/server_model.js/"):
        answer = explorer.ask(path)
        assert answer.status == 404, path
        assert answer.json["error"]
    answer = explorer.ask("/api/decode")
    assert answer.status == 405
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("kind", ["json", "bytes"])
def test_codes_are_decoded_to_raw_pixels(explorer, tiny_run, kind):
    codes = np.random.default_rng(1).standard_normal((3, 2)).astype(np.float32)
    if kind == "json":
        answer = explorer.ask("/api/decode", {"codes": codes.tolist()}, {"Accept": BYTES})
    else:
        answer = explorer.ask("/api/decode", codes.tobytes(), {"Content-Type": BYTES, "Accept": BYTES})
    assert answer.headers["x-shape"] == "3,12,10,1"
    np.testing.assert_array_equal(np.frombuffer(answer.body, np.uint8).reshape(3, 12, 10, 1), tiny_run.decode(codes))


def test_whoever_says_nothing_gets_an_image(explorer, tiny_run):
    answer = explorer.ask("/api/decode", {"codes": [[0, 0]]})
    assert answer.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(answer.body))), tiny_run.decode([[0, 0]])[0, ..., 0])


def test_images_are_encoded_from_json_bytes_and_files_alike(explorer, tiny_run, bars):
    image = bars[0][:1]
    file = BytesIO()
    Image.fromarray(image[0, ..., 0]).save(file, "PNG")
    answers = [
        explorer.ask("/api/encode", {"images": image.tolist()}),
        explorer.ask("/api/encode", image.tobytes(), {"Content-Type": BYTES}),
        explorer.ask("/api/encode", file.getvalue(), {"Content-Type": "image/png"}),
    ]
    expected = tiny_run.encode(image)["mean"]
    for answer in answers:
        assert answer.status == 200, answer.body
        np.testing.assert_allclose(answer.json["mean"], expected, atol=1e-5)
        assert answer.json == answers[0].json
        assert 0 <= answer.json["percentile"][0] <= 100


def test_a_file_is_prepared_as_for_training(explorer, tiny_run):
    file = BytesIO()
    Image.linear_gradient("L").save(file, "JPEG")
    answer = explorer.ask("/api/prepare", file.getvalue(), {"Content-Type": "image/jpeg", "Accept": BYTES})
    expected = tiny_run.preprocessing.apply(Image.open(BytesIO(file.getvalue())))
    np.testing.assert_array_equal(np.frombuffer(answer.body, np.uint8).reshape(12, 10, 1), expected)


def test_samples_are_the_runs_own(explorer, tiny_run):
    answer = explorer.ask("/api/sample", {"count": 4, "seed": 7})
    np.testing.assert_allclose(answer.json["codes"], tiny_run.sample_codes(4, seed=7), atol=1e-6)
    answer = explorer.ask("/api/sample", {"count": 4, "seed": 7, "label": 1}, {"Accept": BYTES})
    label = tiny_run.class_names[1]
    assert answer.body == tiny_run.sample(4, label, seed=7).tobytes()


def test_points_come_as_json_and_as_safetensors(explorer, service):
    as_json = explorer.ask("/api/points").json
    answer = explorer.ask("/api/points", headers={"Accept": BYTES})
    arrays = safetensors.numpy.load(answer.body)
    np.testing.assert_allclose(as_json["codes"], arrays["codes"], rtol=1e-6)
    assert as_json["labels"] == arrays["labels"].tolist()
    header = json.loads(answer.body[8 : 8 + struct.unpack("<Q", answer.body[:8])[0]])
    assert json.loads(header["__metadata__"]["names"]) == as_json["names"] == list(service.cloud.result.source.names)


def test_distortions_neighbours_and_images(explorer, service, others):
    assert len(explorer.ask("/api/distortions").json["distortion"]) == 120
    code = service.cloud.result.codes[5].tolist()
    near = explorer.ask("/api/neighbours", {"code": code, "count": 3}).json
    assert near["distances"][0] == pytest.approx(0.0, abs=1e-6)
    assert len(near["names"]) == 3
    answer = explorer.ask("/api/images", {"indices": [7, 2]}, {"Accept": BYTES})
    assert answer.body == others[0][[7, 2]].tobytes()


def test_the_plane_is_there_after_a_moment(explorer, wait_for):
    wait_for(lambda: explorer.ask("/api/projection").status == 200)
    found = explorer.ask("/api/projection").json
    assert np.shape(found["places"]) == (120, 2)
    assert found["names"] == ["z[0]", "z[1]"]


BAD = {
    "not json": ("/api/decode", b"{", "application/json", 400),
    "empty": ("/api/decode", b"", "application/json", 400),
    "not utf-8": ("/api/decode", b'{"codes": "\xff"}', "application/json", 400),
    "an array": ("/api/decode", b"[]", "application/json", 422),
    "deep": ("/api/decode", b'{"codes":' + b"[" * 100_000, "application/json", 400),
    "text for a number": ("/api/decode", b'{"codes": [["0", 1]]}', "application/json", 422),
    "true for a number": ("/api/decode", b'{"codes": [[true, 1]]}', "application/json", 422),
    "NaN": ("/api/decode", b'{"codes": [[NaN, 1]]}', "application/json", 422),
    "infinite": ("/api/decode", b'{"codes": [[1e999, 1]]}', "application/json", 422),
    "huge": ("/api/decode", b'{"codes": [[1e300, 1]]}', "application/json", 422),
    "an integer beyond float": ("/api/decode", b'{"codes": [[' + b"9" * 400 + b', 1]]}', "application/json", 422),
    "half a character": ("/api/decode", b'{"codes": [[0, 0]], "\\ud800": 1}', "application/json", 422),
    "three dimensions": ("/api/decode", b'{"codes": [[0, 0, 0]]}', "application/json", 422),
    "rows that differ": ("/api/decode", b'{"codes": [[0, 0], [0]]}', "application/json", 422),
    "no codes": ("/api/decode", b'{"codes": []}', "application/json", 422),
    "unknown names": ("/api/decode", b'{"codes": [[0, 0]], "x": 1}', "application/json", 422),
    "too many codes": ("/api/decode", b"\0" * 8 * 257, BYTES, 422),
    "odd bytes": ("/api/decode", b"\0" * 9, BYTES, 422),
    "no bytes": ("/api/decode", b"", BYTES, 422),
    "bytes of NaN": ("/api/decode", b"\xff" * 8, BYTES, 422),
    "a form": ("/api/decode", b"codes=1", "application/x-www-form-urlencoded", 415),
    "no type": ("/api/decode", b"x", "", 415),
    "too large": ("/api/decode", b"\0" * ((1 << 20) + 1), BYTES, 413),
    "wrong pixels": ("/api/encode", b"\0" * 121, BYTES, 422),
    "no image": ("/api/encode", b"nothing", "image/png", 422),
    "ragged image": ("/api/encode", b'{"images": [[[[1],[2]],[[3]]]]}', "application/json", 422),
    "bright image": ("/api/encode", b'{"images": [[[[256]]]]}', "application/json", 422),
    "no file": ("/api/prepare", b"", "image/png", 422),
    "file of another kind": ("/api/prepare", b"x", "text/plain", 415),
    "too many samples": ("/api/sample", b'{"count": 100000}', "application/json", 422),
    "unknown label": ("/api/sample", b'{"label": 99}', "application/json", 422),
    "negative label": ("/api/sample", b'{"label": -1}', "application/json", 422),
    "unknown point": ("/api/images", b'{"indices": [120]}', "application/json", 422),
    "large point": ("/api/images", b'{"indices": [99999999999999999999999]}', "application/json", 422),
    "short code": ("/api/neighbours", b'{"code": [0]}', "application/json", 422),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_gets_a_reason(explorer, name):
    path, body, kind, status = BAD[name]
    answer = explorer.ask(path, body, {"Content-Type": kind} if kind else {})
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.json["error"]) > 5
    assert "Traceback" not in answer.json["error"]


def test_an_unknown_projection_gets_a_reason(explorer):
    assert explorer.ask("/api/projection?name=nonsense").status == 422


def test_what_is_not_offered_is_said(explorer):
    answer = explorer.ask("/api/decode", {"codes": [[0, 0]]}, {"Accept": "text/html"})
    assert answer.status == 406
    assert "image/png" in answer.json["error"]


def test_a_body_that_only_says_it_is_small_is_cut_off(explorer):
    """Chunks without a declared length, more of them than may be."""

    def chunks():
        for _ in range(40):
            yield b"\0" * (1 << 16)

    answer = explorer.ask("/api/decode", chunks(), {"Content-Type": BYTES})
    assert answer.status == 413


def test_a_slow_body_is_not_waited_for(tiny_run, serving):
    service = Service(tiny_run, limits=Limits(body_seconds=0.2))
    with serving(service, background=False) as served, socket.create_connection(("127.0.0.1", served.port), 10) as line:
        line.sendall(
            f"POST /api/decode HTTP/1.1\r\nHost: localhost:{served.port}\r\nContent-Type: {BYTES}\r\n"
            "Content-Length: 8\r\n\r\n1".encode()
        )
        line.settimeout(10)
        assert b" 408 " in line.recv(4096)


def test_garbage_for_http_is_survived(explorer):
    for garbage in (b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 5000, b"GET /\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", explorer.port), 10) as line:
            line.sendall(garbage)
            line.settimeout(2)
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                line.recv(4096)
    assert explorer.ask("/api/describe").status == 200


def test_points_are_promised_while_they_are_computed(tiny_run, bars, serving):
    with serving(Service(tiny_run, bars), background=False) as served:
        answer = served.ask("/api/points")
        assert answer.status == 202
        assert answer.json == {"done": 0, "total": 0}
        assert served.ask("/api/neighbours", {"code": [0, 0]}).status == 202


def test_where_there_are_no_images_it_says_why(tiny_run, serving, wait_for):
    with serving(Service(tiny_run)) as served:
        wait_for(lambda: served.ask("/api/points").status == 404)
        assert "--data DATA" in served.ask("/api/points").json["error"]
        assert served.ask("/api/distortions").status == 404


def test_where_the_points_fail_nobody_waits_for_their_distortions(tiny_run, serving):
    service = Service(tiny_run)
    service.cloud.start(lambda work: 1 // 0)
    service.cloud.wait()
    with serving(service, background=False) as served:
        answer = served.ask("/api/distortions")
    assert answer.status == 404
    assert "division" in answer.json["error"]


def test_a_run_that_was_damaged_meanwhile_is_said_to_be(copied_run, serving):
    with serving(Service(isthmus.load(copied_run)), background=False) as served:
        (copied_run / "codes.safetensors").write_bytes(b"torn")
        answer = served.ask("/api/sample", {"label": 0})
    assert answer.status == 500
    assert "codes.safetensors is truncated" in answer.json["error"]


def test_many_requests_at_once_are_each_answered_their_own(explorer, tiny_run, finish):
    codes = np.random.default_rng(2).standard_normal((24, 2)).astype(np.float32)

    async def one(code):
        headers = {"Content-Type": BYTES, "Accept": BYTES}
        return await asyncio.to_thread(explorer.ask, "/api/decode", code.tobytes(), headers)

    async def all_at_once():
        return await asyncio.gather(*(one(code) for code in codes))

    answers = finish(all_at_once())
    expected = tiny_run.decode(codes)
    for answer, image in zip(answers, expected, strict=True):
        # One more row in a batch may move a float by a rounding, and a pixel by one.
        found = np.frombuffer(answer.body, np.uint8).reshape(image.shape)
        assert np.abs(found.astype(int) - image).max() <= 1
