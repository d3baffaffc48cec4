"""Conditional models: the class reaches encoder, decoder and prior, from training to every use of a run."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from keras import ops
from PIL import Image

import isthmus
from isthmus.data import ImageSet, ImageSpec, as_source, select
from isthmus.data.classes import one_hot
from isthmus.errors import DataError, IsthmusError, RecipeError, UsageError
from isthmus.probability import latent_variable, namespace
from isthmus.recipes import Recipe, with_fields
from isthmus.training.fit import build_model
from isthmus.workflows.codes import decode_file, encode_file, reconstruct_folder, write_samples
from isthmus.workflows.datasets import open_training_data
from isthmus.workflows.large_images import reconstruct_large_folder
from isthmus.workflows.provenance import data_entry

SPEC = ImageSpec(6, 6, 1)
SMALL = {
    "network": "dense",
    "network.units": [16],
    "latent.dim": 2,
    "condition": "labels",
    "training.epochs": 2,
    "training.batch_size": 16,
}
LABELS = np.arange(120) % 3
SHAPES = np.kron(np.eye(3, dtype=np.uint8)[:, :, None] * np.ones((1, 1, 3), np.uint8), np.ones((1, 2, 2), np.uint8))
"""An image for each of three classes, `(3, 6, 6)`: a bright band at another height."""


def conditional(**changes):
    return with_fields(Recipe(), {**SMALL, "condition.classes": 3, **changes})


def batch_of(images, labels):
    return {"input": images, "target": images, "condition": one_hot(np.asarray(labels), 3)}


def noisy(seed=0):
    """Bands of random brightness, `(120, 6, 6)`, every image different."""
    rng = np.random.default_rng(seed)
    return (
        (SHAPES[LABELS] * rng.integers(90, 256, (120, 1, 1)) + rng.integers(0, 60, (120, 6, 6)))
        .clip(0, 255)
        .astype(np.uint8)
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "bands.npz"
    np.savez(path, images=noisy(), labels=np.array(["cat", "dog", "owl"])[LABELS])
    return path


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    return isthmus.train(data, recipe=with_fields(Recipe(), SMALL), out=tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.parametrize("changes", [{}, {"network": "conv", "network.units": None}, {"latent": "point"}], ids=str)
def test_the_class_reaches_encoder_and_decoder(changes):
    if changes.get("network") == "conv":
        changes = {"network": "conv", "network.filters": [4, 4], "latent": "spatial-gaussian", "latent.grid": [2, 2]}
        recipe = with_fields(Recipe(), {**changes, "condition": "labels", "condition.classes": 3})
    else:
        recipe = conditional(**changes)
    model = build_model(recipe, SPEC)
    image = noisy()[:1, ..., None]
    encoded = [model.encode(batch_of(image, [label])) for label in range(3)]
    means = np.stack([ops.convert_to_numpy(each["mean"]) for each in encoded])
    assert np.ptp(means, axis=0).max() > 1e-3
    outputs = np.stack(
        [next(iter(map(ops.convert_to_numpy, model.decode(encoded[0]["mean"], each).values()))) for each in encoded]
    )
    assert np.ptp(outputs, axis=0).max() > 1e-3


@pytest.mark.slow
def test_what_the_class_tells_is_not_paid_for():
    """Images that follow from their class alone need no code: log 3 nats without the class, none with it."""
    images = 255 * SHAPES[np.arange(48) % 3][..., None]
    rates = {}
    for condition in ("none", "labels"):
        recipe = with_fields(
            Recipe(), {**SMALL, "condition": condition, "training.learning_rate": 1e-2, "network.units": [32]}
        )
        if condition == "labels":
            recipe = with_fields(recipe, {"condition.classes": 3})
        model = build_model(recipe, SPEC)
        batch = batch_of(images, np.arange(48) % 3)
        for _ in range(300):
            model.train_on_batch(batch if condition == "labels" else {k: batch[k] for k in ("input", "target")})
        given = batch if condition == "labels" else {k: batch[k] for k in ("input", "target")}
        found = model.test_on_batch(given, return_dict=True)
        rates[condition] = found["rate"]
        assert found["distortion"] < 1.0
    assert rates["labels"] < 0.1
    assert rates["none"] > 0.9 * np.log(3)


class TestClassGaussianPrior:
    MEANS = np.array([[0.0, 1.0], [2.0, -1.0], [0.5, 3.0]])
    LOG_VARIANCES = np.array([[0.0, 0.5], [-1.0, 0.2], [1.0, -0.5]])

    @pytest.fixture
    def variable(self):
        learned = {"means": self.MEANS[None], "log_variances": self.LOG_VARIANCES[None]}
        return latent_variable(conditional(prior="class-gaussian"), lambda codes: learned)

    def exact(self, label):
        return scipy.stats.multivariate_normal(self.MEANS[label], np.diag(np.exp(self.LOG_VARIANCES[label])))

    def test_density(self, variable):
        z = np.random.default_rng(0).standard_normal((2, 3, 2))
        found = variable.log_p(namespace, z, one_hot(np.array([2, 0, 1]), 3))
        expected = [[self.exact(label).logpdf(z[draw, i]) for i, label in enumerate((2, 0, 1))] for draw in range(2)]
        np.testing.assert_allclose(found, expected, rtol=1e-9)

    def test_divergence_is_that_of_draws(self, variable):
        rng = np.random.default_rng(1)
        mean, log_variance = np.array([[0.3, 0.2]]), np.array([[-0.7, 0.1]])
        given = {"mean": mean, "log_variance": log_variance, "condition": one_hot(np.array([1]), 3)}
        z = mean + np.exp(0.5 * log_variance) * rng.standard_normal((200_000, 2))
        posterior = scipy.stats.multivariate_normal(mean[0], np.diag(np.exp(log_variance[0])))
        ratios = posterior.logpdf(z) - self.exact(1).logpdf(z)
        error = ratios.std() / np.sqrt(len(ratios))
        assert abs(variable.kl(namespace, given).sum() - ratios.mean()) < 5 * error

    def test_samples_have_the_moments_of_their_class(self, variable):
        labels = np.repeat([0, 1, 2], 20_000)
        codes = variable.sample_prior(60_000, np.random.default_rng(2), one_hot(labels, 3))
        for label in range(3):
            own = codes[labels == label]
            np.testing.assert_allclose(own.mean(axis=0), self.MEANS[label], atol=0.05)
            np.testing.assert_allclose(np.log(own.var(axis=0)), self.LOG_VARIANCES[label], atol=0.05)

    @pytest.mark.parametrize("objective", ["elbo", "iwae"])
    def test_it_is_learned_for_the_classes_that_are_seen(self, objective):
        model = build_model(conditional(prior="class-gaussian", objective=objective), SPEC)
        images = noisy()[:8, ..., None]
        model.train_on_batch(batch_of(images, [0, 2] * 4))
        changed = [np.abs(ops.convert_to_numpy(w)).max(axis=-1) > 0 for w in model.prior.trainable_variables]
        for classes in changed:
            assert classes.tolist() == [True, False, True]


class TestRun:
    def test_it_knows_its_classes(self, run):
        assert run.is_conditional
        assert run.class_names == ("cat", "dog", "owl")
        assert run.recipe.condition.classes == 3
        declared = {tensor.name for tensor in run.manifest.graphs["encoder"].inputs}
        assert declared == {"images", "condition"}

    def test_labels_by_name_and_number(self, run):
        images = noisy()[:3, ..., None]
        named = run.reconstruct(images, labels=["owl", "cat", "dog"])
        np.testing.assert_array_equal(named, run.reconstruct(images, labels=[2, 0, 1]))
        assert (named != run.reconstruct(images, labels=[0, 1, 2])).any()
        np.testing.assert_array_equal(run.reconstruct(images, labels="owl"), run.conditioned_on(2).reconstruct(images))

    def test_large_images_have_a_class_each(self, run):
        images, labels = noisy()[:4, ..., None], ["cat", "owl", "owl", "dog"]
        expected = run.reconstruct(images, labels=labels).astype(int)
        np.testing.assert_allclose(run.reconstruct(images, labels=labels, tiles=True), expected, atol=1)
        large = np.pad(images, ((0, 0), (3, 7), (4, 5), (0, 0)), mode="reflect")
        as_cats = run.reconstruct(large, labels="cat", tiles=True)
        assert (run.reconstruct(large, labels=labels, tiles=True) != as_cats).any(axis=(1, 2, 3)).tolist() == [
            label != "cat" for label in labels
        ]
        with pytest.raises(UsageError, match="needs the class of each image"):
            run.reconstruct(large, tiles=True)

    def test_codes_are_decoded_as_a_class(self, run):
        codes = np.zeros((2, 2), np.float32)
        np.testing.assert_array_equal(
            run.decode(codes, labels=[1, 1]), run.decode(codes, {"condition": one_hot(np.array([1, 1]), 3)})
        )

    def test_samples(self, run):
        in_turn = run.sample(7, seed=1)
        codes = run.sample_codes(7, seed=1)
        np.testing.assert_array_equal(in_turn, run.decode(codes, labels=np.arange(7) % 3))
        np.testing.assert_array_equal(run.sample(4, "owl", 2), run.sample(4, 2, 2))

    @pytest.mark.parametrize(
        "use", [lambda run: run.encode(noisy()[:2, ..., None]), lambda run: run.decode(np.zeros((1, 2)))]
    )
    def test_without_labels(self, run, use):
        with pytest.raises(UsageError, match="needs the class of each image"):
            use(run)

    def test_labels_that_are_none(self, run):
        images = noisy()[:2, ..., None]
        with pytest.raises(UsageError, match="bird"):
            run.encode(images, "bird")
        with pytest.raises(DataError, match="from 0 to 2"):
            run.encode(images, [0, 3])
        with pytest.raises(DataError, match="a label for each of 2"):
            run.encode(images, [0])

    def test_files(self, run, data, tmp_path):
        encode_file(run, data, tmp_path / "codes.npz")
        assert decode_file(run, tmp_path / "codes.npz", tmp_path / "decoded") == 120
        assert reconstruct_folder(run, data, tmp_path / "again") == 120
        write_samples(run, tmp_path / "sheet.png", 9)

    def test_one_class_for_images_without_labels(self, run, tmp_path):
        images = noisy()[:6, ..., None]
        np.save(tmp_path / "bare.npy", images)
        with pytest.raises(UsageError, match="--label of encode, reconstruct"):
            encode_file(run, tmp_path / "bare.npy", tmp_path / "none.npz")
        encode_file(run, tmp_path / "bare.npy", tmp_path / "codes.npz", label="owl")
        with np.load(tmp_path / "codes.npz") as codes:
            np.testing.assert_allclose(codes["mean"], run.encode(images, "owl")["mean"], atol=1e-6)
            assert codes["class_name"].tolist() == ["owl"] * 6
        reconstruct_folder(run, tmp_path / "bare.npy", tmp_path / "made", label="2")
        decode_file(run, tmp_path / "codes.npz", tmp_path / "decoded")
        for index, expected in enumerate(run.reconstruct(images, labels="owl")):
            for folder in ("made", "decoded"):
                np.testing.assert_array_equal(Image.open(tmp_path / folder / f"{index}.png"), expected[..., 0])

    def test_large_files_have_the_class_of_their_folder_or_the_one_that_is_given(self, run, tmp_path):
        image = np.pad(noisy()[0], ((3, 7), (4, 5)), mode="reflect")
        for name in ("owl", "dog"):
            (tmp_path / "in" / name).mkdir(parents=True)
            Image.fromarray(image).save(tmp_path / "in" / name / "a.png")
        reconstruct_large_folder(run, tmp_path / "in", tmp_path / "own")
        reconstruct_large_folder(run, tmp_path / "in", tmp_path / "cats", label="cat")
        for name in ("owl", "dog"):
            for folder, label in (("own", name), ("cats", "cat")):
                expected = run.reconstruct(image[None, ..., None], labels=label, tiles=True)[0, ..., 0]
                np.testing.assert_array_equal(Image.open(tmp_path / folder / name / "a.png"), expected)
        with pytest.raises(UsageError, match="--label of encode, reconstruct"):
            reconstruct_large_folder(run, tmp_path / "in" / "owl", tmp_path / "none")
        assert not (tmp_path / "none").exists()

    def test_one_class_instead_of_the_labels(self, run, data, tmp_path):
        encode_file(run, data, tmp_path / "codes.npz", label="dog")
        with np.load(tmp_path / "codes.npz") as codes:
            np.testing.assert_allclose(codes["mean"], run.encode(noisy()[..., None], "dog")["mean"], atol=1e-6)

    def test_a_class_that_is_none(self, run, tiny_run, data, bars, tmp_path):
        with pytest.raises(UsageError, match="no label 'emu'"):
            reconstruct_folder(run, data, tmp_path / "made", label="emu")
        with pytest.raises(UsageError, match="not conditional, so it takes no class"):
            reconstruct_folder(tiny_run, bars[0], tmp_path / "made", label="1")
        assert not (tmp_path / "made").exists()

    @pytest.mark.parametrize("label", [True, np.True_, [True] * 3])
    def test_a_truth_value_is_no_class(self, run, label):
        with pytest.raises(DataError, match="names or numbers of classes"):
            run.sample(3, label)

    @pytest.mark.slow
    def test_it_is_evaluated_and_reported(self, run, data):
        found = isthmus.evaluate(run, data)
        assert {section.key for section in found.sections} >= {"likelihood", "reconstruction", "latent", "samples"}
        from isthmus.workflows.report import write_report

        write_report(run)

    def test_plots_need_a_class(self, run):
        from isthmus.workflows.plot import draw

        with pytest.raises(UsageError, match="--label"):
            draw(run, "manifold")
        assert draw(run, "manifold", label="dog", n=3).figure is not None

    def test_the_next_steps_are_those_that_work(self, run):
        from isthmus.report.commands import next_steps

        commands = " ".join(step.text for step in next_steps(run))
        assert "isthmus explore" not in commands
        assert "isthmus compress" not in commands
        assert "--label owl --out" in commands

    def test_the_explorer_refuses(self, run):
        from isthmus.explorer.service import Service

        with pytest.raises(UsageError, match="conditional"):
            Service(run)

    @pytest.mark.slow
    def test_it_resumes_as_if_never_stopped(self, data, run, tmp_path):
        recipe = with_fields(Recipe(), {**SMALL, "training.epochs": 1})
        isthmus.train(data, recipe=recipe, out=tmp_path / "run", report=False)
        again = isthmus.train(data, out=tmp_path / "run", resume=True, changes={"training.epochs": 2}, report=False)
        ours, theirs = (each.manifest.files["weights.safetensors"].sha256 for each in (run, again))
        assert ours == theirs


def test_images_without_labels():
    with pytest.raises(DataError, match="no labels"):
        isthmus.train(noisy(), recipe=with_fields(Recipe(), SMALL))


def split_arrays(train_labels, test_labels):
    """The arrays of an `.npz` with a test part; None for no labels."""
    parts = {"x_train": noisy()[:90], "y_train": train_labels, "x_test": noisy()[90:], "y_test": test_labels}
    return {name: array for name, array in parts.items() if array is not None}


@pytest.mark.parametrize(
    ("arrays", "changes", "message"),
    [
        (split_arrays(LABELS[:90], None), {}, "test images of 'images' have no labels"),
        (split_arrays(LABELS[:90] % 2, LABELS[90:]), {}, "only test images of 2"),
        (split_arrays(np.array(["cat", "dog"])[LABELS[:90] % 2], np.full(30, "owl")), {}, "only test images of owl"),
        ({"images": noisy(), "labels": LABELS - 1}, {}, "labels from 0; 'images' has -1"),
        ({"images": noisy(), "labels": LABELS}, {"condition.classes": 2}, "has 3 classes"),
    ],
    ids=["no test labels", "number", "name", "negative", "too few"],
)
def test_labels_are_checked_before_the_training(arrays, changes, message, tmp_path):
    np.savez(tmp_path / "images.npz", **arrays)
    with pytest.raises(DataError, match=message):
        isthmus.train(tmp_path / "images.npz", recipe=with_fields(Recipe(), SMALL | changes), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_class_whose_only_image_is_held_out():
    images = ImageSet("rare", as_source(noisy(), labels=np.append(np.arange(119) % 2, 2)))
    prepared = open_training_data(images, with_fields(Recipe(), SMALL))
    only_two = replace(prepared, train=select(prepared.train, np.flatnonzero(prepared.train.labels < 2)))
    assert data_entry(only_two).class_names == ("0", "1", "2")


def test_a_run_resumes_with_its_own_classes_only(run, tmp_path):
    np.savez(tmp_path / "bands.npz", images=noisy(), labels=np.array(["cat", "emu", "owl"])[LABELS])
    with pytest.raises(UsageError, match="classes: cat, dog, owl in the run, cat, emu, owl now"):
        isthmus.train(tmp_path / "bands.npz", out=run.path, resume=True, changes={"training.epochs": 3})


def test_a_run_resumes_with_its_own_labels_only(run, tmp_path):
    permuted = np.array(["cat", "dog", "owl"])[(LABELS + 1) % 3]
    np.savez(tmp_path / "bands.npz", images=noisy(), labels=permuted)
    with pytest.raises(UsageError, match=r"training images: \d+, with other labels now\. Give them their earlier"):
        isthmus.train(tmp_path / "bands.npz", out=run.path, resume=True, changes={"training.epochs": 3})


@pytest.mark.parametrize("changes", [{"task": "denoise"}, {"condition": "none", "prior": "class-gaussian"}], ids=str)
def test_what_does_not_go_together(changes):
    with pytest.raises(RecipeError):
        conditional(**changes)


def test_a_class_that_the_run_does_not_know(run, tmp_path):
    np.savez(tmp_path / "other.npz", images=noisy()[:20], labels=np.array(["cat", "emu"])[np.arange(20) % 2])
    with pytest.raises(IsthmusError, match=r"the 3 classes that run 'run' .* got images of emu"):
        encode_file(run, tmp_path / "other.npz", tmp_path / "codes.npz")
