"""What to do with a run next, as commands to copy."""

import shlex

from isthmus.codec import obstacle
from isthmus.report import Command
from isthmus.runs import Run


def next_steps(run: Run) -> list[Command]:
    """Commands that suit a run, from what people want first."""
    place = shlex.quote(str(run.path))
    evaluate = Command("Measure how good it is, beside baselines", f"isthmus evaluate {place}")
    if run.restores:
        return [
            Command("Restore images of any size", f"isthmus restore {place} pictures/ --out restored"),
            evaluate,
        ]
    steps = [
        Command("Explore its latent space, in a browser", f"isthmus explore {place}"),
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
    steps.append(evaluate)
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
