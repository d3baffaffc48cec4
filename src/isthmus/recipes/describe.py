"""What each field of a recipe means, from the fields' own descriptions."""

from isthmus.recipes.base import Fields
from isthmus.recipes.fields import Recipe


def field_summaries(recipe: Recipe) -> dict[str, str]:
    """The description of every field by dotted name; a part's kind is described by the part."""
    summaries: dict[str, str] = {}

    def visit(part: Fields, prefix: str) -> None:
        for name, field in type(part).model_fields.items():
            value = getattr(part, name)
            if isinstance(value, Fields):
                visit(value, f"{prefix}{name}.")
            else:
                what = field.description or (type(part).__doc__ or "").strip().splitlines()[0]
                summaries[prefix + name] = what

    visit(recipe, "")
    return summaries
