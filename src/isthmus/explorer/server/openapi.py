"""What FastAPI cannot know when it describes the API: the reasons of refusals, and the bounds of one run."""

from typing import Any

from isthmus.explorer.server.content import BYTES, PNG, SHAPE_HEADER
from isthmus.explorer.server.schemas import LARGEST, ErrorResponse, ProgressResponse, Schema
from isthmus.explorer.service import Service

Responses = dict[int | str, dict[str, Any]]

RAW: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
REASONS = {
    400: "The body is not valid JSON.",
    401: "The token is missing.",
    403: "The request comes from another site, or names another host.",
    404: "There are no images; the message says why.",
    406: "Accept names no media type that is offered.",
    408: "The body came too slowly.",
    413: "The body is too large.",
    415: "The body is of another media type than those listed.",
    422: "The request is invalid.",
    429: "Too many requests.",
    503: "Too much is waiting to be computed.",
}


def refusals(*statuses: int) -> Responses:
    """The descriptions of responses with these statuses."""
    return {status: {"model": ErrorResponse, "description": REASONS[status]} for status in statuses}


BODY_REFUSALS = refusals(400, 408, 413, 415, 422, 503)
"""Of each endpoint that takes a body."""
IMAGES: Responses = {
    200: {
        "description": "One PNG of all images, or raw pixels.",
        "content": {PNG: RAW, BYTES: RAW},
        "headers": {SHAPE_HEADER: {"description": "count,height,width,channels", "schema": {"type": "string"}}},
    }
}
PENDING: Responses = {
    202: {"model": ProgressResponse, "description": "The result is still being computed."},
    **refusals(404),
}


def arrays(model: type[Schema]) -> Responses:
    """The description of a response of arrays: JSON as a model says, or safetensors."""
    return {200: {"model": model, "content": {BYTES: RAW}}}


def also_takes(*kinds: str) -> dict[str, Any]:
    """The addition to an operation whose body is JSON or of other media types too."""
    return {"requestBody": {"required": True, "content": dict.fromkeys(kinds, RAW)}}


def description(service: Service) -> str:
    """A paragraph on the API of one run."""
    image = service.run.image
    return (
        f"A model of images of {image.height} rows, {image.width} columns and {image.channels} channels, with "
        f"{service.dim} latent dimensions. Coordinates of latent codes lie from {-LARGEST:g} to {LARGEST:g}. Raw codes "
        "are little-endian float32, raw pixels 8-bit, both in C order. Arrays are JSON, or safetensors for clients "
        f"that accept {BYTES}. Rates and distortions are in nats."
    )


def add_bounds(described: dict[str, Any], service: Service) -> dict[str, Any]:
    """Add what depends on the run to FastAPI's description: the sizes of codes and images, of batches, and the names.

    Args:
        described: The OpenAPI document, which is changed.
        service: The run at work.

    Returns:
        The same document.
    """
    dim, batch = service.dim, service.limits.batch
    fields = {name: schema.get("properties") for name, schema in described["components"]["schemas"].items()}
    fields["DecodeRequest"]["codes"]["maxItems"] = batch
    fields["DecodeRequest"]["codes"]["items"].update(minItems=dim, maxItems=dim)
    fields["NeighboursRequest"]["code"].update(minItems=dim, maxItems=dim)
    fields["SampleRequest"]["count"]["maximum"] = batch
    labels = len(service.run.class_names)
    choices = [{"type": "integer", "minimum": 0, "maximum": labels - 1}] if labels else []
    fields["SampleRequest"]["label"]["anyOf"] = [{"type": "null"}, *choices]
    part = fields["EncodeRequest"]["images"]
    part["maxItems"] = batch
    for side in service.run.image.shape:
        part = part["items"]
        part.update(minItems=side, maxItems=side)
    fields["ImagesRequest"]["indices"]["maxItems"] = batch
    if (cloud := service.cloud.result) is not None:
        fields["ImagesRequest"]["indices"]["items"]["maximum"] = len(cloud.codes) - 1
    (name,) = described["paths"]["/api/projection"]["get"]["parameters"]
    name["schema"] = {"type": "string", "enum": list(service.projections), "default": service.projections[0]}
    return described
