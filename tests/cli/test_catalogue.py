import json

from isthmus.data import DATASETS
from isthmus.recipes import RECIPES, leaf_fields, recipe_from_json


def test_every_recipe_is_listed_with_what_it_is_for(isthmus):
    shown = " ".join(isthmus("recipes").stdout.split())
    for recipe in RECIPES.values():
        assert f"{recipe.name} {recipe.summary}" in shown


def test_a_recipe_as_json_is_the_recipe(isthmus):
    for name in ("conv-vae", "upsample-ae"):
        assert recipe_from_json(isthmus("recipes", name, "--json").stdout) == RECIPES[name]


def test_a_recipe_shows_every_field_and_what_it_means(isthmus):
    shown = isthmus("recipes", "conv-vae").stdout
    for field, _ in leaf_fields(RECIPES["conv-vae"].model_dump(mode="json")):
        if field not in ("name", "summary", "schema_version"):
            line = next(line for line in shown.splitlines() if line.split()[:1] == [field])
            assert len(line.split()) > 3


def test_data_sets_and_their_sizes(isthmus):
    assert set(json.loads(isthmus("datasets", "--json").stdout)) == set(DATASETS)
    assert "60,000" in isthmus("datasets").stdout


def test_info_says_what_can_train_here(isthmus, monkeypatch):
    found = json.loads(isthmus("info", "--json").stdout)
    assert "tensorflow" in found["training_backends"]
    assert found["versions"]["keras"]
