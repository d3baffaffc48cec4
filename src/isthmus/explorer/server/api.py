"""The endpoints of the API: each reads a request, asks the service and writes the response."""

import asyncio
from typing import Annotated, Any, TypeVar

import numpy as np
from fastapi import APIRouter, Body, Depends, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import WithJsonSchema

from isthmus.explorer.job import BackgroundJob
from isthmus.explorer.projection import ProjectionName
from isthmus.explorer.server import schemas
from isthmus.explorer.server.arrays import codes_of, images_of, require_batch
from isthmus.explorer.server.content import (
    ANY_IMAGE,
    BYTES,
    JSON,
    PNG,
    arrays_response,
    choose,
    content_type,
    images_response,
    takes,
)
from isthmus.explorer.server.openapi import BODY_REFUSALS, IMAGES, PENDING, RAW, also_takes, arrays, refusals
from isthmus.explorer.service import Service

Result = TypeVar("Result")


class Pending(Exception):  # noqa: N818  # a response like any other
    """A result that is still being computed.

    Args:
        job: What computes it.
    """

    def __init__(self, job: BackgroundJob[Any]) -> None:
        super().__init__()
        self.job = job


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Explorer = Annotated[Service, Depends(_service)]
ImageFile = Annotated[bytes, Body(media_type=ANY_IMAGE), WithJsonSchema(RAW["schema"])]
router = APIRouter(prefix="/api", default_response_class=Response)


def ready(job: BackgroundJob[Result]) -> Result:
    """The result of a job.

    Raises:
        HTTPException: If the job failed (404).
        Pending: If it is not over (202).
    """
    if job.error:
        raise HTTPException(404, job.error)
    if job.result is None:
        raise Pending(job)
    return job.result


@router.get("/describe", response_class=JSONResponse)
async def describe(service: Explorer) -> dict[str, Any]:
    """Describe the run and what can be asked of it."""
    return service.describe()


@router.post(
    "/decode", responses={**BODY_REFUSALS, **IMAGES}, dependencies=[takes(JSON, BYTES)], openapi_extra=also_takes(BYTES)
)
async def decode(request: Request, service: Explorer, body: schemas.DecodeRequest | schemas.RawBody) -> Response:
    """Decode latent codes to images."""
    codes = codes_of(service, body if isinstance(body, bytes) else body.codes)
    return images_response(request, await service.decode(codes))


@router.post(
    "/encode",
    responses={**BODY_REFUSALS, **arrays(schemas.EncodeResponse)},
    dependencies=[takes(JSON, BYTES, ANY_IMAGE)],
    openapi_extra=also_takes(BYTES, ANY_IMAGE),
)
async def encode(request: Request, service: Explorer, body: schemas.EncodeRequest | schemas.RawBody) -> Response:
    """Encode images to posteriors, and measure their rate and distortion."""
    if isinstance(body, bytes) and content_type(request) != BYTES:
        images = await asyncio.to_thread(service.prepare, body)
    else:
        images = images_of(service, body if isinstance(body, bytes) else body.images)
    return arrays_response(request, vars(await service.encode(images)))


@router.post("/prepare", responses={**BODY_REFUSALS, **IMAGES}, dependencies=[takes(ANY_IMAGE)])
def prepare(request: Request, service: Explorer, body: ImageFile) -> Response:
    """Preprocess an image file as for training."""
    return images_response(request, service.prepare(body))


@router.post(
    "/sample",
    responses={**BODY_REFUSALS, 200: {**IMAGES[200], "model": schemas.SampleResponse}},
    dependencies=[takes(JSON)],
)
async def sample(request: Request, service: Explorer, body: schemas.SampleRequest) -> Response:
    """Sample new images: from the prior, or from the training codes of one label."""
    require_batch(service, body.count, "samples")
    names = service.run.class_names
    if body.label is not None and body.label >= len(names):
        raise HTTPException(422, f"label: expected one of {len(names)} labels, counted from 0.")
    codes = service.run.sample_codes(body.count, None if body.label is None else names[body.label], body.seed)
    if choose(request, JSON, PNG, BYTES) == JSON:
        return arrays_response(request, {"codes": codes})
    return images_response(request, await service.decode(codes))


@router.get("/points", responses={**PENDING, **arrays(schemas.PointsResponse)})
def points(request: Request, service: Explorer) -> Response:
    """List the images of the scatter plot and their latent codes."""
    cloud = ready(service.cloud)
    labels = None if cloud.source.labels is None else np.asarray(cloud.source.labels, np.int32)
    rate, information = (values.astype(np.float32) for values in (cloud.rate, cloud.information[0]))
    found = {"codes": cloud.codes, "labels": labels, "rate": rate, "information": information}
    return arrays_response(request, found, {"what": cloud.what, "names": list(cloud.source.names)})


@router.get("/distortions", responses={**PENDING, **arrays(schemas.DistortionsResponse)})
def distortions(request: Request, service: Explorer) -> Response:
    """List the distortion of each point."""
    ready(service.cloud)  # first: where it fails, the distortions never begin
    return arrays_response(request, {"distortion": ready(service.distortions)})


@router.get("/projection", responses={**PENDING, **refusals(422), **arrays(schemas.ProjectionResponse)})
async def projection(request: Request, service: Explorer, name: ProjectionName | None = None) -> Response:
    """Project the points to a plane."""
    name = name or service.projections[0]
    if name not in service.projections:
        raise HTTPException(422, f"name: expected one of {', '.join(service.projections)}; got {name!r}.")
    ready(service.cloud)
    plane = ready(service.projection(name))
    found = {"places": plane.places, "axes": plane.axes, "centre": plane.centre}
    return arrays_response(request, found, {"names": list(plane.names)})


@router.post("/images", responses={**BODY_REFUSALS, **PENDING, **IMAGES}, dependencies=[takes(JSON)])
def images(request: Request, service: Explorer, body: schemas.ImagesRequest) -> Response:
    """Read the images of some points."""
    require_batch(service, len(body.indices), "images")
    ready(service.cloud)
    return images_response(request, service.images(body.indices))


@router.post(
    "/neighbours",
    responses={**BODY_REFUSALS, **PENDING, **arrays(schemas.NeighboursResponse)},
    dependencies=[takes(JSON)],
)
def neighbours(request: Request, service: Explorer, body: schemas.NeighboursRequest) -> Response:
    """Find the points nearest to a latent code."""
    code = codes_of(service, [body.code])[0]
    cloud = ready(service.cloud)
    indices, distances = cloud.neighbours(code, body.count)
    labels = None if cloud.source.labels is None else np.asarray(cloud.source.labels)[indices]
    found = {"indices": indices, "distances": distances, "labels": labels}
    return arrays_response(request, found, {"names": [cloud.source.names[index] for index in indices]})
