"""Opening a run folder, and what a use asks of a run."""

from pathlib import Path

from isthmus.errors import RunError, UsageError
from isthmus.runs.checks import require_group
from isthmus.runs.folder import read_manifest, read_recipe
from isthmus.runs.run import Run


def load(path: str | Path) -> Run:
    """Open a run folder.

    Raises:
        RunError: If it is missing, damaged, not a run of isthmus, from a newer isthmus, or still being trained.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    if manifest.state == "failed" and not manifest.graphs:
        raise RunError(
            f"{folder} holds no model: its training failed before the first epoch ended. Move it away, and train again."
        )
    if manifest.state == "training" or not manifest.graphs:
        raise RunError(
            f"{folder} is not a finished run: it is still being trained, or its training was interrupted. "
            f"`isthmus train DATA --out {folder} --resume` continues it."
        )
    run = Run(folder, manifest, read_recipe(folder, manifest))
    require_group(run.latent.group, manifest.latent_groups, folder)
    return run


def require_autoencoder(run: Run) -> None:
    """Check that the run's task is to reconstruct.

    Raises:
        UsageError: If it is not.
    """
    if run.restores:
        raise UsageError(
            f"{run.path} was trained for the task {run.recipe.task.kind!r}: "
            f"`isthmus restore {run.path} IMAGES --out DIR` puts it to use"
        )


def require_continuous(run: Run, use: str) -> None:
    """Check that a run has codes between any two codes.

    Args:
        run: The run.
        use: What it is used for, as a noun phrase.

    Raises:
        UsageError: If its codes are discrete.
    """
    if run.latent.is_discrete:
        raise UsageError(
            f"{run.path} has discrete codes (latent.kind={run.recipe.latent.kind!r}). There is none between two codes, "
            f"and {use} needs codes that change continuously. `isthmus sample` and `isthmus reconstruct` show what "
            "the model does."
        )


def require_unconditional(run: Run, use: str) -> None:
    """Check that a run needs no class with each image.

    Args:
        run: The run.
        use: What it is used for, as a noun phrase.

    Raises:
        UsageError: If it does.
    """
    if run.is_conditional:
        raise UsageError(
            f"{run.path} is conditional, and {use} takes no class with each image. Train a run without "
            "condition=labels for it."
        )
