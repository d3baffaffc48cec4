"""Every field of a recipe does something: a field that nothing reads fails here, and so does one that has no entry."""

from functools import cached_property

import numpy as np
import pytest
from keras import ops

from isthmus.cli.app import app
from isthmus.data import BatchPlan, ImageSet, TrainingBatches, as_source
from isthmus.errors import RecipeError
from isthmus.probability.densities import fit_density
from isthmus.recipes import Recipe, recipe_from_json, with_fields
from isthmus.recipes.fields import Fields
from isthmus.recipes.overrides import KINDS
from isthmus.training.feed import training_feed
from isthmus.training.fit import Job, build_model, fit
from isthmus.training.weights import weights_of
from isthmus.workflows import train as workflow
from isthmus.workflows.datasets import open_training_data

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 9, 8, 1)).astype(np.uint8)

BASE = {
    "network.filters": [3, 2],
    "network.stem_filters": 2,
    "latent.dim": 3,
    "training.epochs": 4,
    "training.batch_size": 8,
    "training.learning_rate": 0.01,
}
DENSE = {"network": "dense", "network.units": [5]}
UPSAMPLE = {"network": "upsample", "network.filters": [2, 2, 2, 2], "network.decoder_filters": [2, 2, 2]}
POINT = {"latent": "point"}
GAUSSIAN, LAPLACE = {"likelihood": "gaussian"}, {"likelihood": "laplace"}
LOGISTIC = {"likelihood": "logistic"}
GRID = {"latent": "spatial-gaussian", "latent.grid": [3, 2]}
FSQ = {
    "network": "residual",
    "network.filters": [3],
    "network.patch": 3,
    "latent": "fsq",
    "latent.grid": [3, 3],
    "latent.levels": [4, 3],
    "prior": "masked-conv",
    "prior.filters": 4,
    "prior.blocks": 1,
    "prior.kernel": 3,
}
UNIFORM = {name: value for name, value in FSQ.items() if not name.startswith("prior")} | {"prior": "uniform"}
IWAE, MIXTURE = {"objective": "iwae"}, {"prior": "mixture"}
DENOISE, INPAINT, DEBLUR = {"task": "denoise"}, {"task": "inpaint"}, {"task": "deblur"}
ENLARGE, SEGMENT = {"task": "super-resolve"}, {"task": "segment", "task.masks": "itself"}
UNET = {
    **DENOISE,
    "network": "unet",
    "network.filters": [2, 3],
    "network.convolutions": 1,
    "latent": "point",
    "likelihood": "gaussian",
}
RESIDUAL = {"network": "residual", "network.filters": [3, 2], "network.patch": 2}
SGD = {"training.optimiser": "sgd", "training.learning_rate": 1.0}
STANDING_STILL = {"training.learning_rate": 1e-30}


class Traces:
    """What a recipe leads to, in the order in which it does; each is worked out when it is asked for."""

    def __init__(self, recipe, folder, images=IMAGES):
        self.recipe, self._folder, self._images = recipe, folder, images

    @cached_property
    def _prepared(self):
        return open_training_data(self._images, self.recipe)

    @cached_property
    def _job(self):
        return Job(self.recipe, self._prepared.train, self._prepared.validation, self._folder)

    def _build(self):
        return build_model(self.recipe, self._prepared.train.spec, self._job.steps_per_epoch)

    @cached_property
    def _model(self):
        """One for all aspects that leave its weights as they are."""
        return self._build()

    @cached_property
    def place(self):
        return str(workflow._default_place(self._prepared))

    @cached_property
    def images(self):
        return [self._prepared.train.spec.dtype, self._prepared.train.fingerprint]

    @cached_property
    def order(self):
        return [self._job.plan.indices(step) for step in range(3)]

    @cached_property
    def batches(self):
        batches = TrainingBatches(self._job.train, self._job.plan, self.recipe)
        return [batches.batch(step).input for step in range(3)]

    @cached_property
    def weights(self):
        return list(weights_of(self._model).values())

    @cached_property
    def outputs(self):
        model = self._model
        codes = np.random.default_rng(1).standard_normal((4, self.recipe.latent.dim), np.float32)
        encoded = model.encoder(self._prepared.train.read(np.arange(4)))
        decoded = model.decode(ops.convert_to_tensor(codes), encoded)
        return [*encoded, *decoded, *map(ops.convert_to_numpy, (*encoded.values(), *decoded.values()))]

    @cached_property
    def _step(self):
        """The forward pass of a training step, four steps into the training."""
        model, images = self._model, self._prepared.train.read(np.arange(4))
        model.step.assign(4)
        batch = {"input": images, "target": images}
        given = model(batch, training=True)
        loss = model.compute_loss(x=batch, y=None, y_pred=given, training=True)
        return [ops.convert_to_numpy(given["z"])], [ops.convert_to_numpy(loss)]

    @cached_property
    def codes(self):
        return self._step[0]

    @cached_property
    def loss(self):
        return self._step[1]

    @cached_property
    def learning(self):
        model = self._build()
        batches = TrainingBatches(self._job.train, self._job.plan, self.recipe)
        model.fit(training_feed(batches, 0), steps_per_epoch=3, shuffle=False, verbose=0)
        return list(weights_of(model).values())

    @cached_property
    def _fitted(self):
        return fit(self._job)

    @cached_property
    def kept(self):
        return list(self._fitted.state.best_weights.values())

    @cached_property
    def length(self):
        return [self._fitted.state.epoch]

    @cached_property
    def checkpoints(self):
        assert self._fitted
        return sorted(path.name for path in (self._folder / "checkpoint").iterdir())

    @cached_property
    def density(self):
        codes = np.random.default_rng(2).standard_normal((200, 2)) + 9 * np.random.default_rng(3).integers(
            0, 3, (200, 1)
        )
        return list(fit_density(codes, self.recipe.codes, 0).arrays("all").values())


BUILT = ("place", "images", "order", "batches", "weights", "outputs", "codes", "loss")
ORDER = (*BUILT, "learning", "kept", "length", "checkpoints", "density")

# For each field: another value for it, the first thing in ORDER that it changes, and what else has to be set so that it
# matters.
TABLE = {
    "name": ("another", "place", {}),
    "augmentation.flip_horizontal": (True, "batches", {}),
    "augmentation.flip_vertical": (True, "batches", {}),
    "augmentation.transpose": (True, "batches", {}),
    "augmentation.shift": (0.3, "batches", {}),
    "augmentation.crop": (0.3, "batches", {}),
    "augmentation.rotation": (20.0, "batches", {}),
    "augmentation.brightness": (0.3, "batches", {}),
    "task.reconstruct.kind": ("denoise", "batches", {}),
    "task.denoise.kind": ("deblur", "batches", DENOISE),
    "task.denoise.noise": ("speckle", "batches", DENOISE),
    "task.denoise.strength": ([0.9, 0.9], "batches", DENOISE),
    "task.inpaint.kind": ("denoise", "batches", INPAINT),
    "task.inpaint.holes": ("rows", "batches", INPAINT),
    "task.inpaint.share": ([0.8, 0.8], "batches", INPAINT),
    "task.super-resolve.kind": ("denoise", "batches", ENLARGE),
    "task.super-resolve.factor": (4, "batches", ENLARGE),
    "task.deblur.kind": ("denoise", "batches", DEBLUR),
    "task.deblur.radius": ([4.0, 4.0], "batches", DEBLUR),
    "task.deblur.noise": (0.3, "batches", DEBLUR),
    "task.segment.kind": ("denoise", "batches", SEGMENT),
    "task.segment.clutter": (0.7, "batches", SEGMENT),
    "pixels.dtype": ("float32", "images", {}),
    "pixels.binarise": ("threshold", "outputs", {}),
    "pixels.binarise (stochastic)": ("stochastic", "batches", {}),
    "pixels.threshold": (0.2, "outputs", {"pixels.binarise": "threshold"}),
    "network.kind": ("upsample", "weights", {}),
    "network.dense.kind": ("conv", "weights", DENSE),
    "network.dense.units": ([6], "weights", DENSE),
    "network.dense.activation": ("tanh", "outputs", DENSE),
    "network.conv.kind": ("dense", "weights", {}),
    "network.conv.filters": ([2, 3], "weights", {}),
    "network.conv.kernel": (2, "weights", {}),
    "network.conv.padding": ("valid", "weights", {}),
    "network.conv.stem_filters": (3, "weights", {}),
    "network.conv.activation": ("tanh", "outputs", {}),
    "network.upsample.kind": ("dense", "weights", UPSAMPLE),
    "network.upsample.filters": ([2, 2, 2, 3], "weights", UPSAMPLE),
    "network.upsample.strides": ([1, 2, 1, 2], "outputs", UPSAMPLE),
    "network.upsample.kernel": (2, "weights", UPSAMPLE),
    "network.upsample.stem_filters": (3, "weights", UPSAMPLE),
    "network.upsample.decoder_filters": ([2, 3, 2], "weights", UPSAMPLE),
    "network.upsample.activation": ("tanh", "outputs", UPSAMPLE),
    "network.unet.kind": ("conv", "weights", UNET),
    "network.unet.filters": ([2, 4], "weights", UNET),
    "network.unet.convolutions": (2, "weights", UNET),
    "network.unet.kernel": (2, "weights", UNET),
    "network.unet.activation": ("tanh", "outputs", UNET),
    "network.residual.kind": ("conv", "weights", RESIDUAL),
    "network.residual.patch": (3, "weights", RESIDUAL),
    "network.residual.filters": ([3, 3], "weights", RESIDUAL),
    "network.residual.blocks": (2, "weights", RESIDUAL),
    "network.residual.kernel": (2, "weights", RESIDUAL),
    # The blocks start at zero.
    "network.residual.activation": ("tanh", "learning", RESIDUAL),
    "latent.point.kind": ("gaussian", "weights", POINT),
    "latent.point.dim": (4, "weights", POINT),
    "latent.point.activation": ("tanh", "outputs", POINT),
    "latent.gaussian.kind": ("point", "weights", {}),
    "latent.gaussian.dim": (4, "weights", {}),
    "latent.gaussian.epsilon_std": (0.5, "codes", {}),
    "latent.spatial-point.kind": ("spatial-gaussian", "weights", {**GRID, "latent": "spatial-point"}),
    "latent.spatial-point.channels": (3, "weights", {**GRID, "latent": "spatial-point"}),
    "latent.spatial-gaussian.kind": ("gaussian", "weights", GRID),
    "latent.spatial-gaussian.channels": (3, "weights", GRID),
    "latent.fsq.levels": ([4, 4], "weights", FSQ),
    "likelihood.bernoulli.kind": ("gaussian", "outputs", {}),
    "likelihood.gaussian.kind": ("laplace", "loss", GAUSSIAN),
    "likelihood.gaussian.scale": ("shared", "weights", GAUSSIAN),
    "likelihood.gaussian.sigma": (0.5, "loss", GAUSSIAN),
    "likelihood.gaussian.sigma (shared)": (0.5, "weights", {**GAUSSIAN, "likelihood.scale": "shared"}),
    "likelihood.gaussian.sigma (per-pixel)": (0.5, "outputs", {**GAUSSIAN, "likelihood.scale": "per-pixel"}),
    "likelihood.gaussian.mean": ("free", "outputs", GAUSSIAN),
    "likelihood.laplace.kind": ("gaussian", "loss", LAPLACE),
    "likelihood.laplace.scale": ("per-pixel", "weights", LAPLACE),
    "likelihood.laplace.sigma": (0.5, "loss", LAPLACE),
    "likelihood.laplace.mean": ("free", "outputs", LAPLACE),
    "likelihood.logistic.kind": ("laplace", "outputs", LOGISTIC),
    "likelihood.logistic.components": (2, "weights", LOGISTIC),
    "likelihood.logistic.scale": ("shared", "weights", LOGISTIC),
    "likelihood.logistic.sigma": (0.5, "outputs", LOGISTIC),
    "likelihood.logistic.sigma (mixture)": (0.5, "outputs", {**LOGISTIC, "likelihood.components": 2}),
    "objective.elbo.kind": ("iwae", "codes", {}),
    "objective.elbo.estimator": ("monte-carlo", "loss", {}),
    "objective.elbo.beta": (2.0, "loss", {}),
    "objective.elbo.beta_warmup_epochs": (3.0, "loss", {}),
    "objective.elbo.ms_ssim": (2.0, "loss", {}),
    "objective.iwae.kind": ("elbo", "codes", IWAE),
    "objective.iwae.draws": (3, "codes", IWAE),
    "prior.standard-normal.kind": ("mixture", "weights", {}),
    "prior.mixture.kind": ("standard-normal", "weights", MIXTURE),
    "prior.mixture.components": (3, "weights", MIXTURE),
    "prior.uniform.kind": ("masked-conv", "weights", UNIFORM),
    "prior.masked-conv.kind": ("uniform", "weights", FSQ),
    "prior.masked-conv.filters": (5, "weights", FSQ),
    "prior.masked-conv.blocks": (2, "weights", FSQ),
    "prior.masked-conv.kernel": (5, "weights", FSQ),
    "training.epochs": (3, "length", {}),
    "training.steps_per_epoch": (1, "kept", {}),
    "training.batch_size": (9, "order", {}),
    "training.optimiser": ("sgd", "learning", {}),
    "training.optimiser (muon)": ("muon", "learning", {}),
    "training.momentum": (0.9, "learning", SGD),
    "training.adam_betas": ([0.5, 0.999], "learning", {}),
    "training.adam_betas (second)": ([0.9, 0.9], "learning", {}),
    "training.learning_rate": (0.02, "learning", {}),
    "training.schedule": ("cosine", "learning", {}),
    "training.warmup_fraction": (0.5, "learning", {}),
    "training.clip_norm": (1e-3, "learning", SGD),
    "training.accumulation": (2, "learning", {}),
    "training.precision": ("mixed_bfloat16", "outputs", {}),
    "training.ema": (0.9, "kept", {}),
    "training.validation_fraction": (0.4, "images", {}),
    "training.patience": (1, "length", STANDING_STILL),
    "training.checkpoint_seconds": (1e-9, "checkpoints", {}),
    "training.seed": (1, "order", {}),
    "codes.kind": ("mixture", "density", {}),
    "codes.components": (2, "density", {"codes.kind": "mixture"}),
}
# What no training shows, each with a test of its own below.
ELSEWHERE = {
    "schema_version",
    "summary",
    "network.custom.kind",
    "training.checkpoint_seconds",
    # Tasks of images in colour, or of files in pairs: tests/data/tasks/test_task.py and tests/workflows/datasets/.
    "task.colourise.kind",
    "task.segment.masks",
    "task.segment.classes",
    "task.pairs.kind",
    "task.pairs.target_channels",
    # A grid has one value that goes with a network: tests/networks/test_layout.py.
    "latent.spatial-point.grid",
    "latent.spatial-gaussian.grid",
    "latent.fsq.grid",
    # No other latent goes with the priors of discrete codes.
    "latent.fsq.kind",
    "likelihood.categorical.kind",
    "likelihood.categorical.classes",
    # What needs images with labels: tests/test_conditional.py.
    "condition.none.kind",
    "condition.labels.kind",
    "condition.labels.classes",
    "prior.class-gaussian.kind",
}


def field_of(entry):
    """The field that an entry of the table sets: `network.conv.kernel (…)` sets `network.kernel`."""
    part, *rest = entry.partition(" (")[0].split(".")
    return ".".join([part, *rest[-1:]])


def every_field():
    for name, field in Recipe.model_fields.items():
        if name in KINDS:
            yield from (f"{name}.{kind}.{leaf}" for kind, part in KINDS[name].items() for leaf in part.model_fields)
        elif isinstance(field.default, Fields):
            yield from (f"{name}.{leaf}" for leaf in type(field.default).model_fields)
        else:
            yield name


def same(one, other):
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and bool((one == other).all())
    return one == other


def test_every_field_has_an_entry():
    covered = {entry.partition(" (")[0] for entry in TABLE} | ELSEWHERE
    assert set(every_field()) <= covered, f"no test shows what reads {set(every_field()) - covered}"


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    """The traces of a recipe; many entries start from the same one."""
    known = {}

    def trace(recipe, images=IMAGES):
        return known.setdefault((recipe, images.shape), Traces(recipe, tmp_path_factory.mktemp("fit"), images))

    return trace


@pytest.mark.parametrize("entry", TABLE)
@pytest.mark.slow
def test_a_field_is_read(entry, traces, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    value, aspect, needed = TABLE[entry]
    replaced = {name for name in BASE if name.partition(".")[0] in needed and not name.startswith("latent")}
    small = {name: value for name, value in BASE.items() if name not in replaced}
    if "latent.grid" in needed:
        del small["latent.dim"]
    base = with_fields(Recipe(), {**small, **needed})
    changed = with_fields(base, {field_of(entry): value})
    images = IMAGES[:, :8] if entry == "augmentation.transpose" else IMAGES  # which takes square ones
    before, after = traces(base, images), traces(changed, images)
    for earlier in ORDER[: ORDER.index(aspect)]:
        # Nothing that comes before, or this would not be the place where the field is read; training takes long to try.
        if earlier in BUILT:
            assert same(getattr(before, earlier), getattr(after, earlier)), f"{entry} changes {earlier} already"
    assert not same(getattr(before, aspect), getattr(after, aspect)), f"nothing read {entry}"


def test_one_recipe_leads_to_one_thing(traces, tmp_path):
    """What the table compares is the same twice, so a difference is the field's."""
    recipe = with_fields(Recipe(), BASE)
    first, again = traces(recipe), Traces(recipe, tmp_path)
    for aspect in ORDER:
        assert same(getattr(first, aspect), getattr(again, aspect)), aspect


def test_the_seed_fixes_each_kind_of_chance(traces):
    base = with_fields(Recipe(), BASE)
    other = with_fields(base, {"training.seed": 1})
    first, second = traces(base), traces(other)
    for aspect in ("order", "weights", "codes"):
        assert not same(getattr(first, aspect), getattr(second, aspect)), aspect
    source = as_source(IMAGES)
    drawn = [
        TrainingBatches(
            source,
            BatchPlan(0, 40, 8),
            with_fields(base, {"pixels.binarise": "stochastic", "training.seed": seed}),
        )
        for seed in (0, 1)
    ]
    assert not same(drawn[0].batch(0).input, drawn[1].batch(0).input)


def test_the_schema_version_is_read():
    with pytest.raises(RecipeError, match="schema version 3"):
        recipe_from_json('{"schema_version": 3}')


def test_the_summary_is_listed(monkeypatch):
    from typer.testing import CliRunner

    listed = Recipe(name="mine", summary="what nobody else would say")
    monkeypatch.setattr("isthmus.recipes.RECIPES", {"mine": listed})
    assert "what nobody else would say" in CliRunner().invoke(app, ["recipes", "--json"]).stdout


def test_a_custom_network_has_to_be_given():
    images = ImageSet("images", as_source(IMAGES))
    with pytest.raises(RecipeError, match=r"network.kind=custom stands for your own Keras models"):
        build_model(with_fields(Recipe(), {"network": "custom"}), images.spec)
