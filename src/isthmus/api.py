"""The public functions: each calls the workflow of its command."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.data import Data, Fit, ImageSource
from isthmus.recipes import Recipe
from isthmus.runs import Run

if TYPE_CHECKING:
    import keras

    from isthmus.evaluation.result import Evaluation


def train(
    data: Data | None = None,
    recipe: Recipe | str | None = None,
    out: str | Path | None = None,
    *,
    purpose: str | None = None,
    minutes: float | None = None,
    task: str | None = None,
    targets: Data | None = None,
    size: int | str | Sequence[int] | None = None,
    fit: Fit | None = None,
    channels: int | None = None,
    background: str | None = None,
    changes: Mapping[str, Any] | None = None,
    encoder: "keras.Model | None" = None,
    decoder: "keras.Model | None" = None,
    init_from: str | Path | None = None,
    resume: bool = False,
    trust: bool = False,
    backend: str | None = None,
    device: str | None = None,
    report: bool = True,
    tensorboard: bool = False,
) -> Run:
    """Train a recipe on images.

    Args:
        data: A named data set, a path, an array `(n, height, width[, channels])`, a pair of images and labels, a
            PyTorch `Dataset` or a `tf.data.Dataset`; see `isthmus.open_images`. None resumes with the
            run's own, if this machine remembers them.
        recipe: A recipe, the name of one, or None to choose one from the images.
        out: The run folder to create; by default `runs/DATA-RECIPE`.
        purpose: What a model of colour images is for, `reconstruct`, `sample` or `search`; chooses a recipe where none
            is given.
        minutes: The time that the training may take; as many steps as fit are measured, and stored in the recipe.
        task: The task, if not to reconstruct: `denoise`, `deblur`, `super-resolve`, `colourise`,
            `inpaint`, `segment` or `pairs`.
        targets: The targets, with the file names of `data`: masks for `segment`, paired images for `pairs`.
        size: Size that image files are fitted to: a side, or height and width, in pixels; chosen from them by default.
        fit: How files of other proportions are fitted: `crop`, `pad` or `stretch`.
        channels: 1 (grey), 3 (RGB) or 4 (RGB with alpha).
        background: The colour behind transparent and padded parts; white by default.
        changes: Fields of the recipe to change, by dotted name: `{"latent.dim": 10}`.
        encoder: A custom Keras model from images `(h, w, c)`, float32 from 0 to 1, to flat features.
        decoder: A custom Keras model from codes `(dim,)` to the likelihood's outputs `(h, w, channels)`.
        init_from: A run with the initial weights.
        resume: Resume the training in `out`, up to the epochs of the recipe.
        trust: Load the custom network of a run, which may execute arbitrary code.
        backend: `tensorflow`, `jax` or `torch`.
        device: `cpu`, `gpu` or one of several GPUs, such as `gpu:1`.
        report: Whether to write `report.html` into the run at the end.
        tensorboard: Whether to write losses and images for TensorBoard, to `tensorboard/` in the run.

    Returns:
        The trained run. After Ctrl-C it holds the best model so far, and its manifest has the state `interrupted`.

    Raises:
        IsthmusError: The subclass that names the problem, with what to do about it.
    """
    from isthmus.data import ImageOptions, parse_size
    from isthmus.errors import UsageError
    from isthmus.recipes import CustomNetwork, named_recipe
    from isthmus.workflows.train import train as run_training
    from isthmus.workflows.training_request import TrainingRequest

    if (encoder is None) != (decoder is None):
        raise UsageError("expected a custom encoder and decoder, or neither; got one of them.")
    custom = None
    if encoder is not None and decoder is not None:
        custom = (encoder, decoder)
        recipe = named_recipe(recipe) if isinstance(recipe, str) else recipe or Recipe()
        recipe = recipe.model_copy(update={"network": CustomNetwork()})
    return run_training(
        TrainingRequest(
            data=data,
            recipe=recipe,
            out=None if out is None else Path(out),
            targets=targets,
            changes={**({} if task is None else {"task": task}), **(changes or {})},
            custom=custom,
            init_from=None if init_from is None else Path(init_from),
            resume=resume,
            trust=trust,
            backend=backend,
            device=device,
            report=report,
            tensorboard=tensorboard,
            purpose=purpose,
            minutes=minutes,
            image_options=ImageOptions(parse_size(size), fit, channels, background),
        )
    )


def evaluate(
    run: Run,
    data: Data | None = None,
    importance_samples: int = 50,
    seed: int = 0,
    parts: Sequence[str] | None = None,
    *,
    thorough: bool = False,
    trust: bool = False,
    fresh: bool = False,
    targets: Data | None = None,
    strength: float | None = None,
) -> "Evaluation":
    """Measure how good a run is, and diagnose what is wrong; a run that restores images is compared with baselines.

    Args:
        run: The run.
        data: Images; None for the held-out images of the run's own data.
        importance_samples: K, the posterior draws per image for the likelihood bound.
        seed: Seed for the draws. It determines every metric, whatever the order of the images.
        parts: Parts to measure: `likelihood`, `reconstruction`, `latent`, `representation`, `disentanglement`,
            `samples` or `diagnosis`; all by default.
        thorough: Also measure the amortisation gap, which imports a training framework and takes minutes.
        trust: Load a custom network of the run, which may execute arbitrary code, for the amortisation gap.
        fresh: Measure again, even if nothing has changed.
        targets: The targets, if the run's task reads them from files; see `train`.
        strength: The strength of the corruption, if the run's task has one.

    Returns:
        The evaluation: its parts by key, findings and verdict. It is also stored in the run.

    Raises:
        IsthmusError: The subclass that names the problem, with what to do about it.
    """
    from isthmus.workflows.evaluation import PARTS, EvaluationRequest
    from isthmus.workflows.evaluation import evaluate as run_evaluation

    parts = PARTS if parts is None else parts
    request = EvaluationRequest(importance_samples, seed, parts, thorough, trust, fresh, targets, strength)
    return run_evaluation(run, data, request)


def held_out(run: Run, data: Data | None = None) -> ImageSource:
    """Open the held-out images of a run: its test images, or else its validation images.

        images = isthmus.held_out(run)
        codes = run.encode(images.read(range(len(images))))["mean"]

    Args:
        run: The run.
        data: The run's data at a new place, or other data, of which the test images are opened, or all. By default the
            run's own data, found by this machine's memory of it or by name.

    Returns:
        A source: `read(indices)` gives images `(n, height, width, channels)` of `run.source`; `labels` are int64 `(n,)`
        or None, `class_names` their names, and `names` those of the images, in the order of the data.

    Raises:
        DataError: If the run's data cannot be found or has changed, no image of it was held out, or other images have
            another shape.
        UsageError: If there is no such data.
    """
    from isthmus.workflows.datasets import open_held_out

    return open_held_out(run, data).images
