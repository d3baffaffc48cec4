"""What may be asked for in JSON, and what is answered: the models that check requests, and that the document lists."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

LARGEST = 1e6
"""A number of a code: no latent space goes as far, and no float32 overflows on the way."""

Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Code = Annotated[list[Number], Field(min_length=1)]


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 3.0 is as whole as 3."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Behind the bounds: before them, the schema would not tell of them.
Whole = BeforeValidator(_whole)
Byte = Annotated[int, Field(ge=0, le=255), Whole]
Seed = Annotated[int, Field(ge=0, lt=2**31), Whole]


class Body(BaseModel):
    """A part of a request or of an answer; a request with names that are not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DecodeRequest(Body):
    """Codes to decode."""

    codes: Annotated[list[Code], Field(min_length=1)]
    """n codes of as many numbers as the run's."""


class EncodeRequest(Body):
    """Pictures to encode."""

    images: Annotated[list[list[list[Annotated[list[Byte], Field(min_length=1)]]]], Field(min_length=1)]
    """n pictures of height x width x channels, 0 to 255."""


class SampleRequest(Body):
    """New images, or codes of some."""

    count: Annotated[int, Field(ge=1), Whole] = 16
    label: Annotated[int, Field(ge=0), Whole] | None = None
    """Of one class of the training images alone, by its number."""
    seed: Seed = 0
    """The same seed gives the same."""


class NeighboursRequest(Body):
    """A code to look around at."""

    code: Code
    count: Annotated[int, Field(ge=1, le=1000), Whole] = 8


class PicturesRequest(Body):
    """Points whose pictures are wanted."""

    indices: Annotated[list[Annotated[int, Field(ge=0), Whole]], Field(min_length=1)]


class Fault(Body):
    """Why a request was refused."""

    error: str


class Progress(Body):
    """How far something is that is still being computed."""

    done: int
    total: int


class Codes(Body):
    """Codes, one for each image."""

    codes: list[list[float]]


class Posteriors(Body):
    """What the encoder says of pictures, and what they cost."""

    mean: list[list[float]]
    log_variance: list[list[float]] | None
    """Null for a plain autoencoder."""
    rate: list[float]
    """KL of the posterior from the prior, nats."""
    distortion: list[float]
    """-log p(x | z), nats, averaged over draws of the posterior."""
    percentile: list[float] | None
    """How many percent of the test images cost less; null while that is not known."""


class Points(Body):
    """The images of the scatter."""

    what: str
    """What they are."""
    codes: list[list[float]]
    labels: list[int] | None
    names: list[str]
    rate: list[float]
    """Nats."""
    tells: list[float]
    """How much each dimension tells: its mean rate in nats, or its variance where there is none."""


class Distortions(Body):
    """The distortion of each point."""

    distortion: list[float]
    """Nats."""


class Plane(Body):
    """Codes on a plane."""

    places: list[list[float]]
    names: list[str]
    axes: list[list[float]] | None
    """Two rows, if the plane is linear: places = (codes - centre) @ axes.T."""
    centre: list[float] | None


class Neighbours(Body):
    """The points nearest to a code, nearest first."""

    indices: list[int]
    distances: list[float]
    names: list[str]
    labels: list[int] | None


def schemas() -> dict[str, Any]:
    """The JSON Schema of every body by name, as OpenAPI keeps them."""
    models = (
        DecodeRequest, EncodeRequest, SampleRequest, NeighboursRequest, PicturesRequest,
        Fault, Progress, Codes, Posteriors, Points, Distortions, Plane, Neighbours,
    )  # fmt: skip
    return {model.__name__: model.model_json_schema(ref_template="#/components/schemas/{model}") for model in models}
