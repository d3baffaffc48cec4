"""Change fields of a recipe by name, and report what is invalid in words."""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from isthmus.errors import RecipeError
from isthmus.inputs import parse_json
from isthmus.recipes.base import Fields, Part
from isthmus.recipes.fields import SCHEMA_VERSION, Recipe
from isthmus.recipes.latents import LatentFields
from isthmus.recipes.likelihoods import mask_likelihood
from isthmus.recipes.tasks import Segment

KINDS: Mapping[str, Mapping[str, type[Part]]] = {
    name: field.annotation.kinds
    for name, field in Recipe.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Part)
}
"""The kinds of each part of a recipe that has several, by name."""
_MESSAGES = {
    "tuple_type": "expected a list, such as 8,16",
    "too_long": "expected at most {max_length} values",
    "too_short": "expected {min_length} or more values",
    "missing": "expected one more value",
}
"""Messages for faults of lists, which Pydantic words for programmers."""
_NONE_IS_A_NAME = ("pixels.binarise", "condition", "condition.kind")
"""Fields with a value of that name, which is not JSON's null."""
LIKE = 0.6
"""The ratio of `difflib` from which a field's name is suggested for another."""


def build_recipe(values: Mapping[str, Any]) -> Recipe:
    """Validate a whole recipe, with every fault in one message.

    Raises:
        RecipeError: If any field is unknown, missing or out of range.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise RecipeError("invalid recipe:\n" + "\n".join(f"  {fault}" for fault in _faults(error))) from None


def recipe_from_json(text: str) -> Recipe:
    """Read what `recipe.model_dump_json()` wrote.

    Raises:
        RecipeError: If the text is not a JSON object, comes from a newer isthmus, or describes no valid recipe.
    """
    try:
        values = parse_json(text)
    except ValueError as error:
        raise RecipeError(f"the recipe is not valid JSON: {error}") from None
    if not isinstance(values, dict):
        raise RecipeError(f"expected a JSON object for a recipe; got a {type(values).__name__}")
    version = values.get("schema_version", 1)
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise RecipeError(
            f"the recipe has schema version {version}; this isthmus reads up to {SCHEMA_VERSION}. Upgrade isthmus."
        )
    return build_recipe(_upgraded(values) if version == 1 else values)


def _upgraded(values: dict[str, Any]) -> dict[str, Any]:
    """A recipe of schema 1, which had one kind of objective and another name for custom networks, as one of today."""
    network, objective = values.get("network"), values.get("objective")
    if isinstance(network, dict) and network.get("kind") == "own":
        network = {**network, "kind": "custom"}
    if isinstance(objective, dict):
        objective = {"kind": "elbo", **objective}
    given = {"network": network, "objective": objective}
    changed = {name: value for name, value in given.items() if value is not None}
    return {**values, **changed, "schema_version": SCHEMA_VERSION}


def with_fields(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """Change fields by dotted name: `{"objective.beta": 4, "latent.dim": 10}`.

    A change of `PART.kind` (or of `PART` itself, to a kind's name) keeps the fields that the new kind shares with the
    old one where their values go with its defaults, and gives the others their defaults.  Kinds are changed first, so
    the order does not matter.  The likelihood of masks follows their classes unless it is among the changes.

    Raises:
        RecipeError: For unknown names, with the nearest known one, and for invalid values.
    """
    values = recipe.model_dump(mode="json")
    named = {
        (f"{name}.kind" if name in KINDS and isinstance(value, str) else name): value for name, value in changes.items()
    }
    faults = []
    for name, value in named.items():
        part, _, field = name.partition(".")
        if part in KINDS and field == "kind":
            if not isinstance(value, str) or value not in KINDS[part]:
                faults.append(f"{name}: expected one of {', '.join(KINDS[part])}; got {value!r}")
            else:
                new = KINDS[part][value]
                shared = {key: old for key, old in values[part].items() if key != "kind" and _suits(new, key, old)}
                values[part] = {**new().model_dump(mode="json"), **shared}
    latent = KINDS["latent"][values["latent"]["kind"]]
    dim = named.pop("latent.dim", None) if issubclass(latent, LatentFields) and latent.has_grid else None
    for name, value in named.items():
        *parts, field = name.split(".")
        place: Any = values
        for part in parts:
            place = place.get(part) if isinstance(place, dict) else None
        if not isinstance(place, dict) or field not in place or isinstance(place[field], dict):
            faults.append(_unknown(name, values))
        elif not (field == "kind" and parts[0] in KINDS):
            place[field] = value
    if dim is not None:
        faults += _set_grid_dim(values["latent"], dim)
    if not any(name.partition(".")[0] == "likelihood" for name in named):
        values["likelihood"] = _following(values["task"], values["likelihood"])
    if faults:
        raise RecipeError("invalid changes of the recipe:\n" + "\n".join(f"  {fault}" for fault in faults))
    return build_recipe(values)


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Read `FIELD=VALUE` as the command line gives it; a value is JSON, or else a string.

    `filters=32,64` is read as a list, and `none` as JSON's null where it stands alone for an optional number.

    Raises:
        RecipeError: If there is no `=`.
    """
    changes: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.strip():
            raise RecipeError(f"expected FIELD=VALUE, such as objective.beta=4; got {assignment!r}")
        changes[name.strip()] = _value(name.strip(), text.strip())
    return changes


def leaf_fields(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every field of a dumped recipe as its dotted name and its value."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaf_fields(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _following(task: Mapping[str, Any], likelihood: dict[str, Any]) -> dict[str, Any]:
    """The likelihood for a changed task: for masks that of their number of classes, if known."""
    if task["kind"] != "segment":
        return likelihood
    try:
        count = Segment.model_validate(task).count
    except ValidationError:  # the validation of the whole recipe reports it
        return likelihood
    if count is None and likelihood["kind"] in ("bernoulli", "categorical"):
        return likelihood
    return mask_likelihood(count or 2).model_dump(mode="json")


def _set_grid_dim(latent: dict[str, Any], dim: Any) -> Iterator[str]:
    """Give a code on a grid the channels that make this number of dimensions; yields a fault if none do."""
    try:
        positions = math.prod(int(side) for side in latent["grid"])
        channels = len(latent.get("levels", ()))
    except (TypeError, ValueError):  # the validation of the whole recipe reports it
        return
    if channels:
        if dim != positions * channels:
            yield (
                f"latent.dim: discrete codes have {positions} positions of latent.grid x {channels} channels of "
                f"latent.levels = {positions * channels} dimensions; got {dim!r}. Set latent.grid or latent.levels"
            )
        return
    if isinstance(dim, int) and positions and dim > 0 and dim % positions == 0:
        latent["channels"] = dim // positions
        return
    grid = " x ".join(map(str, latent["grid"]))
    yield (f"latent.dim: expected a multiple of the {positions} positions of latent.grid, {grid}; got {dim!r}")


def _value(name: str, text: str) -> Any:
    if text.lower() == "none" and name not in _NONE_IS_A_NAME:
        return None
    try:
        return parse_json(text)
    except ValueError:
        pass
    if "," in text:
        try:
            return parse_json(f"[{text.strip('()')}]")
        except ValueError:
            pass
    return text


def _suits(kind: type[Fields], name: str, value: Any) -> bool:
    try:
        kind.model_validate({name: value})
    except ValidationError:
        return False
    return True


def _unknown(name: str, values: Mapping[str, Any]) -> str:
    """The message for an unknown name: the kinds that have such a field, or else the nearest name.

    The last part of the name counts most.
    """
    part, _, field = name.partition(".")
    having = [kind for kind, fields in KINDS.get(part, {}).items() if field in fields.model_fields]
    if having:
        own = values[part]["kind"]
        has = ", ".join(key for key in values[part] if key != "kind") or "no fields"
        return f"{name}: a field of {part}.kind={', '.join(having)}; the recipe has {part}.kind={own}, with {has}"
    names = [leaf for leaf, _ in leaf_fields(values)]
    last = name.rpartition(".")[2]
    parts = difflib.get_close_matches(last, [part for part in values if isinstance(values[part], dict)], cutoff=0.7)
    if parts:
        fields = ", ".join(leaf for leaf in names if leaf.startswith(f"{parts[0]}."))
        return f"{name}: no such field; {parts[0]} has {fields}"

    def likeness(leaf: str) -> tuple[float, float]:
        end = leaf.rpartition(".")[2]
        same = 1.0 if end.startswith(f"{last}_") else difflib.SequenceMatcher(None, last, end).ratio()
        return same, difflib.SequenceMatcher(None, name, leaf).ratio()

    nearest = max(names, key=likeness)
    if likeness(nearest)[0] < LIKE:
        return f"{name}: no such field; `isthmus recipes NAME --json` prints all of them"
    return f"{name}: no such field; the nearest is {nearest}"


def _faults(error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors():
        # Pydantic puts the tag of a union into the place: ("network", "conv", "filters").
        place = [
            str(part)
            for i, part in enumerate(fault["loc"])
            if not (i == 1 and fault["loc"][0] in KINDS and part in KINDS[str(fault["loc"][0])])
        ]
        name = ".".join(place)
        if fault["type"] == "extra_forbidden":
            values = Recipe().model_dump(mode="json")
            if place[0] in KINDS:
                values[place[0]] = KINDS[place[0]][str(fault["loc"][1])]().model_dump(mode="json")
            lines.append(_unknown(name, values))
            continue
        own = _MESSAGES.get(fault["type"])
        message = fault["msg"].removeprefix("Value error, ") if own is None else own.format(**fault.get("ctx", {}))
        if fault["type"] == "value_error":
            lines += [f"{name}: {message}"] if name else message.split("; ")
        else:
            lines.append(f"{name}: {message[0].lower()}{message[1:]}; got {fault['input']!r}")
    return lines
