"""What to do with a run next, as commands to copy."""

import shlex

from isthmus.codec import obstacle
from isthmus.report import Command, resume_command
from isthmus.runs import Run


def next_steps(run: Run, *, evaluated: bool) -> list[Command]:
    """Commands that suit a run, from what people want first.

    Args:
        run: The run.
        evaluated: Whether it has been evaluated already.
    """
    place = shlex.quote(str(run.path))
    if run.restores:
        return [
            Command("Put it to use on pictures of any size", f"isthmus restore {place} pictures/ --out restored"),
            Command("Say how good it is, beside methods that need no learning", f"isthmus evaluate {place}"),
            Command(
                "Train it further",
                resume_command(run.manifest.data.name, str(run.path), 2 * run.recipe.training.epochs),
            ),
        ]
    steps = [
        Command("Feel what it learned, in a browser", f"isthmus explore {place}"),
        Command("Make new images", f"isthmus sample {place} -n 64 --out samples.png"),
        Command("Reconstruct images of your own", f"isthmus reconstruct {place} photos/ --out reconstructions"),
        Command("Write their codes, for search or clustering", f"isthmus encode {place} photos/ --out codes.npz"),
    ]
    if run.class_names:
        label = shlex.quote(run.class_names[-1])
        steps.insert(
            2, Command("Make images of one class", f"isthmus sample {place} --label {label} --out one-class.png")
        )
    picture = "manifold" if run.latent.has_rate and run.recipe.latent.dim == 2 else "traversal"
    steps.append(Command("Draw its latent space, for a paper", f"isthmus plot {place} {picture} --out {picture}.pdf"))
    if not evaluated:
        steps.append(Command("Say how good it is, beside baselines", f"isthmus evaluate {place}"))
    epochs = 2 * run.recipe.training.epochs
    steps.append(Command("Train it further", resume_command(run.manifest.data.name, str(run.path), epochs)))
    if not obstacle(run):
        black = " --threshold" if run.recipe.likelihood.kind == "bernoulli" else ""
        steps.append(
            Command("Compress images without loss", f"isthmus compress {place} photos/{black} --out photos.isth")
        )
    lines = (
        "import isthmus",
        "",
        f"run = isthmus.load({str(run.path)!r})",
        'codes = run.encode(images)["mean"]',
        "new = run.sample(16)",
    )
    steps.append(Command("Use it in Python, without a training framework", "\n".join(lines)))
    return steps
