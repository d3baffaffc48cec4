"""The page as one file, with a run's networks, points and images, to be opened by a double click."""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from isthmus.data import Data
from isthmus.errors import UsageError
from isthmus.explorer.cloud import Cloud
from isthmus.explorer.costs import noise_for, uniform_for
from isthmus.explorer.export.bundle import one_file
from isthmus.explorer.export.program import Precision
from isthmus.explorer.export.translation import translate
from isthmus.explorer.service import Service
from isthmus.plots.display import as_displayed
from isthmus.runs import Run
from isthmus.runs.folder import read_file
from isthmus.runs.sessions import Session
from isthmus.storage import require_free, write_text

MOST_IMAGES = 2_000
MOST_NUMBERS = 6_000_000
"""The largest number of channel values in the images of all points together."""
LARGE_BYTES = 1_000_000
"""Larger weights are stored in half precision if that changes no image by more than one grey level."""
MOST_SAMPLED, MOST_SAMPLED_NUMBERS = 64, 200_000
"""The largest number of latent codes sampled per label, and of their coordinates altogether."""
PROBES = 64


@dataclass(frozen=True)
class Exported:
    """An exported page.

    Attributes:
        path: The file.
        bytes: Its size.
        points: The number of images in it.
        precision: The precision of the weights.
        note: A remark for the user, such as why there are no images.
    """

    path: Path
    bytes: int
    points: int
    precision: Precision
    note: str = ""


def export_page(run: Run, out: Path, data: Data | None = None, images: int | None = None) -> Exported:
    """Write the explorer's page with the run in it: one file that makes no requests.

    Args:
        run: The run.
        out: The file to write; it must not exist.
        data: Images for the points; by default the run's own test images.
        images: The largest number of points; by default 2,000, and fewer where images are large.

    Raises:
        UsageError: If `out` exists or does not end in `.html`, or the run restores images.
        RunError: If the run's graphs are damaged.
        ExportError: If a graph has an operator that a page cannot run, as that of a custom network may.
        StorageError: If `out` cannot be written.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"expected --export to end in .html; got {out.name!r}.")
    require_free(out)
    count = images or MOST_IMAGES
    most = max(2, min(count, MOST_NUMBERS // run.image.dims))
    service = Service(run, data, most)
    service.start()
    try:
        service.cloud.wait()
        service.distortions.wait()
    finally:  # Ctrl-C must not leave a thread in native code: unwinding it aborts the process
        service.stop()
    codes = run.sample_codes(PROBES)
    graphs = {name: read_file(run.path, entry.file, run.manifest) for name, entry in run.manifest.graphs.items()}
    precision = _precision(run, graphs, codes)
    page = one_file(_contents(run, service, graphs, precision))
    write_text(out, page)
    cloud = service.cloud.result
    note = f"It has no images: {service.cloud.error}" if cloud is None else ""
    if cloud is not None and images is not None and most < images:
        note = f"It has {len(cloud.codes):,} images instead of {images:,}: more of this size would make it too large."
    return Exported(out, len(page.encode()), 0 if cloud is None else len(cloud.codes), precision, note)


def _contents(run: Run, service: Service, graphs: Mapping[str, bytes], precision: Precision) -> dict[str, Any]:
    about = service.describe()
    cloud, distortions = service.cloud.result, service.distortions.result
    about["projections"] = [name for name in service.projections if name != "umap"]
    about["capabilities"]["prepare"] = False
    # The page measures what it encodes, and knows no other rates and distortions than these.
    measurable = run.latent.is_standard_gaussian or not run.latent.has_rate
    likelihood = run.recipe.likelihood
    about["capabilities"]["encode"] &= measurable and likelihood.in_page
    if cloud is None:
        # The reason may name paths of this machine, which the file should not contain.
        about["note"] = "The file was made without images."
    else:
        about["data"]["what"] = _without_folders(cloud.what)
    decoder = translate(graphs["decoder"], ("images", *run.likelihood.parameter_names), "decoder.onnx")
    encoder = translate(graphs["encoder"], run.latent.parameter_names, "encoder.onnx")
    return {
        "about": about,
        "dtype": run.image.dtype,
        "pixels": {"binarise": run.recipe.pixels.binarise, "threshold": run.recipe.pixels.threshold},
        # The graph returns no log scale that the recipe fixes.
        "likelihood": {
            "kind": likelihood.kind,
            "logScale": None if likelihood.fixed_sigma is None else float(np.log(likelihood.fixed_sigma)),
        },
        "decoder": decoder.to_json(precision),
        "encoder": encoder.to_json(precision),
        "uniform": _packed(uniform_for(run.image.shape)) if run.recipe.pixels.binarise == "stochastic" else None,
        "noise": _packed(noise_for(run)),
        "points": None if cloud is None else _points(cloud, distortions),
        "projections": {} if cloud is None else {name: _plane(service, name) for name in about["projections"]},
        "samples": _samples(run),
    }


def _points(cloud: Cloud, distortions: NDArray[np.float32] | None) -> dict[str, Any]:
    source = cloud.source
    images = as_displayed(source.read(np.arange(len(source))))
    return {
        "what": _without_folders(cloud.what),
        "names": list(source.names),
        "labels": None if source.labels is None else _packed(source.labels.astype(np.int32)),
        "codes": _packed(cloud.codes),
        "rate": _packed(cloud.rate.astype(np.float32)),
        "information": _packed(cloud.information[0].astype(np.float32)),
        "distortion": None if distortions is None else _packed(distortions),
        "images": base64.b64encode(zlib.compress(images.tobytes(), 9)).decode("ascii"),
    }


def _plane(service: Service, name: str) -> dict[str, Any]:
    plane = service.projection(name).wait()
    assert plane is not None, "every plane here is linear, and quick"
    assert plane.axes is not None
    assert plane.centre is not None
    return {
        "x": _packed(plane.places[:, 0]),
        "y": _packed(plane.places[:, 1]),
        "axes": _packed(plane.axes),
        "centre": _packed(plane.centre),
        "names": plane.names,
    }


def _samples(run: Run) -> dict[str, Any]:
    """Latent codes sampled here: a page cannot sample from the fitted distributions."""
    labels = run.class_names
    count = max(4, min(MOST_SAMPLED, MOST_SAMPLED_NUMBERS // ((len(labels) + 1) * run.recipe.latent.dim)))
    sampled = []
    for label in labels:
        try:
            sampled.append(_packed(run.sample_codes(count, label)))
        except UsageError:  # none of the training images had it
            sampled.append("")
    return {"all": _packed(run.sample_codes(count)), "labels": sampled}


def _precision(run: Run, graphs: Mapping[str, bytes], codes: NDArray[np.float32]) -> Precision:
    """Half precision if the weights are large and no image changes by more than one of 255 levels; else single."""
    if sum(len(content) for content in graphs.values()) <= LARGE_BYTES:
        return "float32"
    entry = run.manifest.graphs["decoder"]
    halved = Session(_halved(graphs["decoder"]), entry, entry.file)({"latent": codes}, ("images",))["images"]
    difference = np.abs(as_displayed(halved).astype(int) - as_displayed(run.decode(codes)).astype(int)).max()
    return "float16" if difference <= 1 else "float32"


def _halved(graph: bytes) -> bytes:
    """A graph with its weights rounded to half precision."""
    model = onnx.load_model_from_string(graph)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32:
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16).astype(np.float32), tensor.name))
    return bytes(model.SerializeToString())


def _without_folders(what: str) -> str:
    """`test images of cats` for `test images of /home/me/cats`: the file should not contain paths."""
    kind, _, name = what.partition(" of ")
    return f"{kind} of {Path(name).name}"


def _packed(values: NDArray[Any]) -> str:
    """An array as little-endian base64."""
    return base64.b64encode(values.astype(values.dtype.newbyteorder("<")).tobytes()).decode("ascii")
