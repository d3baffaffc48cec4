"""`isthmus recipes`, `datasets` and `info`."""

from typing import Annotated

import typer

from isthmus.cli.console import print_json, print_table, say
from isthmus.cli.options import AsJson


def recipes(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A recipe, to show its fields, their values and meanings."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the recipes, or show the fields of one.

    Every field can be changed: isthmus train DATA --recipe NAME --set FIELD=VALUE
    """
    from isthmus.recipes import RECIPES, leaf_fields, named_recipe
    from isthmus.recipes.fields import field_summaries

    if name is None:
        if as_json:
            print_json({key: recipe.summary for key, recipe in RECIPES.items()})
        else:
            print_table(("recipe", "what it is for"), [(key, recipe.summary) for key, recipe in RECIPES.items()])
        return
    recipe = named_recipe(name)
    values = recipe.model_dump(mode="json")
    if as_json:
        print_json(values)
        return
    say(f"{recipe.name}: {recipe.summary}\n")
    summaries = field_summaries(recipe)
    hidden = {"name", "summary", "schema_version"}
    rows = [(field, _spell(value), summaries[field]) for field, value in leaf_fields(values) if field not in hidden]
    print_table(("field", "value", "what it means"), rows)


def datasets(as_json: AsJson = False) -> None:
    """List the named data sets, with their sizes."""
    from isthmus.data import DATASETS

    rows = {name: (entry.spec, entry.train_count, entry.test_count, entry.summary) for name, entry in DATASETS.items()}
    if as_json:
        print_json(
            {
                name: {"shape": list(spec.shape), "train": train, "test": test, "summary": summary}
                for name, (spec, train, test, summary) in rows.items()
            }
        )
        return
    print_table(
        ("data set", "size", "train", "test", "what it is"),
        [(name, str(spec), f"{train:,}", f"{test:,}", summary) for name, (spec, train, test, summary) in rows.items()],
    )


def info(as_json: AsJson = False) -> None:
    """Show versions, training backends and the cache folder."""
    from isthmus.data import cache_folder
    from isthmus.training.backends import installed_backends
    from isthmus.workflows.provenance import machine, versions

    backends = installed_backends()
    installed = versions()
    found = {
        "versions": installed,
        "machine": machine(),
        "training_backends": backends,
        "cache": str(cache_folder()),
    }
    if as_json:
        print_json(found)
        return
    training = ", ".join(backends) or 'none: pip install "isthmus[tensorflow]" adds one'
    rows = [("machine", machine()), ("training backends", training), ("data cache", str(cache_folder()))]
    print_table(("what", "here"), [*rows, *installed.items()])


def _spell(value: object) -> str:
    if value is None:
        return "none"
    return ",".join(str(part) for part in value) if isinstance(value, list) else str(value)
