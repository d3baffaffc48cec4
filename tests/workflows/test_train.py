import csv
import errno
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import safetensors.numpy
from commands import run_isthmus
from PIL import Image

import isthmus
from isthmus.data import ImageSet, as_source, select
from isthmus.data.locations import remember_location
from isthmus.errors import BackendError, RecipeError, RunError, StorageError, TrainingError, TrustError, UsageError
from isthmus.recipes import DenseNetwork, leaf_fields, with_fields
from isthmus.runs.folder import describe_file, read_file, read_manifest
from isthmus.runs.history import read_history
from isthmus.runs.lock import LOCK, locked_run, new_run
from isthmus.training import callbacks
from isthmus.workflows.datasets import open_training_data
from isthmus.workflows.training_request import TrainingRequest


def bar_of(images):
    """Which third of each image is brightest."""
    return images.reshape(len(images), 3, -1).mean(axis=2).argmax(axis=1)


def train(*arguments, **more):
    """Train without the report, which takes longer than these trainings."""
    return isthmus.train(*arguments, report=False, **more)


def weights_at(folder):
    return (folder / "weights.safetensors").read_bytes()


@pytest.fixture(scope="module")
def networks():
    images, codes = keras.Input((12, 10, 1)), keras.Input((3,))
    features = keras.layers.Dense(5, "tanh", name="mine")(keras.layers.Flatten()(images))
    pixels = keras.layers.Dense(120, name="mine_too", kernel_regularizer=keras.regularizers.L2(0.1))(codes)
    outputs = keras.layers.Reshape((12, 10, 1))(pixels)
    return keras.Model(images, features), keras.Model(codes, outputs)


@pytest.fixture(scope="module")
def own_run(bars, networks, tmp_path_factory):
    encoder, decoder = networks
    changes = {"latent.dim": 3, "training.epochs": 2, "training.batch_size": 32}
    place = tmp_path_factory.mktemp("own") / "run"
    return train(bars, "conv-vae", place, changes=changes, encoder=encoder, decoder=decoder)


class TestRunFolder:
    def test_holds_what_a_run_should(self, tiny_run, files_in):
        found = files_in(tiny_run.path)
        pictures = [name for name in found if name.startswith("pictures/")]
        assert pictures == [*(f"pictures/epoch-{epoch:04d}.png" for epoch in range(3)), "pictures/training.gif"]
        assert {
            "codes.safetensors",
            "decoder.onnx",
            "encoder.onnx",
            "history.csv",
            "manifest.json",
            "metrics.json",
            "recipe.json",
            "weights.safetensors",
        } <= set(found)
        assert not any(".part" in name for name in found)

    def test_the_manifest_vouches_for_its_files(self, tiny_run):
        manifest = tiny_run.manifest
        assert manifest.state == "complete"
        assert {"recipe.json", "weights.safetensors", "encoder.onnx", "decoder.onnx", "codes.safetensors"} <= set(
            manifest.files
        )
        for name, entry in manifest.files.items():
            assert describe_file(tiny_run.path / name) == entry

    def test_the_manifest_says_how_it_came_about(self, tiny_run, tiny_recipe):
        manifest = tiny_run.manifest
        assert manifest.images.spec.shape == (12, 10, 1)
        assert [group.model_dump() for group in manifest.latent_groups] == [
            {"name": "latent", "kind": "gaussian", "shape": (2,)}
        ]
        data, training = manifest.data, manifest.training
        assert data.train_images + data.validation_images + data.test_images == 120
        assert (training.backend, training.epochs) == (keras.config.backend(), 2)
        assert training.steps == 2 * max(1, round(data.train_images / 32))
        assert training.seconds > 0
        assert json.loads((tiny_run.path / "recipe.json").read_text()) == tiny_recipe.model_dump(mode="json")

    def test_the_graphs_are_the_public_contract(self, tiny_run):
        graphs = {
            name: {(tensor.name, tensor.dtype, tensor.shape) for tensor in (*graph.inputs, *graph.outputs)}
            for name, graph in tiny_run.manifest.graphs.items()
        }
        image = ("n", 12, 10, 1)
        assert graphs == {
            "encoder": {
                ("images", "uint8", image),
                ("mean", "float32", ("n", 2)),
                ("log_variance", "float32", ("n", 2)),
            },
            "decoder": {("latent", "float32", ("n", 2)), ("images", "uint8", image), ("logits", "float32", image)},
        }

    def test_names_no_machine_and_no_place(self, tiny_run):
        for path in tiny_run.path.rglob("*"):
            if path.is_file() and path.name != "report.html":  # it spells commands, with the path that was given
                content = path.read_bytes()
                assert str(tiny_run.path.parent).encode() not in content, path
                if path.suffix in (".json", ".csv"):
                    assert not re.search(rf"\b{re.escape(platform.node())}\b", content.decode()), path

    def test_weights_are_the_exported_ones(self, tiny_ae_run, bars):
        """By hand: a dense autoencoder from its weights alone."""
        w = safetensors.numpy.load_file(tiny_ae_run.path / "weights.safetensors")
        x = bars[0].reshape(120, -1) / 255
        hidden = np.maximum(x @ w["encoder_dense_0/kernel"] + w["encoder_dense_0/bias"], 0)
        codes = hidden @ w["mean/kernel"] + w["mean/bias"]
        np.testing.assert_allclose(tiny_ae_run.encode(bars[0])["mean"], codes, rtol=1e-3, atol=1e-4)
        hidden = np.maximum(codes @ w["decoder_dense_0/kernel"] + w["decoder_dense_0/bias"], 0)
        mean = 1 / (1 + np.exp(-(hidden @ w["decoder_out/kernel"] + w["decoder_out/bias"])))
        assert np.abs(tiny_ae_run.reconstruct(bars[0]).reshape(120, -1) - 255 * mean).max() < 1.5

    def test_class_names_go_with_labels(self, tiny_ae_run, bars):
        densities = safetensors.numpy.load_file(tiny_ae_run.path / "codes.safetensors")
        assert {name.partition(".weights")[0] for name in densities if name.endswith("weights")} == {
            "all",
            "label.0",
            "label.1",
            "label.2",
        }
        assert bar_of(tiny_ae_run.reconstruct(bars[0])).tolist() == bars[1].tolist()

    def test_images_without_labels(self, bars, tiny_recipe, tmp_path):
        run = train(bars[0], tiny_recipe, tmp_path / "run", changes={"training.epochs": 1})
        assert run.class_names == ()
        assert run.sample(2).shape == (2, 12, 10, 1)

    @pytest.mark.slow
    def test_floats_all_the_way(self, bars, tmp_path):
        changes = {"pixels.dtype": "float32", "training.epochs": 1, "network.units": [4]}
        run = train((bars[0] / 255).astype(np.float32), "dense-ae", tmp_path / "run", changes=changes)
        images = run.sample(3)
        assert images.dtype == np.float32
        assert 0 <= images.min() <= images.max() <= 1

    @pytest.mark.slow
    def test_two_trainings_of_one_seed_give_one_run(self, bars, tiny_run, tiny_recipe, tmp_path):
        run = train(bars, tiny_recipe, tmp_path / "again")
        assert weights_at(run.path) == weights_at(tiny_run.path)
        np.testing.assert_array_equal(run.sample(5, label=1), tiny_run.sample(5, label=1))
        assert (run.path / "metrics.json").read_text() == (tiny_run.path / "metrics.json").read_text()

    @pytest.mark.slow
    def test_a_place_is_found_where_none_is_named(self, bars, tiny_recipe, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        changes = {"training.epochs": 1}
        with new_run(Path("runs/images-tiny")):  # another process has just begun
            run = train(bars[0][:40], tiny_recipe, changes=changes)
        assert str(run.path) == "runs/images-tiny-2"
        assert str(train(bars[0][:40], tiny_recipe, changes=changes).path) == "runs/images-tiny"
        assert not (run.path / LOCK).exists()


class TestResume:
    @pytest.mark.slow
    def test_two_epochs_and_two_more_are_four(self, bars, tiny_recipe, tmp_path):
        four = {"training.epochs": 4}
        whole = train(bars, tiny_recipe, tmp_path / "whole", changes=four)
        train(bars, tiny_recipe, tmp_path / "parts")
        parts = train(bars, None, tmp_path / "parts", changes=four, resume=True)
        assert weights_at(whole.path) == weights_at(parts.path)
        rows = []
        for run in (whole, parts):
            with (run.path / "history.csv").open() as file:
                rows.append([{**row, "seconds": None} for row in csv.DictReader(file)])
        assert rows[0] == rows[1]
        assert len(rows[0]) == 4
        assert parts.recipe.training.epochs == 4
        assert parts.manifest.training.epochs == 4
        assert (parts.path / "metrics.json").read_bytes() == (whole.path / "metrics.json").read_bytes()
        frames = sorted(path.name for path in (parts.path / "pictures").glob("epoch-*.png"))
        assert frames == [f"epoch-{epoch:04d}.png" for epoch in range(5)]

    def test_a_finished_run_is_usable_at_every_moment(self, bars, copied_run, monkeypatch):
        """Every file is moved to its place in one step, so what a kill leaves is what is there between two of them."""
        old = isthmus.load(copied_run)
        before, seen, move = old.reconstruct(bars[0][:4]), [], Path.replace

        def look():
            run = isthmus.load(copied_run)
            assert run.sample(1, label="2").shape == (1, 12, 10, 1)
            curves = read_history(copied_run, run.manifest)
            assert json.loads(read_file(copied_run, "metrics.json", run.manifest))["split"] == "test"
            seen.append((run.recipe.training.epochs, len(curves["epoch"]), run.manifest.state))
            if run.manifest == old.manifest:
                np.testing.assert_array_equal(run.reconstruct(bars[0][:4]), before)

        def watched(path, target):
            look()
            moved = move(path, target)
            look()
            return moved

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", watched)
            train(bars, None, copied_run, changes={"training.epochs": 3}, resume=True)
        assert set(seen) == {(2, 2, "complete"), (3, 3, "complete")}
        assert seen == sorted(seen)

    @pytest.mark.slow
    def test_a_resumed_training_that_is_killed_keeps_the_run_and_its_goal(self, bars, copied_run, monkeypatch):
        old = isthmus.load(copied_run)

        def fail(*arguments):
            raise ZeroDivisionError

        with monkeypatch.context() as patched:
            patched.setattr("isthmus.workflows.run_files.measure", fail)
            with pytest.raises(ZeroDivisionError):
                train(bars, None, copied_run, changes={"training.epochs": 3}, resume=True)
        assert isthmus.load(copied_run).manifest == old.manifest
        assert isthmus.load(copied_run).sample(1).shape == (1, 12, 10, 1)
        run = train(bars, None, copied_run, resume=True)
        assert (run.recipe.training.epochs, run.manifest.training.epochs) == (3, 3)
        assert not (copied_run / "staged").exists()

    def test_a_run_that_is_complete_stays_as_it_is(self, bars, copied_run):
        before = weights_at(copied_run)
        run = train(bars, None, copied_run, resume=True)
        assert weights_at(run.path) == before
        assert run.manifest.state == "complete"

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"latent.dim": 3}, r"latent.dim: 2 in the run, 3 now"),
            ({"training.learning_rate": 0.5}, r"training.learning_rate: 0.01 in the run, 0.5 now"),
            ({"latent": "point"}, r"latent.kind: gaussian in the run, point now"),
        ],
    )
    def test_by_another_recipe(self, bars, copied_run, changes, said):
        with pytest.raises(UsageError, match=rf"(?s){said}.*--init-from {copied_run}"):
            train(bars, None, copied_run, changes=changes, resume=True)
        assert isthmus.load(copied_run).sample(1).shape == (1, 12, 10, 1)

    def test_on_other_images(self, bars, copied_run):
        with pytest.raises(UsageError, match=rf"(?s)was trained with other images.*--init-from {copied_run}"):
            train((255 - bars[0], bars[1]), None, copied_run, resume=True)

    @pytest.mark.parametrize(
        ("test", "said"),
        [
            (slice(100, 110), "test images: 20 in the run, 10 now"),
            (slice(99, 119), "test images: 20, with other pixels now"),
        ],
    )
    def test_on_the_same_images_and_others_to_test_on(self, bars, tiny_recipe, tmp_path, test, said):
        source = as_source(bars[0])

        def images(part):
            return ImageSet("bars", select(source, range(100)), select(source, range(120)[part]))

        run = train(images(slice(100, 120)), tiny_recipe, tmp_path / "run", changes={"training.epochs": 1})
        with pytest.raises(UsageError, match=said):
            train(images(test), None, run.path, changes={"training.epochs": 2}, resume=True)
        assert isthmus.load(run.path).manifest == run.manifest

    @pytest.mark.slow
    def test_a_failure_after_an_early_end_costs_nothing(self, bars, tiny_recipe, tmp_path, monkeypatch):
        """What is left is what a kill leaves while the graphs are exported."""
        still = {"training.learning_rate": 1e-30, "training.patience": 1, "training.epochs": 9}
        whole = train(bars, tiny_recipe, tmp_path / "whole", changes=still)

        def fail(*arguments, **options):
            raise ZeroDivisionError

        with monkeypatch.context() as patched:
            patched.setattr("isthmus.graphs.export.export_graphs", fail)
            with pytest.raises(ZeroDivisionError):
                train(bars, tiny_recipe, tmp_path / "parts", changes=still)
        parts = train(bars, None, tmp_path / "parts", resume=True)
        for name in ("weights.safetensors", "codes.safetensors", "metrics.json"):
            assert (parts.path / name).read_bytes() == (whole.path / name).read_bytes(), name
        one, other = whole.manifest.training, parts.manifest.training
        assert (one.epochs, one.steps, one.best_epoch) == (other.epochs, other.steps, other.best_epoch)
        assert one.message == other.message == "no better validation loss in 1 epochs"

    def test_a_run_that_was_cut_off_knows_its_backend(self, bars, tiny_recipe, tmp_path, monkeypatch):
        def cut_off(*arguments):
            raise ZeroDivisionError

        monkeypatch.setattr("isthmus.training.fit.fit", cut_off)
        with pytest.raises(ZeroDivisionError):
            train(bars, tiny_recipe, tmp_path / "run")
        training = read_manifest(tmp_path / "run").training
        assert (training.backend, training.steps) == (keras.config.backend(), 0)

    def test_finds_the_images_that_this_machine_remembers(self, bars, tiny_ae_recipe, tmp_path, monkeypatch):
        np.savez(tmp_path / "bars.npz", x=bars[0])
        monkeypatch.chdir(tmp_path)
        train("bars.npz", tiny_ae_recipe, tmp_path / "run", changes={"training.epochs": 1})
        monkeypatch.chdir("/")
        run = train(None, None, tmp_path / "run", changes={"training.epochs": 2}, resume=True)
        assert run.manifest.training.epochs == 2

    def test_without_images_names_what_is_missing(self, tiny_recipe, copied_run, tmp_path):
        with pytest.raises(UsageError, match=r"Name them: isthmus train DATA --out .* --resume"):
            train(None, None, copied_run, resume=True)
        with pytest.raises(UsageError, match="expected DATA"):
            train(None, tiny_recipe, tmp_path / "x")

    def test_on_another_backend_only_if_asked_to(self, bars, copied_run, capsys):
        path, here = copied_run / "manifest.json", keras.config.backend()
        path.write_text(path.read_text().replace(f'"backend": "{here}"', '"backend": "somewhere-else"'))
        with pytest.raises(BackendError, match=r"got 'somewhere-else'\. .* was trained on somewhere-else; --backend"):
            train(bars, None, copied_run, resume=True)
        run = train(bars, None, copied_run, resume=True, backend=here)
        assert run.manifest.training.backend == here
        assert "was trained on somewhere-else" in capsys.readouterr().err

    def test_without_checkpoints_a_finished_run_stays_one(self, bars, copied_run):
        shutil.rmtree(copied_run / "checkpoint")
        with pytest.raises(RunError, match="holds no whole checkpoint to resume from"):
            train(bars, None, copied_run, changes={"training.epochs": 3}, resume=True)
        assert isthmus.load(copied_run).sample(1).shape == (1, 12, 10, 1)

    def test_of_nothing(self, bars, tmp_path):
        with pytest.raises(RunError, match="there is no run at"):
            train(bars, None, tmp_path / "none", resume=True)
        with pytest.raises(UsageError, match="--resume needs --out"):
            train(bars, None, resume=True)


class TestMinutes:
    @pytest.mark.slow
    def test_the_steps_that_fit_are_measured_and_stored(self, bars, tiny_recipe, tmp_path, capsys):
        run = train(bars, tiny_recipe, tmp_path / "run", minutes=0.01)
        training = run.recipe.training
        assert training.epochs * training.steps_per_epoch == run.manifest.training.steps
        assert 0 < run.manifest.training.seconds < 30
        assert "a step: " in capsys.readouterr().err
        again = train(bars, run.recipe, tmp_path / "again")
        assert weights_at(again.path) == weights_at(run.path)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"minutes": 0.0}, "expected a positive number of minutes; got 0"),
            ({"minutes": 1.0, "changes": {"training.epochs": 3}}, "--minutes sets training.epochs: give one of them"),
            ({"minutes": 1.0, "resume": True, "out": "run"}, "--minutes sets the steps of a new training"),
            ({"purpose": "sample", "recipe": "conv-vae"}, "--for chooses a recipe"),
        ],
    )
    def test_with_what_it_does_not_go(self, bars, tmp_path, monkeypatch, arguments, said):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UsageError, match=said):
            train(bars, **arguments)


class TestChoices:
    @pytest.mark.slow
    def test_a_run_is_resumed_by_the_name_of_its_recipe(self, bars, tmp_path):
        colour, place = np.repeat(bars[0], 3, axis=-1), tmp_path / "run"
        changes = {"training.steps_per_epoch": 2, "training.epochs": 1, "network.filters": [2, 2]}
        train(colour, "photo-ae", place, changes=changes)
        run = train(colour, "photo-ae", place, changes={"training.epochs": 2}, resume=True)
        assert (run.recipe.training.steps_per_epoch, run.manifest.training.steps) == (2, 4)

    def test_a_named_recipe_and_the_same_by_default_are_one(self, bars):
        colour = np.repeat(bars[0], 3, axis=-1)
        for changes in (
            {"latent": "point"},
            {"latent": "spatial-gaussian"},
            {"latent.grid": [6, 5]},
            {"latent.dim": 7},
        ):
            named, default = (open_training_data(colour, recipe, changes).recipe for recipe in ("photo-ae", None))
            assert named == default

    def test_a_purpose_and_a_recipe_do_not_go_together(self, bars):
        for recipe, changes in (("photo-ae", {}), (None, {"task": "denoise"})):
            with pytest.raises(UsageError, match="Leave out --for, or else --recipe and --task"):
                open_training_data(np.repeat(bars[0], 3, axis=-1), recipe, changes, purpose="sample")

    @pytest.mark.slow
    def test_they_are_said_where_no_recipe_is_named(self, bars, tmp_path, capsys):
        colour = np.repeat(bars[0], 3, axis=-1)
        run = train(colour, None, tmp_path / "run", purpose="sample", changes={"training.epochs": 1, "latent.dim": 3})
        assert run.recipe.name == "photo-vae"
        said = capsys.readouterr().err
        for line in (
            "recipe: photo-vae. A residual VAE",
            "code: 3 latent dimensions, for 360 numbers in an image",
            "network: residual convolutional, filters 48, 96",
            " steps of 32 images, so each of ",
        ):
            assert line in said
        assert run.sample(2).shape == (2, 12, 10, 3)


class TestInitFrom:
    def test_starts_from_the_runs_weights(self, bars, tiny_run, tmp_path):
        still = {"training.learning_rate": 1e-30, "training.epochs": 1}
        run = train(bars, tiny_run.recipe, tmp_path / "run", changes=still, init_from=tiny_run.path)
        first = safetensors.numpy.load_file(tiny_run.path / "weights.safetensors")
        second = safetensors.numpy.load_file(run.path / "weights.safetensors")
        for name, value in first.items():
            np.testing.assert_allclose(second[name], value, atol=1e-20)

    def test_other_images_and_another_objective_are_fine(self, bars, tiny_run, tmp_path):
        changes = {"objective.beta": 4.0, "training.epochs": 1}
        run = train(255 - bars[0], tiny_run.recipe, tmp_path / "run", changes=changes, init_from=tiny_run.path)
        assert weights_at(run.path) != weights_at(tiny_run.path)

    def test_a_run_that_does_not_fit_costs_nothing(self, bars, tiny_run, tmp_path):
        with pytest.raises(RunError) as found:
            train(bars, tiny_run.recipe, tmp_path / "x", changes={"latent.dim": 5}, init_from=tiny_run.path)
        what, *lines, cure, other = str(found.value).splitlines()
        assert what == f"the weights of {tiny_run.path} do not fit this training:"
        assert lines == ["  latent.dim: 2 there, 5 here"]
        assert cure.startswith("To train its recipe: isthmus train images --recipe conv-vae")
        assert cure.endswith(f"--init-from {tiny_run.path}")
        assert other == "To train this one: leave --init-from out."
        assert not (tmp_path / "x").exists()

    def test_the_command_of_a_misfit_starts_from_the_run(self, bars, tiny_run, tmp_path):
        """Images of another size and another network: what is offered works as it stands."""
        for index, image in enumerate(bars[0][:60]):
            (tmp_path / "in").mkdir(exist_ok=True)
            Image.fromarray(image[..., 0]).resize((20, 20)).convert("RGB").save(tmp_path / "in" / f"{index}.png")
        with pytest.raises(RunError) as found:
            train(tmp_path / "in", "photo-ae", tmp_path / "x", init_from=tiny_run.path)
        said = str(found.value)
        assert "images: 10x12x1 there, 20x20x" in said
        assert "network.kind: conv there, residual here" in said
        assert "latent.kind: gaussian there, spatial-point here" in said
        command = shlex.split(next(line for line in said.splitlines() if "isthmus train" in line).partition(": ")[2])
        assert run_isthmus([*command[1:], "--no-report", "--out", "y"], tmp_path).returncode == 0

    def test_damaged_weights(self, bars, copied_run, tmp_path):
        (copied_run / "weights.safetensors").write_bytes(weights_at(copied_run)[:-9])
        with pytest.raises(RunError, match=r"weights.safetensors is truncated"):
            train(bars, "conv-vae", tmp_path / "x", init_from=copied_run)
        assert not (tmp_path / "x").exists()

    def test_not_with_resume(self, bars, tiny_run, tmp_path):
        with pytest.raises(UsageError, match="give one of them"):
            train(bars, None, tmp_path / "x", resume=True, init_from=tiny_run.path)


class TestOwnNetworks:
    def test_go_in_and_are_kept(self, own_run):
        assert own_run.recipe.network.kind == "custom"
        assert {"own_encoder.keras", "own_decoder.keras"} <= set(own_run.manifest.files)

    def test_losses_of_their_layers_are_a_term(self, own_run):
        columns = read_history(own_run.path, own_run.manifest)
        for part in ("", "val_"):
            terms = [columns[part + name] for name in ("distortion", "rate", "regularisation")]
            assert (terms[2] > 0).all()
            np.testing.assert_allclose(columns[f"{part}loss"], sum(terms), rtol=1e-5)

    def test_use_needs_no_trust(self, own_run, bars):
        run = isthmus.load(own_run.path)
        assert run.reconstruct(bars[0][:3]).shape == (3, 12, 10, 1)
        assert run.sample(2, label=1).shape == (2, 12, 10, 1)

    def test_training_on_needs_it(self, own_run, bars, tmp_path):
        place = shutil.copytree(own_run.path, tmp_path / "run")
        more = {"training.epochs": 3}
        with pytest.raises(TrustError, match="--trust"):
            train(bars, None, place, changes=more, resume=True)
        assert isthmus.load(place).manifest == own_run.manifest
        run = train(bars, None, place, changes=more, resume=True, trust=True)
        assert run.manifest.training.epochs == 3
        with pytest.raises(TrustError, match="may execute arbitrary code"):
            train(bars, own_run.recipe, tmp_path / "new", init_from=own_run.path)
        assert not (tmp_path / "new").exists()
        changes = {"training.epochs": 1}
        run = train(bars, own_run.recipe, tmp_path / "new", init_from=place, trust=True, changes=changes)
        assert run.recipe.network.kind == "custom"

    def test_the_recipes_network_is_not_replaced(self, own_run, networks, bars, tmp_path):
        recipe = own_run.recipe.model_copy(update={"network": DenseNetwork(units=(16,))})
        with pytest.raises(
            UsageError, match=r"has a custom network, .* do not fit network.kind=dense.*network=custom --trust"
        ):
            train(bars, recipe, tmp_path / "x", init_from=own_run.path, trust=True)
        changes = {"network": "dense"}
        with pytest.raises(
            UsageError, match=r"expected network.kind=custom, for the encoder and the decoder .* got 'dense'"
        ):
            train(bars, recipe, tmp_path / "x", changes=changes, encoder=networks[0], decoder=networks[1])
        with pytest.raises(RecipeError, match=r"do not fit the images and the recipe: the encoder takes \(12, 10, 1\)"):
            train(bars[0][:, :8], own_run.recipe, tmp_path / "x", init_from=own_run.path, trust=True)
        assert not (tmp_path / "x").exists()

    def test_both_or_neither(self, networks, bars, tmp_path):
        with pytest.raises(UsageError, match="a custom encoder and decoder, or neither"):
            train(bars, out=tmp_path / "x", encoder=networks[0])

    def test_that_do_not_fit_cost_nothing(self, networks, bars, tmp_path):
        encoder, decoder = networks
        with pytest.raises(RecipeError, match=r"the decoder takes \(3,\); expected \(2,\)"):
            train(bars, "conv-vae", tmp_path / "x", encoder=encoder, decoder=decoder)
        assert not (tmp_path / "x").exists()

    def test_the_kind_alone_is_not_enough(self, bars, tmp_path):
        with pytest.raises(RecipeError, match=r"network.kind=custom"):
            train(bars, "conv-vae", tmp_path / "x", changes={"network": "custom"})
        assert not (tmp_path / "x").exists()


class TestWrongCalls:
    """Nothing is written."""

    @pytest.mark.parametrize(
        ("changes", "error", "said"),
        [
            ({"latent.dim": 0}, RecipeError, "latent.dim: input should be greater than 0"),
            ({"latent.dim": 121}, RecipeError, "121 dimensions, more than the 120 numbers"),
            ({"objective.beta_warmup_epochs": 3}, RecipeError, "longer than the training of 2 epochs"),
            ({"network": "custom"}, RecipeError, "network.kind=custom"),
            ({"network.padding": "valid", "network.filters": [2] * 5}, RecipeError, "leave nothing of an image"),
        ],
    )
    def test_a_recipe_that_cannot_be(self, bars, tiny_recipe, tmp_path, changes, error, said):
        with pytest.raises(error, match=said):
            train(bars, tiny_recipe, tmp_path / "x", changes=changes)
        assert list(tmp_path.iterdir()) == []

    def test_an_out_that_exists(self, bars, tiny_recipe, copied_run):
        before = weights_at(copied_run)
        with pytest.raises(UsageError, match="holds a run already; choose another --out, or resume that run: isthmus"):
            train(bars, tiny_recipe, copied_run)
        assert weights_at(copied_run) == before

    @pytest.mark.parametrize("out", [None, "run"])
    def test_a_place_among_the_images(self, bars, tmp_path, monkeypatch, files_in, out):
        for number, image in enumerate(bars[0][:12]):
            Image.fromarray(image[..., 0]).save(tmp_path / f"{number}.png")
        monkeypatch.chdir(tmp_path)
        before = files_in(tmp_path)
        with pytest.raises(UsageError, match="would lie among the images"):
            train(".", "conv-vae", out)
        assert files_in(tmp_path) == before

    def test_a_place_where_another_process_trains(self, bars, tiny_recipe, copied_run, tmp_path):
        with new_run(tmp_path / "new"), pytest.raises(UsageError, match=r"another process is training in .*/new"):
            train(bars, tiny_recipe, tmp_path / "new")
        with locked_run(copied_run):
            with pytest.raises(UsageError, match="another process is training in"):
                train(bars, tiny_recipe, copied_run)
            with pytest.raises(RunError, match="another process is training or evaluating"):
                train(bars, None, copied_run, resume=True)

    def test_every_leaf_of_a_recipe_can_be_changed(self, tiny_recipe):
        leaves = dict(leaf_fields(tiny_recipe.model_dump(mode="json")))
        assert with_fields(tiny_recipe, leaves) == tiny_recipe


class TestStorage:
    def test_a_read_only_place(self, bars, tiny_recipe, tmp_path, monkeypatch, files_in):
        def refuse(*args, **kwargs):
            raise OSError(errno.EROFS, "Read-only file system")

        with monkeypatch.context() as patched:
            patched.setattr("isthmus.storage.tempfile.mkstemp", refuse)
            with pytest.raises(StorageError, match=r"read-only for you. Write elsewhere"):
                train(bars, tiny_recipe, tmp_path / "run")
        assert files_in(tmp_path) == []

    @pytest.mark.parametrize(
        "name",
        [
            "step-",
            "weights",
            "metrics",
            *(pytest.param(name, marks=pytest.mark.thorough) for name in ("encoder", "codes")),
        ],
    )
    def test_a_disk_that_fills_up(self, bars, tiny_recipe, tmp_path, monkeypatch, files_in, name):
        write = Path.write_bytes

        def fill(path, content):
            if path.name.startswith(f".{name}"):
                write(path, content[: len(content) // 2])
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(path, content)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "write_bytes", fill)
            with pytest.raises(StorageError, match="the disk is full"):
                train(bars, tiny_recipe, tmp_path / "run", changes={"training.epochs": 1})
        found = files_in(tmp_path / "run")
        assert not any(".part" in file or file.startswith((name, f"checkpoint/{name}")) for file in found)
        manifest = read_manifest(tmp_path / "run")
        assert all(describe_file(tmp_path / "run" / file) == entry for file, entry in manifest.files.items())
        assert manifest.state == "training"
        with pytest.raises(RunError, match="is not a finished run"):
            isthmus.load(tmp_path / "run")


def test_resuming_finds_the_targets_again(tiny_run, tmp_path):
    manifest = tiny_run.manifest
    remember_location(manifest.data.fingerprint, tmp_path / "images", tmp_path / "masks")
    asked = TrainingRequest(data=tmp_path / "images", out=tiny_run.path, resume=True)
    assert asked.with_data_of(tiny_run.path, manifest).targets == str(tmp_path / "masks")
    given = replace(asked, targets="others")
    assert given.with_data_of(tiny_run.path, manifest) == given


class TestStopping:
    @pytest.mark.slow
    def test_ctrl_c_finishes_the_run(self, bars, tiny_recipe, tmp_path, monkeypatch):
        def press(show, batch, logs=None):
            if show._state.step == 5:
                os.kill(os.getpid(), signal.SIGINT)

        with monkeypatch.context() as patched:
            patched.setattr(callbacks.ShowProgress, "on_train_batch_end", press)
            run = train(bars, tiny_recipe, tmp_path / "run", changes={"training.epochs": 9})
        training = run.manifest.training
        assert run.manifest.state == "interrupted"
        assert (training.steps, training.epochs, training.best_epoch) == (5, 1, 1)
        assert training.message == "stopped on request after 5 steps"
        assert isthmus.load(tmp_path / "run").sample(2).shape == (2, 12, 10, 1)
        assert (run.path / "metrics.json").exists()

    @pytest.mark.parametrize(
        ("moment", "line"),
        [
            ("finish_run", "stopped: the training so far is stored in .*isthmus train --out '.*/my run' --resume"),
            ("_report", "stopped: the run is stored in .*To make it: isthmus report '.*/my run'"),
        ],
    )
    def test_ctrl_c_after_the_last_step_says_what_is_stored(
        self, bars, tiny_recipe, tmp_path, monkeypatch, moment, line
    ):
        def press(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(f"isthmus.workflows.train.{moment}", press)
            with pytest.raises(KeyboardInterrupt, match=line):
                train(bars, tiny_recipe, tmp_path / "my run")
        assert train(bars, tiny_recipe, tmp_path / "my run", resume=True).manifest.state == "complete"

    def test_a_loss_that_is_not_finite_keeps_the_last_good_model(self, bars, tiny_recipe, tmp_path, monkeypatch):
        def spoil(show, batch, logs=None):
            if show._state.step == 5:
                bias = show.model.decoder.get_layer("decoder").get_layer("decoder_out").bias
                bias.assign(np.full(bias.shape, np.nan))

        with monkeypatch.context() as patched:
            patched.setattr(callbacks.ShowProgress, "on_train_batch_end", spoil)
            run = train(bars, tiny_recipe, tmp_path / "run", changes={"training.epochs": 9})
        assert run.manifest.state == "failed"
        assert "the distortion stopped being finite in epoch 2, step 3 of 3" in run.manifest.training.message
        assert run.manifest.training.best_epoch == 1
        assert np.isfinite(isthmus.load(run.path).encode(bars[0])["mean"]).all()

    def test_no_good_model_at_all(self, bars, tiny_recipe, tmp_path):
        changes = {"training.optimiser": "sgd", "training.learning_rate": 1e30}
        with pytest.raises(TrainingError, match=r"stopped being finite in epoch 1.*no good model to keep"):
            train(bars, tiny_recipe, tmp_path / "run", changes=changes)
        with pytest.raises(RunError, match="holds no model: its training failed"):
            isthmus.load(tmp_path / "run")

    @pytest.mark.slow
    @pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.thorough)])
    def test_a_signal_from_outside(self, tmp_path, number):
        program = """
import numpy as np, isthmus
images = np.random.default_rng(0).integers(0, 256, (400, 12, 12, 1)).astype(np.uint8)
changes = {"training.epochs": 100000, "network.filters": [4], "training.batch_size": 32}
run = isthmus.train(images, "conv-vae", "run", changes=changes)
print(run.manifest.state)
"""
        process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 120
        while not (tmp_path / "run" / "history.csv").exists():
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert out.strip() == "interrupted"
        assert "Traceback" not in err
        run = isthmus.load(tmp_path / "run")
        assert run.manifest.training.best_epoch >= 1
        assert run.sample(2).shape == (2, 12, 12, 1)
