"""`isthmus decompress`, `list` and `verify`: the images of an archive."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.console import print_json, say
from isthmus.cli.options import AsJson, Threads, option
from isthmus.wording import spell_bytes, spell_count

if TYPE_CHECKING:
    from isthmus.codec import Damage

ArchivePath = Annotated[Path, typer.Argument(metavar="FILE.isth", help="The archive.")]
OwnRun = Annotated[Path | None, option("RUN", "The run that wrote the archive, if no model is embedded.", "--run")]


def decompress(
    archive: ArchivePath,
    out: Annotated[Path, option("DIR|FILE.npy", "A folder of files, or one array; must not exist.")],
    run: OwnRun = None,
    only: Annotated[list[str] | None, option("NAME|NUMBER", "Only this image. Repeatable.", "--only")] = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Write the images of an archive to files, under their names.

    If a part is damaged, all others are written, and the exit status is 1.

    Examples:

      isthmus decompress scans.isth --run runs/digits --out scans

      isthmus decompress mnist.isth --out images.npy
    """
    from isthmus.runs import load
    from isthmus.workflows.decompression import decompress as work

    done = work(archive, out, None if run is None else load(run), only=only or (), threads=threads)
    if as_json:
        print_json(
            {
                "images": done.count,
                "out": str(out),
                "renamed": [{"name": name, "path": path} for name, path in done.renamed],
                "damage": [str(damage) for damage in done.damage],
            }
        )
    else:
        say(f"{spell_count(done.count, 'image')} in {out}")
        for name, path in done.renamed[:5]:
            say(f"  {name!r:.200} was written as {path!r:.200}: the name exists already, or is not valid for a file")
        if len(done.renamed) > 5:
            say(f"  and {len(done.renamed) - 5} more have other names; --json lists all of them")
    _report_damage(done.damage, as_json)


def list_images(archive: ArchivePath, as_json: AsJson = False) -> None:
    """List the images of an archive, without decoding it.

    Example:

      isthmus list scans.isth
    """
    from isthmus.workflows.archives import LossyListing, list_archive

    found = list_archive(archive)
    if isinstance(found, LossyListing):
        if as_json:
            print_json(
                {"lossy": True, "model": found.model, "bytes": found.size, "images": [{"name": n} for n in found.names]}
            )
        else:
            say(
                f"{archive}: {spell_count(len(found.names), 'image')} as quantised codes, "
                f"{spell_bytes(found.size)}; made with decoder {found.model}"
            )
            for name in found.names:
                say(name)
        return
    height, width, channels = found.shape
    shapes = ["file" if shape is None else f"{shape[1]}x{shape[0]}x{shape[2]}" for shape in found.shapes]
    if as_json:
        print_json(
            {
                "lossy": False,
                "run": found.run_name,
                "model": found.model,
                "model_inside": found.embedded,
                "image": list(found.shape),
                "bytes": found.size,
                "chunks": found.chunks,
                "coded": found.coded,
                "images": [{"name": name, "is": shape} for name, shape in zip(found.names, shapes, strict=True)],
                "damage": [str(damage) for damage in found.damage],
            }
        )
    else:
        say(
            f"{archive}: {spell_count(len(found.names), 'image')} in {spell_count(found.chunks, 'chunk')}, "
            f"{spell_bytes(found.size)}; {found.coded:,} of them coded as {width}x{height}x{channels} by run "
            f"{found.run_name!r}, model {found.model[:12]} ({'embedded' if found.embedded else 'not embedded'})"
        )
        for name, shape in zip(found.names, shapes, strict=True):
            say(f"{name}  {shape}")
    _report_damage(found.damage, as_json)


def verify(archive: ArchivePath, run: OwnRun = None, threads: Threads = None, as_json: AsJson = False) -> None:
    """Verify an archive: every checksum and, if the model is available, every pixel.

    Without the model only checksums are verified, and the output says so. The exit status is 1 if anything is damaged.

    Example:

      isthmus verify scans.isth --run runs/digits
    """
    from isthmus.runs import load
    from isthmus.workflows.archives import verify as work

    done = work(archive, None if run is None else load(run), threads)
    if as_json:
        print_json({"images": done.count, "decoded": done.decoded, "damage": [str(damage) for damage in done.damage]})
    else:
        images = spell_count(done.count, "image")
        checked = f"every pixel of {images} is verified" if done.decoded else f"the checksums of {images} are correct"
        say(f"{archive}: {checked}{', but others are damaged' if done.damage else ''}")
        if not done.decoded:
            say("  Their pixels were not decoded: the model is missing. Pass the run that wrote the archive: --run RUN")
    _report_damage(done.damage, as_json)


def _report_damage(damage: "tuple[Damage, ...]", as_json: bool) -> None:
    if not damage:
        return
    if not as_json:
        from isthmus.progress import tell

        for part in damage[:20]:
            tell(f"isthmus: damaged: {part}")
        if len(damage) > 20:
            tell(f"isthmus: and {len(damage) - 20} more")
    raise typer.Exit(1)
