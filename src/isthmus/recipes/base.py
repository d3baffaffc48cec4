"""The base class of all parts of a recipe: frozen, validated, and strict about names."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
PositiveNumber = Annotated[float, Field(gt=0.0)]


class Fields(BaseModel):
    """A frozen group of fields that refuses unknown names and numbers that are not finite."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True, validate_default=True
    )
