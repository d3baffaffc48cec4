"""Requests read and answers written: JSON, bytes or PNG, as the caller says, and a fault in words where it is wrong."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from isthmus.explorer.limits import Limits
from isthmus.explorer.pixels import Pixels, to_png
from isthmus.explorer.server.bodies import Body

JSON, BYTES, PNG = "application/json", "application/octet-stream", "image/png"
SHAPE_HEADER = "X-Shape"
"""On raw pixels: `count,height,width,channels`."""

Request_ = TypeVar("Request_", bound=Body)


class Refused(Exception):  # noqa: N818  # an answer like any other
    """A request that is not answered as it asks.

    Args:
        status: Of HTTP.
        why: A sentence.
    """

    def __init__(self, status: int, why: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(why)
        self.status, self.why, self.headers = status, why, headers


def fault(status: int, why: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that says why there is none."""
    return JSONResponse({"error": why}, status, headers)


def content_type(request: Request) -> str:
    """What the body is said to be, without parameters; empty where nothing is said."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def choose(request: Request, *offered: str) -> str:
    """The first of the offered types that the caller takes; a caller who says nothing takes the first.

    Raises:
        Refused: If it takes none.
    """
    wanted = []
    for part in request.headers.get("accept", "*/*").split(","):
        kind, _, parameters = part.partition(";")
        if "q=0" not in parameters.replace(" ", "").split(";") and kind.strip():
            wanted.append(kind.strip().lower())
    for kind in wanted:
        for offer in offered:
            if kind in ("*/*", offer, f"{offer.partition('/')[0]}/*"):
                return offer
    raise Refused(406, f"Expected an Accept of {' or '.join(offered)}; got {request.headers['accept'][:100]!r}.")


async def read_body(request: Request, limits: Limits) -> bytes:
    """Read the body, as long as it is neither too large nor too slow.

    Raises:
        Refused: If it is.
    """
    too_large = Refused(413, f"Expected a body of at most {limits.body_bytes:,} bytes.", {"Connection": "close"})
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.body_bytes:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for part in request.stream():
                body += part
                if len(body) > limits.body_bytes:
                    raise too_large
    except TimeoutError:
        why = f"Expected the whole body within {limits.body_seconds:g} seconds."
        raise Refused(408, why, {"Connection": "close"}) from None
    except ClientDisconnect:
        raise Refused(400, "The connection ended before the body did.") from None
    return bytes(body)


async def read_json(request: Request, model: type[Request_], limits: Limits) -> Request_:
    """Read a body of JSON.

    Raises:
        Refused: If it is none, or not what the model says.
    """
    if content_type(request) != JSON:
        raise unsupported(request, JSON)
    body = await read_body(request, limits)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        status = 400 if first["type"] == "json_invalid" else 422
        raise Refused(status, f"{place}: {first['msg']}." if place else f"{first['msg']}.") from None


def unsupported(request: Request, *expected: str) -> Refused:
    """The refusal of a body of another type."""
    return Refused(415, f"Expected a body of {' or '.join(expected)}; got {content_type(request)[:100]!r}.")


def images_answer(request: Request, images: Pixels) -> Response:
    """Images `(n, h, w, c)` as one PNG, or as their bytes."""
    if choose(request, PNG, BYTES) == PNG:
        return Response(to_png(images), media_type=PNG)
    shape = ",".join(str(side) for side in images.shape)
    return Response(np.ascontiguousarray(images).tobytes(), media_type=BYTES, headers={SHAPE_HEADER: shape})


def arrays_answer(
    request: Request, arrays: Mapping[str, NDArray[Any] | None], words: Mapping[str, Any] | None = None
) -> Response:
    """Arrays by name, and words, as JSON; or as safetensors, with the words as JSON in its metadata."""
    words = words or {}
    if choose(request, JSON, BYTES) == JSON:
        lists = {name: None if array is None else array.tolist() for name, array in arrays.items()}
        return JSONResponse({**words, **lists})
    from safetensors.numpy import save

    there = {name: np.ascontiguousarray(array) for name, array in arrays.items() if array is not None}
    metadata = {name: json.dumps(value) for name, value in words.items()}
    return Response(save(there, metadata or None), media_type=BYTES)
