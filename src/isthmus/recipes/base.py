"""The base classes of all parts of a recipe: frozen, validated, and strict about names."""

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

if TYPE_CHECKING:
    from isthmus.recipes.fields import Recipe

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
PositiveNumber = Annotated[float, Field(gt=0.0)]


class Fields(BaseModel):
    """A frozen group of fields that refuses unknown names and numbers that are not finite."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True, validate_default=True
    )


class Part(Fields):
    """A part of a recipe that has several kinds: a latent, a prior, a likelihood, a network, an objective or a task.

    A direct subclass is the part; a subclass of that which declares a field `kind` is one kind, and registers itself. A
    recipe takes every kind that is registered, so that kinds can be added from outside.
    """

    kinds: ClassVar[dict[str, type["Part"]]] = {}
    """The kinds of this part by name."""
    recipes: ClassVar[list[type[BaseModel]]] = []
    """Models with fields of parts; they are rebuilt for each kind that is added."""

    if TYPE_CHECKING:

        @property
        def kind(self) -> str:
            """Name of the kind."""

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """What in the rest of a recipe does not go with this part, each in one clause; by default nothing."""
        return iter(())

    @classmethod
    def __pydantic_init_subclass__(cls, **arguments: Any) -> None:
        super().__pydantic_init_subclass__(**arguments)
        if Part in cls.__bases__:
            cls.kinds = {}
        elif "kind" in inspect.get_annotations(cls):
            cls.kinds[cls.model_fields["kind"].default] = cls
            for recipe in Part.recipes:
                recipe.model_rebuild(force=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if "kind" in cls.model_fields or not cls.kinds:
            return handler(source)
        choices = {name: handler.generate_schema(kind) for name, kind in cls.kinds.items()}
        return core_schema.tagged_union_schema(cast("dict[Any, CoreSchema]", choices), discriminator="kind")
