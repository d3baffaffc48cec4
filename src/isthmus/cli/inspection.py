"""`isthmus inspect` and `cache`: the content of data and of the cache."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from isthmus.cli.console import print_json, print_table, say
from isthmus.cli.options import AsJson, Background, Channels, DataName, Fitting, Size, image_options, option
from isthmus.wording import spell_bytes

if TYPE_CHECKING:
    from isthmus.workflows.inspection import Inspection, Plan

_SHOWN = 8


def inspect(
    data: DataName,
    size: Size = None,
    fit: Fitting = None,
    channels: Channels = None,
    background: Background = None,
    as_json: AsJson = False,
) -> None:
    """Report what a data set contains, and what training would do with it.

    Every image is decoded, to find its size, damage and duplicates. Nothing is written.

    Example:

      isthmus inspect photos/
    """
    from isthmus.workflows import inspection as workflow

    found = workflow.inspect(data, image_options(size, fit, channels, background))
    if as_json:
        print_json(asdict(found))
        return
    print_table(("what", "here"), _rows(found))
    if found.skipped:
        say("")
        print_table(("skipped", "reason"), [(item.name, item.reason) for item in found.skipped[: 2 * _SHOWN]])
        if len(found.skipped) > 2 * _SHOWN:
            say(f"and {len(found.skipped) - 2 * _SHOWN:,} more; --json lists all")
    say("")
    if found.plan is None:
        say(f"Training would stop: {found.fault}.")
    else:
        print_table(("training", ""), _planned(found.plan))
        for notice in found.plan.notices:
            say(f"Note: {notice}.")


def cache(
    clear: Annotated[
        bool, option(None, "Remove all packed images; they are packed again when needed.", "--clear")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the content of the cache: packed images and downloaded data sets.

    Large folders and archives are decoded once and packed there. ISTHMUS_CACHE sets its folder, and
    ISTHMUS_CACHE_LIMIT (50GiB) the maximum size of packed images.

    Example:

      isthmus cache --clear
    """
    from isthmus.data.decode.cache import cache_folder, cached
    from isthmus.data.decode.cache import clear as clear_packs

    freed = clear_packs() if clear else 0
    items = cached()
    if as_json:
        listed = [{"what": item.what, "path": str(item.path), "bytes": item.bytes} for item in items]
        print_json({"folder": str(cache_folder()), "freed_bytes": freed, "items": listed})
        return
    if clear:
        say(f"{spell_bytes(freed)} of packed images removed from {cache_folder()}")
    if items:
        print_table(
            ("size", "folder", "what"),
            [(spell_bytes(item.bytes), str(Path(*item.path.parts[-2:])), item.what) for item in items],
            title=None if clear else f"{cache_folder()}:",
        )
    elif not clear:
        say(f"{cache_folder()} is empty")


def _rows(found: "Inspection") -> list[tuple[str, str]]:
    total = found.images + len(found.skipped)
    rows = [
        ("data", f"{found.name}, {found.kind}"),
        ("images", f"{found.images:,}, {spell_bytes(found.source_bytes)}"),
    ]
    if found.skipped:
        rows.append(("skipped", f"{len(found.skipped):,} of {total:,}"))
    if found.repeated:
        more = f" and {len(found.repeated) - _SHOWN:,} more" if len(found.repeated) > _SHOWN else ""
        links = f"{', '.join(found.repeated[:_SHOWN])}{more}"
        rows.append((f"links ({len(found.repeated):,})", f"{links}: folders that are read already, not read again"))
    if found.other_files:
        rows.append(("other files", f"{found.other_files:,}, ignored"))
    rows += [
        (f"sizes ({len(found.sizes):,})" if len(found.sizes) > 1 else "size", _listed(found.sizes)),
        ("channels", _listed(found.channels)),
    ]
    if found.formats:
        rows.append(("formats", _listed(found.formats)))
    if found.splits:
        rows.append(("splits", _listed(found.splits)))
    if found.classes:
        rows.append((f"classes ({len(found.classes):,})", _listed(found.classes)))
    else:
        rows.append(("classes", "none"))
    rows.append(("duplicates", f"{found.copies:,} equal to an earlier image" if found.copies else "none"))
    if found.in_both_splits:
        rows.append(("", f"{found.in_both_splits:,} are in train and in test; training removes them from train"))
    return rows


def _planned(plan: "Plan") -> list[tuple[str, str]]:
    about = "" if plan.exact else "about "
    where = "memory" if plan.place == "memory" else "cache"
    ready = ", already packed" if plan.already_packed else ", packed once" if plan.place == "cache" else ""
    made = "unchanged" if plan.preprocessing is None else str(plan.preprocessing)
    return [
        ("images become", made),
        ("recipe", plan.recipe),
        ("training images", f"{about}{plan.train:,}"),
        ("validation images", f"{about}{plan.validation:,}"),
        ("test images", f"{about}{plan.test:,}"),
        (where, f"{spell_bytes(plan.bytes)}{ready}"),
    ]


def _listed(counts: dict[str, int]) -> str:
    if len(counts) == 1:
        return next(iter(counts))
    shown = list(counts.items())[:_SHOWN]
    rest = sum(counts.values()) - sum(count for _, count in shown)
    text = ", ".join(f"{name} ({count:,})" for name, count in shown)
    return text + (f", and {len(counts) - _SHOWN:,} others ({rest:,})" if len(counts) > _SHOWN else "")
