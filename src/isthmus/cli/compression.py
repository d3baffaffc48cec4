"""`isthmus compress`: images into an archive."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from isthmus.cli.console import print_json, print_table, say
from isthmus.cli.options import AsJson, DataName, RunPath, Threads, option
from isthmus.wording import spell_bytes, spell_count, spell_seconds

if TYPE_CHECKING:
    from isthmus.runs import Run
    from isthmus.workflows.baseline_codecs import CodecSizes
    from isthmus.workflows.compression import Compressed


def compress(
    run: RunPath,
    data: DataName,
    out: Annotated[Path, option("FILE.isth", "The archive to write; must not exist.")],
    threshold: Annotated[
        bool, option(None, "Binarise images first; decompress writes the binarised images.", "--threshold")
    ] = False,
    embed_model: Annotated[
        bool,
        option(
            None,
            "Whether to embed the model in the archive. Without it, reading needs the run as it is now.",
            "--embed-model/--no-embed-model",
        ),
    ] = True,
    append: Annotated[bool, option(None, "Add to the archive, which must exist.", "--append")] = False,
    chunk_images: Annotated[
        int, option("N", "Images per chunk; damage may lose all images of its chunk.", min=1)
    ] = 2000,
    compare: Annotated[bool, option(None, "Compare with PNG, WebP, xz and others.", "--compare")] = False,
    threads: Threads = None,
    lossy: Annotated[
        bool, option(None, "Store only quantised codes: far smaller, but images come back approximately.", "--lossy")
    ] = False,
    quality: Annotated[
        int | None, option("1..100", "With --lossy, the fineness of the quantisation; 50 by default.", min=1, max=100)
    ] = None,
    bytes_per_image: Annotated[
        float | None, option("BYTES", "With --lossy, instead of a quality: the maximum size of the file, per image.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compress images without loss: decompression gives the same pixels, on any machine.

    Images of the run's shape are coded by its model, unless their files are smaller. Those files, and files of any
    other kind, are stored byte by byte. The model is embedded in the archive, so nothing else is needed to read it.
    Floats must be multiples of 1/255. Of a data set with test images only those are compressed; NAME:train selects
    the others. With --lossy all images are fitted to the run's shape, and decompression gives reconstructions.

    Examples:

      isthmus compress runs/digits scans --out scans.isth

      isthmus compress runs/digits mnist --threshold --compare --out mnist.isth

      isthmus compress runs/digits mnist --lossy --bytes-per-image 8 --out small.isth
    """
    from isthmus.runs import load

    _require_one_kind(
        lossy,
        {"--quality": quality is not None, "--bytes-per-image": bytes_per_image is not None},
        {"--threshold": threshold, "--no-embed-model": not embed_model, "--append": append, "--compare": compare},
    )
    if lossy:
        _compress_lossy(load(run), data, out, quality, bytes_per_image, as_json)
        return
    from isthmus.workflows.compression import compress as work

    opened = load(run)
    done = work(
        opened,
        data,
        out,
        threshold=threshold,
        embed=embed_model,
        append=append,
        chunk_images=chunk_images,
        threads=threads,
    )
    compared: CodecSizes | None = None
    if compare:
        from isthmus.codec import model_of
        from isthmus.workflows.baseline_codecs import compare_with

        compared = compare_with(model_of(opened), data, threshold)
    if as_json:
        others = {} if compared is None else {"others": compared.bits, "compared": compared.images}
        print_json({**_metrics(done), **others})
    else:
        _print_summary(done)
        if compared is not None:
            _print_comparison(done, compared)


def _compress_lossy(
    run: "Run", data: str, out: Path, quality: int | None, bytes_per_image: float | None, as_json: bool
) -> None:
    from isthmus.workflows.compression import compress_lossy

    done = compress_lossy(run, data, out, quality, bytes_per_image)
    if as_json:
        print_json(
            {
                "images": done.count,
                "bytes": done.size,
                "bytes_per_image": done.bytes_per_image,
                "quality": done.quality,
                "out": str(done.path),
            }
        )
    else:
        say(
            f"{done.path}: {spell_count(done.count, 'image')} in {spell_bytes(done.size)}, "
            f"{done.bytes_per_image:.2f} bytes each; quality {done.quality}"
        )


def _require_one_kind(lossy: bool, only_lossy: dict[str, bool], only_lossless: dict[str, bool]) -> None:
    from isthmus.errors import UsageError

    for flag, used in (only_lossless if lossy else only_lossy).items():
        if used:
            raise UsageError(f"{flag} {'cannot be used with' if lossy else 'needs'} --lossy")


def _metrics(done: "Compressed") -> dict[str, Any]:
    tally, size = done.tally, done.size - (done.model_bytes if done.embedded else 0)
    metrics: dict[str, Any] = {
        "images": tally.images,
        "images_in_archive": done.images,
        "coded": tally.coded,
        "without_the_model": tally.images - tally.coded,
        "poorly_modelled": tally.poor,
        "smaller_as_files": tally.smaller,
        "bytes": done.size,
        "model_bytes": done.model_bytes,
        "model_inside": done.embedded,
        "seconds": round(done.seconds, 2),
        "out": str(done.path),
        "notes": list(done.notes),
    }
    if tally.coded_numbers:
        metrics["net_bits_per_number"] = (tally.coded_bits - tally.initial_bits) / tally.coded_numbers
    if tally.images == done.images and not tally.files:
        metrics["gross_bits_per_number"] = 8 * size / tally.numbers
        metrics["gross_bits_per_number_with_model"] = 8 * (size + done.model_bytes) / tally.numbers
    return metrics


def _print_summary(done: "Compressed") -> None:
    metrics = _metrics(done)
    images = done.size - (done.model_bytes if done.embedded else 0)
    inside = f", and the model in {spell_bytes(done.model_bytes)}" if done.embedded else ""
    added = f" ({done.tally.images:,} added)" if done.tally.images < done.images else ""
    count = spell_count(done.images, "image")
    say(f"{done.path}: {count}{added} in {spell_bytes(images)}{inside}; {spell_seconds(done.seconds)}")
    bits = []
    if "net_bits_per_number" in metrics:
        bits.append(f"{metrics['net_bits_per_number']:.4f} for the images that the model codes")
    if "gross_bits_per_number" in metrics:
        bits.append(
            f"{metrics['gross_bits_per_number']:.4f} for all, with names, checksums and initial bits, "
            f"{metrics['gross_bits_per_number_with_model']:.4f} with the model of {spell_bytes(done.model_bytes)}"
        )
    if bits:
        say(f"  bits per pixel and channel: {'; '.join(bits)}")
    for note in done.notes:
        say(f"  {note}")


def _print_comparison(done: "Compressed", compared: "CodecSizes") -> None:
    if compared.images < done.tally.images:
        say(f"  only images of the run's shape were compared with other codecs: {compared.images}")
    if compared.bits:
        print_table(
            ("", "bits per pixel, one stream", "image by image"),
            [[name, *("" if v is None else f"{v:.4f}" for v in both)] for name, both in compared.bits.items()],
        )
