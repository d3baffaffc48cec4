from isthmus.recipes import RECIPES
from isthmus.report.summary import kind_of


def test_every_named_recipe_has_words_for_its_kind():
    kinds = {name: kind_of(recipe) for name, recipe in RECIPES.items()}
    assert kinds["dense-ae"] == "dense autoencoder"
    assert kinds["conv-vae-colour"] == "convolutional variational autoencoder"
