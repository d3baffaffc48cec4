"""Requests and responses of the API: the models that check the one and describe both."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic.json_schema import SkipJsonSchema

LARGEST = 1e6
"""The largest latent coordinate: no latent space reaches as far, and no float32 overflows on the way."""

Coordinate = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Code = Annotated[list[Coordinate], Field(min_length=1)]
RawBody = SkipJsonSchema[Annotated[bytes, Strict()]]
"""A body that is not JSON; its media types are listed at each endpoint."""


def _whole(value: Any) -> Any:
    """Accept 3.0 for 3: JSON has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Behind the bounds: before them, the schema would not list them.
Whole = BeforeValidator(_whole)
Byte = Annotated[int, Field(ge=0, le=255), Whole]
Seed = Annotated[int, Field(ge=0, lt=2**31), Whole]


class Schema(BaseModel):
    """A request or a response; a request with unknown names is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DecodeRequest(Schema):
    """Latent codes to decode."""

    codes: Annotated[list[Code], Field(min_length=1)]
    """n codes of the run's latent dimensions."""


class EncodeRequest(Schema):
    """Images to encode."""

    images: Annotated[list[list[list[Annotated[list[Byte], Field(min_length=1)]]]], Field(min_length=1)]
    """n images of height x width x channels, 0 to 255."""


class SampleRequest(Schema):
    """New images, or latent codes of some."""

    count: Annotated[int, Field(ge=1), Whole] = 16
    label: Annotated[int, Field(ge=0), Whole] | None = None
    """Draw from the codes of this class of training images; its number."""
    seed: Seed = 0
    """Seed for the draws."""


class NeighboursRequest(Schema):
    """A latent code whose nearest images are wanted."""

    code: Code
    count: Annotated[int, Field(ge=1, le=1000), Whole] = 8


class ImagesRequest(Schema):
    """Points whose images are wanted."""

    indices: Annotated[list[Annotated[int, Field(ge=0), Whole]], Field(min_length=1)]


class ErrorResponse(Schema):
    """Why a request was refused."""

    error: str


class ProgressResponse(Schema):
    """The progress of a result that is still being computed."""

    done: int
    total: int


class EncodeResponse(Schema):
    """The posteriors of images, and what the images cost."""

    mean: list[list[float]]
    log_variance: list[list[float]] | None
    """Null for a plain autoencoder."""
    rate: list[float]
    """KL of the posterior from the prior, nats."""
    distortion: list[float]
    """-log p(x | z), nats, averaged over draws of the posterior."""
    percentile: list[float] | None
    """The percentage of the run's images that cost less; null while that is unknown."""


class SampleResponse(Schema):
    """Latent codes, one for each new image."""

    codes: list[list[float]]


class PointsResponse(Schema):
    """The images of the scatter plot."""

    what: str
    """A description of the images."""
    codes: list[list[float]]
    labels: list[int] | None
    names: list[str]
    rate: list[float]
    """Nats."""
    information: list[float]
    """Information per latent dimension: its mean rate in nats, or its variance for a plain autoencoder."""


class DistortionsResponse(Schema):
    """The distortion of each point."""

    distortion: list[float]
    """Nats."""


class ProjectionResponse(Schema):
    """The points on a plane."""

    places: list[list[float]]
    names: list[str]
    axes: list[list[float]] | None
    """Two rows, if the projection is linear: places = (codes - centre) @ axes.T."""
    centre: list[float] | None


class NeighboursResponse(Schema):
    """The points nearest to a latent code, nearest first."""

    indices: list[int]
    distances: list[float]
    names: list[str]
    labels: list[int] | None
