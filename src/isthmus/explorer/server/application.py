"""The explorer over HTTP: the page, and the API under it."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from isthmus.errors import DataError, RunError, UsageError
from isthmus.explorer.batcher import BusyError
from isthmus.explorer.job import Work
from isthmus.explorer.pixels import Pixels
from isthmus.explorer.server import bodies
from isthmus.explorer.server.document import document
from isthmus.explorer.server.exchange import (
    BYTES,
    JSON,
    Refused,
    arrays_answer,
    choose,
    content_type,
    fault,
    images_answer,
    read_body,
    read_json,
    unsupported,
)
from isthmus.explorer.service import Service

Result = TypeVar("Result")
Endpoint = Callable[[Request], Awaitable[Response]]
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def application(service: Service) -> Starlette:
    """The page at `/` and the API at `/api/`; put a `Guard` before it."""
    api = Api(service)
    routes = [Route("/" if name == "index.html" else f"/{name}", _page_file(name)) for name in _page_files()]
    routes += [
        Route("/api/openapi.json", api.document, methods=["GET"]),
        Route("/api/describe", api.describe, methods=["GET"]),
        Route("/api/decode", api.decode, methods=["POST"]),
        Route("/api/encode", api.encode, methods=["POST"]),
        Route("/api/prepare", api.prepare, methods=["POST"]),
        Route("/api/sample", api.sample, methods=["POST"]),
        Route("/api/points", api.points, methods=["GET"]),
        Route("/api/distortions", api.distortions, methods=["GET"]),
        Route("/api/projection", api.projection, methods=["GET"]),
        Route("/api/pictures", api.pictures, methods=["POST"]),
        Route("/api/neighbours", api.neighbours, methods=["POST"]),
    ]
    handlers: dict[Any, Any] = {
        Refused: lambda _, error: fault(error.status, error.why, error.headers),
        BusyError: lambda *_: fault(503, "Too much is waiting to be computed; try again.", {"Retry-After": "1"}),
        DataError: lambda _, error: fault(422, str(error)),
        UsageError: lambda _, error: fault(422, str(error)),
        RunError: lambda _, error: fault(500, str(error)),
        HTTPException: lambda _, error: fault(error.status_code, f"{error.detail}.", error.headers),
        Exception: lambda *_: fault(500, "Something went wrong that should not; the explorer goes on."),
    }
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


class Api:
    """The endpoints: each reads a request, asks the service and writes the answer."""

    def __init__(self, service: Service) -> None:
        self._service, self._limits = service, service.limits

    async def document(self, request: Request) -> Response:
        """The API's own description."""
        return JSONResponse(document(self._service))

    async def describe(self, request: Request) -> Response:
        """What the run is and what can be asked of it."""
        return JSONResponse(self._service.describe())

    async def decode(self, request: Request) -> Response:
        """Codes to pictures."""
        if content_type(request) == BYTES:
            codes = self._codes_from(await read_body(request, self._limits))
        elif content_type(request) == JSON:
            codes = self._codes((await read_json(request, bodies.DecodeRequest, self._limits)).codes)
        else:
            raise unsupported(request, JSON, BYTES)
        return images_answer(request, await self._service.decode(codes))

    async def encode(self, request: Request) -> Response:
        """Pictures to codes, and what they cost."""
        kind = content_type(request)
        if kind == JSON:
            body = await read_json(request, bodies.EncodeRequest, self._limits)
            pixels = self._pixels_of(body.images)
        elif kind == BYTES:
            pixels = self._pixels_from(await read_body(request, self._limits))
        elif kind.startswith("image/"):
            pixels = await self._prepared(request)
        else:
            raise unsupported(request, JSON, BYTES, "image/*")
        found = await self._service.encode(pixels)
        return arrays_answer(
            request,
            {
                "mean": found.mean,
                "log_variance": found.log_variance,
                "rate": found.rate,
                "distortion": found.distortion,
                "percentile": found.percentile,
            },
        )

    async def prepare(self, request: Request) -> Response:
        """A picture file, made fit as for training."""
        if not content_type(request).startswith("image/"):
            raise unsupported(request, "image/*")
        return images_answer(request, await self._prepared(request))

    async def sample(self, request: Request) -> Response:
        """New codes, or their pictures."""
        body = await read_json(request, bodies.SampleRequest, self._limits)
        self._require_batch(body.count, "samples")
        run = self._service.run
        if body.label is not None and body.label >= len(run.class_names):
            raise Refused(422, f"label: expected one of {len(run.class_names)} labels, counted from 0.")
        label = None if body.label is None else run.class_names[body.label]
        codes = run.sample_codes(body.count, label, body.seed)
        if choose(request, JSON, "image/png", BYTES) == JSON:
            return arrays_answer(request, {"codes": codes})
        return images_answer(request, await self._service.decode(codes))

    async def points(self, request: Request) -> Response:
        """The images of the scatter and their codes."""
        cloud = self._ready(self._service.cloud)
        if isinstance(cloud, Response):
            return cloud
        labels = None if cloud.source.labels is None else np.asarray(cloud.source.labels, np.int32)
        arrays = {"codes": cloud.codes, "labels": labels, "rate": cloud.rate, "tells": cloud.tells}
        return arrays_answer(request, arrays, {"what": cloud.what, "names": list(cloud.source.names)})

    async def distortions(self, request: Request) -> Response:
        """The distortion of each point."""
        cloud = self._ready(self._service.cloud)  # first: where it fails, they are never begun
        if isinstance(cloud, Response):
            return cloud
        found = self._ready(self._service.distortions)
        return found if isinstance(found, Response) else arrays_answer(request, {"distortion": found})

    async def projection(self, request: Request) -> Response:
        """The points on a plane."""
        name = request.query_params.get("name", self._service.projections[0])
        if name not in self._service.projections:
            raise Refused(422, f"name: expected one of {', '.join(self._service.projections)}; got {name[:40]!r}.")
        cloud = self._ready(self._service.cloud)
        if isinstance(cloud, Response):
            return cloud
        plane = self._ready(self._service.projection(name))
        if isinstance(plane, Response):
            return plane
        arrays = {"places": plane.places, "axes": plane.axes, "centre": plane.centre}
        return arrays_answer(request, arrays, {"names": list(plane.names)})

    async def pictures(self, request: Request) -> Response:
        """The pictures of some points."""
        body = await read_json(request, bodies.PicturesRequest, self._limits)
        self._require_batch(len(body.indices), "pictures")
        cloud = self._ready(self._service.cloud)
        if isinstance(cloud, Response):
            return cloud
        if max(body.indices) >= len(cloud.codes):
            raise Refused(422, f"indices: expected numbers from 0 to {len(cloud.codes) - 1}.")
        indices = np.asarray(body.indices, np.int64)
        return images_answer(request, await asyncio.to_thread(self._service.pictures, indices))

    async def neighbours(self, request: Request) -> Response:
        """The points nearest to a code."""
        body = await read_json(request, bodies.NeighboursRequest, self._limits)
        code = self._codes([body.code])[0]
        cloud = self._ready(self._service.cloud)
        if isinstance(cloud, Response):
            return cloud
        indices, distances = await asyncio.to_thread(cloud.neighbours, code, body.count)
        labels = None if cloud.source.labels is None else np.asarray(cloud.source.labels)[indices]
        arrays = {"indices": indices, "distances": distances, "labels": labels}
        return arrays_answer(request, arrays, {"names": [cloud.source.names[index] for index in indices]})

    def _ready(self, work: Work[Result]) -> Result | Response:
        """What came of some work, or the answer that there is nothing yet."""
        if work.fault:
            raise Refused(404, work.fault)
        if work.result is None:
            return JSONResponse({"done": work.done, "total": work.total}, 202, {"Retry-After": "1"})
        return work.result

    def _require_batch(self, count: int, what: str) -> None:
        if count > self._limits.batch:
            raise Refused(422, f"expected at most {self._limits.batch:,} {what} at once; got {count:,}.")

    def _codes(self, rows: list[list[float]]) -> NDArray[np.float32]:
        self._require_batch(len(rows), "codes")
        dim = self._service.dim
        if wrong := next((len(row) for row in rows if len(row) != dim), None):
            raise Refused(422, f"expected codes of {dim} numbers; got one of {wrong}.")
        return np.asarray(rows, np.float32)

    def _codes_from(self, body: bytes) -> NDArray[np.float32]:
        size = 4 * self._service.dim
        if not body or len(body) % size:
            raise Refused(
                422,
                f"expected codes as little-endian float32, {size} bytes each; got {len(body):,} bytes.",
            )
        codes = np.frombuffer(body, "<f4").reshape(-1, self._service.dim).astype(np.float32)
        self._require_batch(len(codes), "codes")
        if not (np.abs(codes) <= bodies.LARGEST).all():  # false for NaN too
            raise Refused(422, f"expected finite numbers from {-bodies.LARGEST:g} to {bodies.LARGEST:g}.")
        return codes

    def _pixels_of(self, images: list[list[list[list[int]]]]) -> Pixels:
        self._require_batch(len(images), "pictures")
        image = self._service.run.image
        try:
            pixels = np.asarray(images, np.uint8)
        except ValueError:  # rows of different lengths
            pixels = np.zeros(0, np.uint8)
        if pixels.shape[1:] != image.shape:
            raise Refused(
                422, f"expected pictures of {image.height} rows, {image.width} columns and {image.channels} channels."
            )
        return pixels

    def _pixels_from(self, body: bytes) -> Pixels:
        image = self._service.run.image
        if not body or len(body) % image.dims:
            raise Refused(
                422,
                f"expected pictures of {image}, {image.dims:,} bytes each (height x width x channels); "
                f"got {len(body):,} bytes.",
            )
        pixels = np.frombuffer(body, np.uint8).reshape(-1, *image.shape)
        self._require_batch(len(pixels), "pictures")
        return pixels

    async def _prepared(self, request: Request) -> Pixels:
        body = await read_body(request, self._limits)
        return await asyncio.to_thread(self._service.prepare, body)


def _page_files() -> list[str]:
    return sorted(file.name for file in (files("isthmus.explorer") / "page").iterdir() if file.is_file())


def _page_file(name: str) -> Endpoint:
    content = (files("isthmus.explorer") / "page" / name).read_bytes()
    kind = _TYPES[f".{name.rpartition('.')[2]}"]

    async def endpoint(request: Request) -> Response:
        return Response(content, media_type=kind)

    return endpoint
