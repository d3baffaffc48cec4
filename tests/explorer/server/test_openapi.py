"""The document, and the API against it: by schemathesis, and by ten thousand hostile bodies."""

import contextlib
import http.client
import json
import random

import hypothesis
import pytest

from isthmus.explorer.server.application import Application

BINARY = ("application/octet-stream", "image/*")


def test_every_endpoint_is_described(explorer, service):
    described = Application(service).openapi()
    assert described == explorer.ask("/api/openapi.json").json
    for path, operations in described["paths"].items():
        for method in operations:
            assert explorer.ask(path, method=method.upper()).status != 404, path


def test_shapes_of_codes_and_images_are_in_the_schemas(service):
    schemas = Application(service).openapi()["components"]["schemas"]
    assert schemas["ErrorResponse"]["properties"]["error"]["type"] == "string"
    assert schemas["EncodeRequest"]["additionalProperties"] is False
    assert schemas["DecodeRequest"]["properties"]["codes"]["items"]["maxItems"] == 2
    part = schemas["EncodeRequest"]["properties"]["images"]
    for side in (12, 10, 1):
        part = part["items"]
        assert part["minItems"] == part["maxItems"] == side


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("examples", [12, pytest.param(40, marks=pytest.mark.thorough)])
def test_the_api_is_what_its_document_says(explorer, mode, examples):
    schemathesis = pytest.importorskip("schemathesis")
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    schema = schemathesis.openapi.from_url(f"{explorer.address}api/openapi.json")
    asked = 0
    for found in schema.get_all_operations():
        strategy = found.ok().as_strategy(generation_mode=schemathesis.GenerationMode(mode))

        @hypothesis.settings(max_examples=examples, suppress_health_check=list(hypothesis.HealthCheck))
        @hypothesis.given(case=strategy)
        def ask(case):
            nonlocal asked
            asked += 1
            # That bytes must be of a certain number, or an image, no schema can say.
            excluded = [positive_data_acceptance] if case.media_type in BINARY else []
            case.call_and_validate(excluded_checks=excluded, timeout=60)

        with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # what takes nothing cannot be given anything wrong
            ask()
    assert asked > 4 * examples


@pytest.mark.slow
@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.thorough)])
def test_hostile_bodies_get_a_reason_each(explorer, count):
    """Requests that are right but for some bytes, and some that were never right."""
    rng = random.Random(0)
    good = [
        ("/api/decode", "application/json", b'{"codes": [[0.5, -1.25]]}'),
        ("/api/decode", "application/octet-stream", b"\0\0\x80\x3f" * 2),
        ("/api/encode", "application/json", json.dumps({"images": [[[[7]] * 10] * 12]}).encode()),
        ("/api/encode", "application/octet-stream", bytes(120)),
        ("/api/encode", "image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x0a\0\0\0\x0c\x08\0\0\0\0"),
        ("/api/prepare", "image/gif", b"GIF89a\x0a\0\x0c\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0"),
        ("/api/sample", "application/json", b'{"count": 2, "label": 1, "seed": 3}'),
        ("/api/images", "application/json", b'{"indices": [1, 2, 3]}'),
        ("/api/neighbours", "application/json", b'{"code": [0, 0], "count": 2}'),
    ]
    pieces = [b"[", b"]", b"{", b"}", b'"', b"\\u0000", b"\\ud800", b"1e999", b"-", b"null", b"\xff", b"\0", b"9" * 400]
    connection = http.client.HTTPConnection("127.0.0.1", explorer.port, timeout=60)
    statuses = {}
    for _ in range(count):
        path, kind, body = rng.choice(good)
        changed = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(changed) + 1)
            what = rng.randrange(4)
            if what == 0:
                changed[at : at + rng.randint(1, 8)] = b""
            elif what == 1:
                changed[at:at] = rng.choice(pieces) * rng.choice((1, 1, 1, 50))
            elif what == 2:
                changed[at : at + 1] = rng.randbytes(1)
            else:
                changed = changed[:at]
        if rng.random() < 0.1:
            kind = rng.choice(("", "text/plain", "application/json; charset=x", "multipart/form-data", "image/", kind))
        connection.request("POST", path, bytes(changed), {"Content-Type": kind, "Accept": "*/*"})
        answer = connection.getresponse()
        content = answer.read()
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        assert answer.status < 500, (path, kind, bytes(changed), content)
        if answer.status >= 400:
            assert json.loads(content)["error"], (path, bytes(changed))
    connection.close()
    assert explorer.ask("/api/describe").status == 200
    assert sum(statuses.values()) == count
    assert len(statuses) >= 4, statuses
