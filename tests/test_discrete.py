"""Discrete codes under a learned prior, from training to every use of a run."""

import itertools
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops
from scipy.special import logsumexp

import isthmus
from isthmus.data import ImageSpec, as_source
from isthmus.errors import DataError, ExportError, IsthmusError, UsageError
from isthmus.explorer.service import Service
from isthmus.graphs.export import export_graphs
from isthmus.probability import Terms, latent_variable, namespace
from isthmus.recipes import RECIPES, Recipe, with_fields
from isthmus.scores import gather_evidence, measure_for, score
from isthmus.training.fit import build_model
from isthmus.training.weights import synchronise
from isthmus.workflows.codes import decode_file, encode_file, write_samples
from isthmus.workflows.plot import draw
from isthmus.workflows.report import write_report

SMALL = {
    "name": "tiny-fsq",
    "network": "residual",
    "network.filters": [4, 6],
    "network.patch": 2,
    "latent": "fsq",
    "latent.grid": [3, 3],
    "latent.levels": [3, 2],
    "prior": "masked-conv",
    "prior.filters": 8,
    "prior.blocks": 1,
    "prior.kernel": 3,
    "likelihood": "gaussian",
    "likelihood.scale": "shared",
    "likelihood.sigma": 0.2,
    "training.epochs": 6,
    "training.batch_size": 8,
    "training.learning_rate": 0.01,
}
PARTS = ("likelihood", "latent", "diagnosis")
RECIPE = with_fields(Recipe(), SMALL)


def array(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.fixture(scope="module")
def images(bars):
    return bars[0]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The golden run, which needs no training, and its data."""
    folder = tmp_path_factory.mktemp("discrete")
    with zipfile.ZipFile(Path(__file__).parent / "golden" / "fsq.zip") as file:
        file.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def run(place):
    return isthmus.load(place / "run")


@pytest.fixture(scope="module")
def seen(place):
    """Images of the run's shape, `(27, 8, 8, 3)`."""
    with np.load(place / "data.npz") as data:
        return data["x_train"]


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
class TestGradients:
    """What one step of plain gradient descent on one term alone changes."""

    @staticmethod
    def changed(images, term):
        recipe = with_fields(RECIPE, {"training.optimiser": "sgd", "training.learning_rate": 1.0})
        model = build_model(recipe, ImageSpec(12, 10, 1))
        model.run_eagerly = keras.config.backend() != "jax"
        rng = np.random.default_rng(0)
        for weight in model.trainable_variables:  # what starts at zero would hide a gradient
            weight.assign(weight + 0.1 * rng.standard_normal(weight.shape))

        def terms(forward):
            named = {"distortion": forward.distortion[0], "rate": forward.log_ratio[0]}
            return Terms(named[term], named["distortion"], {"latent": named["rate"]})

        model.objective = SimpleNamespace(draws=1, penalty_names=(), terms=terms)
        before = {name: module.get_weights() for name, module in model.modules.items()}
        model.train_on_batch({"input": images[:8], "target": images[:8]})
        synchronise(model)
        return {
            name
            for name, module in model.modules.items()
            if any((one != other).any() for one, other in zip(before[name], module.get_weights(), strict=True))
        }

    def test_the_rate_trains_the_prior_and_never_the_encoder(self, images):
        assert self.changed(images, "rate") == {"prior"}

    def test_the_distortion_passes_the_rounding_to_the_encoder(self, images):
        assert self.changed(images, "distortion") == {"encoder", "decoder"}


@pytest.mark.slow
def test_the_bound_is_below_the_log_likelihood(images, tmp_path):
    """Of few codes, all can be decoded, so p(x) is a sum."""
    recipe = with_fields(RECIPE, {"network.filters": [4, 6, 6], "latent.grid": [2, 2], "latent.levels": [3]})
    small = isthmus.train(images, recipe, tmp_path / "run", report=False)
    source = as_source(images[:6])
    measure = measure_for(small, source)
    evidence = gather_evidence(small, source, measure, 50)
    assert evidence.draws == 1
    np.testing.assert_allclose(evidence.log_likelihood, evidence.elbo)
    book = small.latent.codebook
    codes = book.codes(np.array(list(itertools.product(range(3), repeat=4)))).reshape(81, 4)
    log_prior = small.latent.log_p(namespace, codes)
    assert logsumexp(log_prior) == pytest.approx(0.0, abs=1e-5)
    parameters = small.decode_parameters(codes)
    for image, bound in zip(images[:6], evidence.elbo, strict=True):
        distortion = measure.distortion(measure.prepare(np.repeat(image[None], 81, axis=0)), parameters)
        exact = logsumexp(log_prior - distortion)
        assert bound <= exact + 1e-6
        assert bound > exact - 20


class TestRun:
    def test_codes_are_on_the_levels(self, run, seen):
        encoded = run.encode(seen)
        assert encoded.keys() == {"mean"}
        np.testing.assert_array_equal(run.latent.codebook.nearest(encoded["mean"]), encoded["mean"])
        np.testing.assert_array_equal(run.reconstruct(seen), run.decode(encoded["mean"]))

    def test_codes_between_levels_are_refused(self, run, seen):
        codes = run.encode(seen[:3])["mean"]
        np.testing.assert_array_equal(run.decode(codes + 1e-4), run.decode(codes))
        codes[1, 0] += 0.3
        with pytest.raises(DataError, match=r"1 of 3 lie between them"):
            run.decode(codes)

    def test_sampling_needs_the_graphs_alone(self, run):
        again = isthmus.load(run.path)
        np.testing.assert_array_equal(again.sample(5, seed=2), run.sample(5, seed=2))
        codes = again.sample_codes(5, seed=2)
        assert codes.shape == (5, 32)
        np.testing.assert_array_equal(run.latent.codebook.nearest(codes), codes)
        assert len(np.unique(codes, axis=0)) > 1

    def test_a_learned_prior_beats_the_uniform_one(self, run, seen):
        assert score(run, as_source(seen)).rate.mean() < 0.9 * 16 * np.log(12)

    def test_files_of_codes_and_samples(self, run, seen, tmp_path):
        np.save(tmp_path / "images.npy", seen[:4])
        assert encode_file(run, tmp_path / "images.npy", tmp_path / "codes.npz") == 4
        decode_file(run, tmp_path / "codes.npz", tmp_path / "decoded")
        assert len(list((tmp_path / "decoded").iterdir())) == 4
        write_samples(run, tmp_path / "new.png", 3)
        assert (tmp_path / "new.png").exists()

    @pytest.mark.parametrize("kind", ["manifold", "grid", "scatter", "traversal", "interpolation"])
    def test_plots_of_continuous_codes(self, run, kind):
        with pytest.raises(UsageError, match=f"has discrete codes .* the plot {kind} needs codes that change"):
            draw(run, kind)

    @pytest.mark.parametrize(
        ("use", "reason"),
        [
            (Service, "the explorer needs codes"),
            (lambda run: run.reconstruct(np.zeros((1, 8, 8, 3), np.uint8), draws=2), "an image has one code"),
            (lambda run: run.sample(1, label="1"), "sampled from their prior alone"),
            (lambda run: isthmus.compress(run, "images.npy", "new.isth"), "codes a Gaussian posterior"),
            (lambda run: isthmus.compress_lossy(run, "images.npy", "new.isth"), "lossy compression, which quantises"),
        ],
        ids=["explorer", "draws", "label", "lossless", "lossy"],
    )
    def test_uses_of_continuous_codes(self, run, seen, use, reason, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        np.save("images.npy", seen[:4])
        with pytest.raises(IsthmusError, match=reason):
            use(run)
        assert not (tmp_path / "new.isth").exists()

    def test_an_evaluation_counts_the_codebook(self, run, place):
        found = isthmus.evaluate(
            run, place / "data.npz", importance_samples=5, parts=("likelihood", "latent", "diagnosis")
        )
        keys = {row.key for section in found.sections for row in section.rows}
        assert {"codebook_usage", "codebook_perplexity", "elbo_nats"} <= keys
        assert not {"active_units", "largest_kl_nats", "marginal_kl_nats", "log_likelihood_nats"} & keys
        assert "codebook_usage" in json.dumps(found.to_json())

    def test_a_report_explains_the_codebook_and_plots_no_latent_space(self, run, place, tmp_path):
        page = write_report(run, place / "data.npz", tmp_path / "report.html").read_text(encoding="utf-8")
        assert "of the 12 codes that a position can have occur" in page
        assert page.count("16 discrete codes, each one of 12") == 3  # the story, and an image on its way
        assert "latent dimension" not in page
        assert "Traversal" not in page
        assert "isthmus explore" not in page


@pytest.mark.slow
def test_a_resumed_training_is_the_same(images, tmp_path):
    recipe = with_fields(RECIPE, {"training.epochs": 2, "training.ema": 0.9, "training.accumulation": 2})
    whole = isthmus.train(images, recipe, tmp_path / "whole", report=False)
    isthmus.train(images, with_fields(recipe, {"training.epochs": 1}), tmp_path / "run", report=False)
    again = isthmus.train(images, recipe, tmp_path / "run", resume=True, report=False)
    for name in ("encoder", "decoder", "prior"):
        assert again.graph(name) == whole.graph(name)


@pytest.mark.parametrize("turned", [1, 2, 9])
def test_a_rounding_may_turn_the_other_way_in_a_graph(images, tmp_path, monkeypatch, turned):
    """One number in a thousand, or a single one; a graph that disagrees more is refused."""
    model = build_model(RECIPE, ImageSpec(12, 10, 1))
    codes = array(model.encode({"input": images[:16]})["mean"]).copy()
    codes.reshape(-1)[:turned] += 0.5

    class Other(type(model.encoder)):
        """Gives other codes in its own call than in the graph."""

        def __call__(self, *arguments, **options):
            return {"mean": codes}

    monkeypatch.setattr(model.encoder, "__class__", Other)
    if turned == 1:
        assert export_graphs(model, tmp_path, images[:16])["encoder"].max_difference["mean"] == 0.0
    else:
        with pytest.raises(ExportError, match=r"encoder.onnx: output 'mean' differs"):
            export_graphs(model, tmp_path, images[:16])


def test_the_recipe_has_many_codes():
    recipe = RECIPES["photo-fsq"]
    assert recipe.latent.codes >= 512
    assert latent_variable(recipe).is_discrete
