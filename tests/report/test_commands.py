import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from isthmus.cli.app import app
from isthmus.evaluation.diagnosis import Finding
from isthmus.recipes import (
    RECIPES,
    SIZED,
    CustomNetwork,
    LaplaceLikelihood,
    Recipe,
    UpsampleNetwork,
    named_recipe,
    parse_assignments,
    with_fields,
)
from isthmus.report.commands import changed_fields, next_steps, remedy_command, train_command


def _recipe_of(command):
    """The recipe that a command line trains, read as `isthmus train` reads it."""
    words = shlex.split(command)
    settings = [words[k + 1] for k, word in enumerate(words) if word == "--set"]
    return with_fields(named_recipe(words[words.index("--recipe") + 1]), parse_assignments(settings))


def test_the_command_trains_the_same_recipe_again():
    for name in RECIPES:
        assert _recipe_of(train_command("digits", RECIPES[name])) == RECIPES[name]
    changed = with_fields(
        RECIPES["conv-vae"],
        {"likelihood": "laplace", "pixels.binarise": "none", "network.filters": [8], "training.patience": 3},
    )
    assert _recipe_of(train_command("digits", changed)) == changed


def test_changes_go_on_top():
    recipe = with_fields(RECIPES["conv-vae"], {"latent.dim": 5})
    command = train_command("digits", recipe, {"latent.dim": 7, "objective.beta": 0.5})
    assert _recipe_of(command) == with_fields(recipe, {"latent.dim": 7, "objective.beta": 0.5})


UNNAMED = {
    "defaults": Recipe(),
    "fields that the base's kind has with other limits": Recipe(
        network=UpsampleNetwork(filters=(32, 64), strides=(2, 2), decoder_filters=(8, 8, 8)),
        likelihood=LaplaceLikelihood(sigma=0.5),
    ),
    **{f"like {name}": recipe.model_copy(update={"name": "mine"}) for name, recipe in RECIPES.items()},
}


@pytest.mark.parametrize("recipe", UNNAMED.values(), ids=UNNAMED)
def test_an_unnamed_recipe_is_trained_again_by_way_of_a_named_one(recipe):
    again = _recipe_of(train_command("digits", recipe))
    assert again.name not in SIZED  # those depend on their images
    assert again.model_copy(update={"name": recipe.name, "summary": recipe.summary}) == recipe


def test_no_command_names_a_custom_network():
    for recipe in (Recipe(network=CustomNetwork()), with_fields(RECIPES["conv-vae"], {"network": "custom"})):
        assert train_command("digits", recipe) == ""


def test_fields_are_compared_with_the_named_recipe():
    assert changed_fields(Recipe()) is None
    assert changed_fields(RECIPES["dense-ae"]) == {}


def test_names_are_quoted():
    assert shlex.split(train_command("my photos; rm", RECIPES["dense-ae"]))[2] == "my photos; rm"
    resume = Finding("k", "remark", "t", "e", "r", {"training.epochs": 8}, resume=True)
    words = shlex.split(remedy_command(resume, "my photos", RECIPES["dense-ae"], "a run"))
    assert words == ["isthmus", "train", "--out", "a run", "--resume", "--epochs", "8"]
    again = Finding("k", "remark", "t", "e", "r", resume=True)
    assert "--epochs" not in remedy_command(again, "d", RECIPES["dense-ae"], "r")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"task": "segment"}, True),
        ({"task": "pairs"}, True),
        ({"task": "denoise"}, False),
        ({"task": "segment", "task.masks": "itself"}, False),
    ],
)
def test_targets_in_files_are_named(changes, named):
    recipe = with_fields(RECIPES["unet-masks"], changes)
    change = Finding("k", "fault", "t", "e", "r", {"training.seed": 1})
    assert ("--targets 'the masks'" in remedy_command(change, "photos", recipe, "r", "the masks")) is named
    assert ("--targets TARGETS" in remedy_command(change, "photos", recipe, "r")) is named


def test_every_command_is_one_that_there_is(tiny_run):
    steps = next_steps(tiny_run)
    commands = [shlex.split(step.text) for step in steps if step.text.startswith("isthmus")]
    assert len(commands) >= 6
    for command in commands:
        shown = CliRunner().invoke(app, [command[1], "--help"], env={"COLUMNS": "300"})
        assert shown.exit_code == 0, command
        for option in (word for word in command if word.startswith("--")):
            assert option in shown.output, (command, option)


def test_the_steps_suit_the_run(tiny_run, tiny_ae_run):
    plane = [step.text for step in next_steps(tiny_run)]
    assert any(" plot " in text and " manifold " in text for text in plane)
    assert any("--label 2" in text for text in plane)
    assert any(text.startswith("isthmus compress") for text in plane)
    other = [step.text for step in next_steps(tiny_ae_run)]
    assert not any(" manifold " in text or text.startswith("isthmus compress") for text in other)


def test_the_python_step_runs(tiny_run, bars):
    (text,) = [step.text for step in next_steps(tiny_run) if step.text.startswith("import")]
    scope = {"images": bars[0][:3]}
    exec(text, scope)
    assert scope["codes"].shape == (3, 2)
    assert scope["new"].shape == (16, 12, 10, 1)


def test_a_path_with_spaces_is_one_word(tiny_run, tiny_restorer, monkeypatch):
    for run in (tiny_run, tiny_restorer):
        monkeypatch.setattr(run, "path", Path("my runs/a b"))
        for step in next_steps(run):
            assert not step.text.startswith("isthmus") or "my runs/a b" in shlex.split(step.text)
