import pytest

from isthmus.recipes import RECIPES, leaf_fields
from isthmus.recipes.describe import field_summaries


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_every_leaf_is_described(recipe):
    summaries = field_summaries(recipe)
    assert set(summaries) == {name for name, _ in leaf_fields(recipe.model_dump(mode="json"))}
    assert all(summaries.values())


def test_a_kind_is_described_by_its_part():
    assert field_summaries(RECIPES["dense-vae"])["network.kind"].startswith("Fully connected layers")
