import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.errors import RecipeError, UsageError
from isthmus.recipes import (
    ELBO,
    RECIPES,
    ConvNetwork,
    CustomNetwork,
    GaussianLatent,
    PointLatent,
    Recipe,
    Training,
    build_recipe,
    leaf_fields,
    named_recipe,
    parse_assignments,
    recipe_from_json,
    with_fields,
)


@given(st.data())
def test_reads_what_a_recipe_writes(any_recipe, data):
    recipe = data.draw(any_recipe)
    assert recipe_from_json(recipe.model_dump_json(indent=2)) == recipe


def test_the_older_name_of_custom_networks_is_read():
    assert recipe_from_json('{"network": {"kind": "own"}}').network.kind == "custom"


@given(st.data())
def test_every_field_can_be_set_by_name(any_recipe, data):
    """From any recipe to any other, leaf by leaf, as `--set` would."""
    start, goal = data.draw(any_recipe), data.draw(any_recipe)
    leaves = data.draw(st.permutations(list(leaf_fields(goal.model_dump(mode="json")))))
    assert with_fields(start, dict(leaves)) == goal


@given(st.data())
def test_assignments_as_text_reach_every_field(any_recipe, data):
    recipe = data.draw(any_recipe)
    leaves = dict(leaf_fields(recipe.model_dump(mode="json")))
    del leaves["name"], leaves["summary"]  # free text, which may look like a number
    parsed = parse_assignments(
        f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in leaves.items()
    )
    assert with_fields(Recipe(name=recipe.name, summary=recipe.summary), parsed) == recipe


class TestAssignments:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("objective.beta=4", 4),
            ("objective.beta = 4e-1 ", 0.4),
            ("network.filters=[32, 64]", [32, 64]),
            ("network.filters=32,64", [32, 64]),
            ("network.filters=(32,64)", [32, 64]),
            ("latent.kind=point", "point"),
            ("training.patience=none", None),
            ("training.patience=null", None),
            ("pixels.binarise=none", "none"),
            ("summary=a=b, c", "a=b, c"),
        ],
    )
    def test_values(self, text, value):
        assert list(parse_assignments([text]).values()) == [value]

    @pytest.mark.parametrize("text", ["beta", "=4", " = 4", ""])
    def test_need_a_name_and_a_value(self, text):
        with pytest.raises(RecipeError, match=r"expected FIELD=VALUE, such as objective.beta=4; got "):
            parse_assignments([text])


class TestChanges:
    def test_a_new_kind_keeps_the_fields_that_it_shares(self):
        recipe = Recipe(network=ConvNetwork(kernel=5, activation="gelu"), latent=GaussianLatent(dim=7))
        changed = with_fields(recipe, {"network": "upsample", "latent.kind": "point"})
        assert changed.network.kernel == 5
        assert changed.network.activation == "gelu"
        assert changed.latent == PointLatent(dim=7)

    def test_a_kind_is_changed_before_its_fields_whatever_the_order(self):
        recipe = with_fields(Recipe(), {"network.units": [9], "network": "dense"})
        assert recipe.network.units == (9,)

    def test_the_recipe_that_is_changed_stays(self):
        with_fields(named_recipe("conv-vae"), {"objective.beta": 3})
        assert named_recipe("conv-vae").objective.beta == 1.0

    def test_no_changes(self):
        assert with_fields(RECIPES["dense-ae"], {}) == RECIPES["dense-ae"]


class TestFaults:
    @pytest.mark.parametrize(
        ("name", "near"),
        [
            ("objective.bta", "objective.beta"),
            ("beta", "objective.beta"),
            ("learning_rate", "training.learning_rate"),
            ("latent.dims", "latent.dim"),
            ("training.epoch", "training.epochs"),
            ("optimizer", "training.optimiser"),
            ("training.beta", "objective.beta"),
            ("training.dim", "latent.dim"),
            ("flip", "augmentation.flip_vertical"),
        ],
    )
    def test_a_wrong_name_names_the_nearest(self, name, near):
        with pytest.raises(RecipeError, match=rf"{name}: no such field; the nearest is {near}$"):
            with_fields(Recipe(), {name: 3})

    @pytest.mark.parametrize("name", ["training.augment", "augment", "data.augmentation"])
    def test_a_part_names_its_fields(self, name):
        with pytest.raises(
            RecipeError, match=rf"{name}: no such field; augmentation has augmentation.flip_horizontal, "
        ):
            with_fields(Recipe(), {name: 3})

    @pytest.mark.parametrize(
        ("kind", "name", "having", "has"),
        [
            ({"objective": "iwae"}, "objective.beta", "elbo", "draws"),
            ({"latent": "gaussian"}, "latent.channels", "spatial-point, spatial-gaussian", "dim, epsilon_std"),
            ({}, "prior.components", "mixture", "no fields"),
        ],
    )
    def test_a_field_of_another_kind_names_that(self, kind, name, having, has):
        part, _, field = name.partition(".")
        own = kind.get(part, Recipe().model_dump()[part]["kind"])
        message = f"{name}: a field of {part}.kind={having}; the recipe has {part}.kind={own}, with {has}"
        with pytest.raises(RecipeError, match=f"{message}$"):
            with_fields(Recipe(), {**kind, name: 3})
        with pytest.raises(RecipeError, match=f"{message}$"):
            build_recipe({part: {"kind": own, field: 3}})

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (4, "latent.grid: expected a list, such as 8,16; got 4"),
            ([4], "latent.grid.1: expected one more value; got [4]"),
            ([4, 4, 4], "latent.grid: expected at most 2 values; got [4, 4, 4]"),
        ],
    )
    def test_a_list_that_is_none_or_too_long(self, value, message):
        with pytest.raises(RecipeError, match=re.escape(message)):
            with_fields(Recipe(), {"latent": "spatial-gaussian", "latent.grid": value})

    def test_a_list_that_is_empty(self):
        with pytest.raises(RecipeError, match=re.escape("network.filters: expected 1 or more values; got []")):
            with_fields(Recipe(), {"network.filters": []})

    def test_nothing_is_suggested_that_is_not_alike(self):
        with pytest.raises(RecipeError, match=r"training.lr: no such field; `isthmus recipes NAME --json` prints all"):
            with_fields(Recipe(), {"training.lr": 3})

    @pytest.mark.parametrize("name", ["zzzzzz", "objective", "objective.beta.gamma", "", "..."])
    def test_a_name_that_is_none(self, name):
        with pytest.raises(RecipeError, match="no such field"):
            with_fields(Recipe(), {name: 3})

    def test_several_faults_come_in_one_message(self):
        with pytest.raises(RecipeError) as caught:
            with_fields(Recipe(), {"latent.dmi": 3, "network.kind": "transformer", "tarining.epochs": 1})
        message = str(caught.value)
        assert "latent.dmi: no such field; the nearest is latent.dim" in message
        assert "network.kind: expected one of dense, conv, upsample, unet, residual, custom; got 'tr" in message
        assert "tarining.epochs: no such field; the nearest is training.epochs" in message

    def test_several_wrong_values_come_in_one_message(self):
        with pytest.raises(RecipeError) as caught:
            with_fields(Recipe(), {"latent.dim": 0, "training.epochs": "many", "network.filters": [1, -1]})
        message = str(caught.value)
        assert "latent.dim: input should be greater than 0; got 0" in message
        assert "training.epochs: input should be a valid integer" in message
        assert "network.filters.1: input should be greater than 0; got -1" in message

    def test_parts_that_do_not_agree_come_in_one_message(self):
        changes = {"latent": "point", "objective.beta": 2, "objective.beta_warmup_epochs": 99, "likelihood": "laplace"}
        with pytest.raises(RecipeError) as caught:
            with_fields(Recipe(), {**changes, "pixels.binarise": "threshold"})
        assert len(str(caught.value).splitlines()) == 5

    @pytest.mark.parametrize("value", [[1], {"a": 1}, 5, None, True])
    def test_a_kind_that_is_no_name(self, value):
        with pytest.raises(
            RecipeError, match=r"network.kind: expected one of dense, conv, upsample, unet, residual, custom; got "
        ):
            with_fields(Recipe(), {"network.kind": value})

    def test_is_an_error_of_use(self):
        assert issubclass(RecipeError, UsageError)
        with pytest.raises(RecipeError, match=r"the nearest is training.epochs"):
            build_recipe({"training": {"epoch": 3}})


class TestJson:
    @pytest.mark.parametrize("text", ["", "{", '{"name": '])
    def test_torn(self, text):
        with pytest.raises(RecipeError, match="not valid JSON"):
            recipe_from_json(text)

    def test_no_object(self):
        with pytest.raises(RecipeError, match="expected a JSON object for a recipe; got a list"):
            recipe_from_json("[1]")

    def test_a_newer_one(self):
        with pytest.raises(RecipeError, match=r"schema version 3; this isthmus reads up to 2. Upgrade"):
            recipe_from_json('{"schema_version": 3, "what": "ever"}')

    def test_one_of_schema_1(self):
        """It had one kind of objective, and no prior; custom networks were called `own`."""
        old = '{"schema_version": 1, "objective": {"beta": 3.0}, "network": {"kind": "own"}}'
        recipe = recipe_from_json(old)
        assert recipe == Recipe(objective=ELBO(beta=3.0), network=CustomNetwork())
        assert recipe_from_json(recipe.model_dump_json()) == recipe

    def test_missing_fields_have_their_defaults(self):
        assert recipe_from_json('{"training": {"epochs": 3}}') == Recipe(training=Training(epochs=3))
