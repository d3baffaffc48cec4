"""The API's description of itself: OpenAPI 3.1, from the models that check the requests."""

from typing import Any

from isthmus import __version__
from isthmus.explorer.server.bodies import LARGEST, schemas
from isthmus.explorer.server.exchange import BYTES, JSON, PNG, SHAPE_HEADER
from isthmus.explorer.service import Service

_IMAGES = {
    PNG: {"schema": {"type": "string", "format": "binary"}},
    BYTES: {"schema": {"type": "string", "format": "binary"}},
}
_REFUSALS = {
    "400": "The body is not valid JSON.",
    "401": "The token is missing.",
    "403": "The request comes from another site, or names another host.",
    "406": "Accept names nothing that is offered.",
    "408": "The body came too slowly.",
    "413": "The body is too large.",
    "415": "The body is of another type than those listed.",
    "422": "The body is not what it should be.",
    "429": "Too many requests.",
    "503": "Too much is waiting to be computed.",
}
_ALWAYS = ("401", "403", "406", "429")
_OF_BODIES = ("400", "408", "413", "415", "422", "503")


def document(service: Service) -> dict[str, Any]:
    """Describe the API for one run: the shapes of its codes and pictures are in the schemas."""
    dim, image, batch = service.dim, service.run.image, service.limits.batch
    known = schemas()
    _settle(known["DecodeRequest"], "codes", maxItems=batch)
    code = known["DecodeRequest"]["properties"]["codes"]["items"]
    code.update(minItems=dim, maxItems=dim)
    known["NeighboursRequest"]["properties"]["code"].update(minItems=dim, maxItems=dim)
    _settle(known["PicturesRequest"], "indices", maxItems=batch)
    _settle(known["SampleRequest"], "count", maximum=batch)
    labels = len(service.run.class_names)
    choices = [{"type": "null"}, *([{"type": "integer", "minimum": 0, "maximum": labels - 1}] if labels else [])]
    known["SampleRequest"]["properties"]["label"].update(anyOf=choices)
    _settle(known["EncodeRequest"], "images", maxItems=batch)
    part = known["EncodeRequest"]["properties"]["images"]
    for side in image.shape:
        part = part["items"]
        part.update(minItems=side, maxItems=side)
    if (cloud := service.cloud.result) is not None:
        known["PicturesRequest"]["properties"]["indices"]["items"]["maximum"] = len(cloud.codes) - 1
    raw = {"schema": {"type": "string", "format": "binary"}}
    later = {"202": _answer("It is still being computed.", {JSON: _of("Progress")})}
    none = {"404": _fault("There are no images, and why.")}
    shape = {SHAPE_HEADER: {"description": "count,height,width,channels", "schema": {"type": "string"}}}
    pictures = {"200": _answer("Pictures: one PNG of all, or raw pixels.", _IMAGES, shape)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"isthmus explore: {service.run.path.resolve().name}",
            "version": __version__,
            "description": (
                f"A model of pictures of {image.height} rows, {image.width} columns and {image.channels} channels, and "
                f"codes of {dim} numbers from {-LARGEST:g} to {LARGEST:g}. Raw codes are little-endian float32, "
                "raw pixels 8-bit, both in C order. Arrays are JSON, or safetensors for those who accept "
                f"{BYTES}. Information is in nats."
            ),
        },
        "paths": {
            "/api/describe": {
                "get": _operation("What the run is and what it can do", {"200": _answer("The run.", {JSON: {}})})
            },
            "/api/decode": {
                "post": _operation("Codes to pictures", pictures, {JSON: _of("DecodeRequest"), BYTES: raw})
            },
            "/api/encode": {
                "post": _operation(
                    "Pictures to codes, and what they cost in nats",
                    {"200": _answer("The posterior of each.", {JSON: _of("Posteriors"), BYTES: raw})},
                    {JSON: _of("EncodeRequest"), BYTES: raw, "image/*": raw},
                )
            },
            "/api/prepare": {
                "post": _operation("A picture file, made fit as for training", pictures, {"image/*": raw})
            },
            "/api/sample": {
                "post": _operation(
                    "New images: from the prior, or from the training codes of one label",
                    {"200": _answer("Their codes, or pictures.", {JSON: _of("Codes"), **_IMAGES}, shape)},
                    {JSON: _of("SampleRequest")},
                )
            },
            "/api/points": {
                "get": _operation(
                    "The images of the scatter",
                    {"200": _answer("Points.", {JSON: _of("Points"), BYTES: raw}), **later, **none},
                )
            },
            "/api/distortions": {
                "get": _operation(
                    "The distortion of each point",
                    {"200": _answer("Nats.", {JSON: _of("Distortions"), BYTES: raw}), **later, **none},
                )
            },
            "/api/projection": {
                "get": {
                    **_operation(
                        "The points on a plane",
                        {
                            "200": _answer("The plane.", {JSON: _of("Plane"), BYTES: raw}),
                            **later,
                            **none,
                            "422": _fault("There is no such projection."),
                        },
                    ),
                    "parameters": [
                        {
                            "name": "name",
                            "in": "query",
                            "schema": {"type": "string", "enum": list(service.projections)},
                        }
                    ],
                }
            },
            "/api/pictures": {
                "post": _operation(
                    "The pictures of some points", {**pictures, **later, **none}, {JSON: _of("PicturesRequest")}
                )
            },
            "/api/neighbours": {
                "post": _operation(
                    "The points nearest to a code",
                    {"200": _answer("Nearest first.", {JSON: _of("Neighbours"), BYTES: raw}), **later, **none},
                    {JSON: _of("NeighboursRequest")},
                )
            },
        },
        "components": {"schemas": known},
    }


def _operation(summary: str, answers: dict[str, Any], body: dict[str, Any] | None = None) -> dict[str, Any]:
    refusals = {status: _fault(_REFUSALS[status]) for status in (*_ALWAYS, *(_OF_BODIES if body else ()))}
    operation: dict[str, Any] = {"summary": summary, "responses": {**refusals, **answers}}
    if body:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _settle(schema: dict[str, Any], name: str, **bounds: int) -> None:
    schema["properties"][name].update(bounds)


def _of(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{name}"}}


def _answer(what: str, content: dict[str, Any], headers: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"description": what, "content": content, **({"headers": headers} if headers else {})}


def _fault(what: str) -> dict[str, Any]:
    return _answer(what, {JSON: _of("Fault")})
