"""Content negotiation: the media types that requests may have and that responses come in.

FastAPI chooses neither by `Content-Type` nor by `Accept`; both are done here.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from fastapi import Depends, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from numpy.typing import NDArray

from isthmus.explorer.images import to_png
from isthmus.plots.checks import Images

JSON, BYTES, PNG, ANY_IMAGE = "application/json", "application/octet-stream", "image/png", "image/*"
SHAPE_HEADER = "X-Shape"
"""On raw pixels: `count,height,width,channels`."""


def content_type(request: Request) -> str:
    """The media type of the body without parameters; empty where the request has none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def takes(*expected: str) -> Any:
    """A dependency that refuses a body of another media type than those expected, with a 415."""

    def check(request: Request) -> None:
        found = content_type(request)
        if found not in expected and not (ANY_IMAGE in expected and found.startswith("image/")):
            raise HTTPException(415, f"Expected a body of {' or '.join(expected)}; got {found[:100]!r}.")

    return Depends(check)


def choose(request: Request, *offered: str) -> str:
    """The first of the offered media types that the client accepts; a client without `Accept` gets the first.

    Raises:
        HTTPException: If it accepts none (406).
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
    raise HTTPException(406, f"Expected an Accept of {' or '.join(offered)}; got {request.headers['accept'][:100]!r}.")


def images_response(request: Request, images: Images) -> Response:
    """Images `(n, h, w, c)` as one PNG, or as their bytes."""
    if choose(request, PNG, BYTES) == PNG:
        return Response(to_png(images), media_type=PNG)
    shape = ",".join(str(side) for side in images.shape)
    return Response(np.ascontiguousarray(images).tobytes(), media_type=BYTES, headers={SHAPE_HEADER: shape})


def arrays_response(
    request: Request, arrays: Mapping[str, NDArray[Any] | None], texts: Mapping[str, Any] | None = None
) -> Response:
    """Arrays by name, and texts, as JSON; or as safetensors, with the texts as JSON in its metadata."""
    texts = texts or {}
    if choose(request, JSON, BYTES) == JSON:
        lists = {name: None if array is None else array.tolist() for name, array in arrays.items()}
        return JSONResponse({**texts, **lists})
    from safetensors.numpy import save

    there = {name: np.ascontiguousarray(array) for name, array in arrays.items() if array is not None}
    metadata = {name: json.dumps(value) for name, value in texts.items()}
    return Response(save(there, metadata or None), media_type=BYTES)
