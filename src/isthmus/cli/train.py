"""`isthmus train`."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.console import print_json, print_table, say
from isthmus.cli.options import AsJson, Background, Channels, Fitting, OptionalDataName, Size, image_options, option
from isthmus.wording import spell_bytes, spell_count, spell_seconds

if TYPE_CHECKING:
    from isthmus.workflows.dry_run import DryRun

_METRICS = {
    "psnr_db": ("PSNR", "dB", ".2f"),
    "mse": ("MSE", "per pixel", ".5f"),
    "elbo_nats": ("ELBO", "nats per image", ".2f"),
    "loss_nats": ("loss", "nats per image", ".2f"),
    "distortion_nats": ("distortion", "nats per image", ".2f"),
    "rate_nats": ("rate", "nats per image", ".2f"),
}
"""The label, unit and number format of each metric."""


def train(
    data: OptionalDataName = None,
    recipe: Annotated[
        str | None, option("NAME", "The recipe; `isthmus recipes` lists them. Chosen from the images by default.")
    ] = None,
    purpose: Annotated[
        str | None,
        option(
            "PURPOSE",
            "What a model of colour images is for: to reconstruct (the default), to sample, or to search images by "
            "their codes.",
            "--for",
        ),
    ] = None,
    task: Annotated[
        str | None,
        option("KIND", "The task: reconstruct, denoise, colourise, inpaint, super-resolve, deblur, segment or pairs."),
    ] = None,
    targets: Annotated[
        str | None,
        option("FOLDER", "The targets, with the file names of DATA: masks for segment, paired images for pairs."),
    ] = None,
    out: Annotated[Path | None, option("RUN", "The run folder to create; runs/DATA-RECIPE by default.")] = None,
    epochs: Annotated[int | None, option("N", "Passes over the training images; training.epochs.")] = None,
    minutes: Annotated[
        float | None, option("M", "Train for M minutes: measure the steps that fit, and store their number.")
    ] = None,
    latent_dim: Annotated[int | None, option("D", "Latent dimensions; latent.dim.")] = None,
    settings: Annotated[
        list[str] | None,
        option("FIELD=VALUE", "Change any field of the recipe, such as objective.beta=4. Repeatable.", "--set"),
    ] = None,
    seed: Annotated[int | None, option("N", "Seed for weights, order and noise; training.seed.")] = None,
    size: Size = None,
    fit: Fitting = None,
    channels: Channels = None,
    background: Background = None,
    resume: Annotated[
        bool, option(None, "Resume the training in --out, after a stop or for more --epochs.", "--resume")
    ] = False,
    init_from: Annotated[Path | None, option("RUN", "Start a new run from the weights of another.")] = None,
    backend: Annotated[str | None, option("NAME", "tensorflow, jax or torch; the first installed by default.")] = None,
    device: Annotated[str | None, option("NAME", "cpu, gpu, or one of several GPUs, such as gpu:1.")] = None,
    trust: Annotated[
        bool, option(None, "Load a run's custom network, which may execute arbitrary code.", "--trust")
    ] = False,
    tensorboard: Annotated[
        bool, option(None, "Write losses and images for TensorBoard, to RUN/tensorboard.", "--tensorboard")
    ] = False,
    report: Annotated[bool, option(None, "Write report.html into the run at the end.", "--report/--no-report")] = True,
    dry_run: Annotated[
        bool,
        option(None, "Try a few steps and report parameters, memory and time, without creating a run.", "--dry-run"),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train an autoencoder on images.

    Ctrl-C stops between two steps and saves the best model so far; --resume continues from there. It needs no DATA if
    this machine remembers the images.

    Examples:

      isthmus train digits --recipe conv-vae-fast --out runs/digits

      isthmus train photos/ --minutes 5

      isthmus train photos/ --for sample --latent-dim 64

      isthmus train mnist --recipe conv-vae --set objective.beta=4 --set latent.dim=10

      isthmus train photos/ --task denoise --set task.strength=0.05,0.2

      isthmus train --out runs/digits --resume --epochs 40
    """
    from isthmus.errors import UsageError
    from isthmus.recipes import parse_assignments

    changes = parse_assignments(settings or ())
    named: dict[str, Any] = {"task": task, "training.epochs": epochs, "latent.dim": latent_dim, "training.seed": seed}
    changes |= {field: value for field, value in named.items() if value is not None}
    fitted = image_options(size, fit, channels, background)
    if dry_run:
        if data is None:
            raise UsageError("expected DATA: --dry-run needs images")
        if minutes is not None:
            raise UsageError("--dry-run measures what a training takes, and --minutes sets it: give one of them")
        _dry_run(data, recipe, changes, fitted, targets, purpose, backend, device, as_json)
        return

    from isthmus.workflows.train import train as run_training
    from isthmus.workflows.training_request import TrainingRequest

    run = run_training(
        TrainingRequest(
            data=data,
            recipe=recipe,
            targets=targets,
            out=out,
            changes=changes,
            init_from=init_from,
            resume=resume,
            trust=trust,
            backend=backend,
            device=device,
            image_options=fitted,
            report=report,
            tensorboard=tensorboard,
            purpose=purpose,
            minutes=minutes,
        )
    )
    _tell(run, data, as_json)


def _tell(run: Any, data: str | None, as_json: bool) -> None:
    """Print the results of the training and the next commands."""
    from isthmus.runs import folder

    metrics = folder.read_metrics(run.path, run.manifest)
    training = run.manifest.training
    if as_json:
        print_json(
            {"run": str(run.path), "state": run.manifest.state, "training": training.model_dump(), "metrics": metrics}
        )
    else:
        say(
            f"{run.manifest.state}: {run.recipe.name} on {run.manifest.data.name}, "
            f"{spell_count(training.epochs, 'epoch')} in {spell_seconds(training.seconds)}"
        )
        if training.message:
            say(f"  {training.message}")
        for name, value in metrics.items():
            if name in _METRICS:
                label, unit, digits = _METRICS[name]
                error = "" if value["standard_error"] is None else f" ± {value['standard_error']:.2g}"
                say(f"  {metrics['split']} {label}: {value['mean']:{digits}}{error} {unit}")
        place = shlex.quote(str(run.path))
        say(f"\nThe run is {run.path}. Next:")
        if (run.path / folder.REPORT).exists():
            say(f"  open {shlex.quote(str(run.path / folder.REPORT))} in a browser")
        if run.restores:
            say(f"  isthmus restore {place} IMAGES --out restored")
            say(f"  isthmus evaluate {place}")
        else:
            images = "IMAGES" if data is None else shlex.quote(data)
            say(f"  isthmus reconstruct {place} {images} --out reconstructions")
            say(f"  isthmus sample {place} --out samples.png")
            if not (run.is_conditional or run.latent.is_discrete):
                say(f"  isthmus explore {place}")
    if run.manifest.state == "failed":
        raise typer.Exit(1)


def _dry_run(
    data: str,
    recipe: str | None,
    changes: dict[str, Any],
    fitted: Any,
    targets: str | None,
    purpose: str | None,
    backend: str | None,
    device: str | None,
    as_json: bool,
) -> None:
    from isthmus.workflows.datasets import open_training_data
    from isthmus.workflows.dry_run import dry_run

    prepared = open_training_data(data, recipe, changes, fitted, targets, purpose)
    prepared.announce()
    found = dry_run(prepared, backend, device)
    if as_json:
        print_json({"recipe": prepared.recipe.name, **asdict(found)})
        return
    print_table(
        ("what", "measured"),
        (
            (
                "recipe",
                f"{prepared.recipe.name}, beta {prepared.recipe.objective.beta:g} on nats summed over the image",
            ),
            ("images", f"{found.images:,} of {prepared.train.spec} for training"),
            ("device", f"{found.backend}, {found.device}"),
            ("parameters", _parameters(found)),
            ("memory", f"{spell_bytes(found.peak_memory_bytes)} at the peak"),
            ("time per step", spell_seconds(found.seconds_per_step)),
            ("training", f"{found.steps:,} steps, about {spell_seconds(found.seconds)}"),
        ),
    )


def _parameters(found: "DryRun") -> str:
    prior = f", {found.prior_parameters:,} in the prior" if found.prior_parameters else ""
    return f"{found.encoder_parameters:,} in the encoder, {found.decoder_parameters:,} in the decoder{prior}"
