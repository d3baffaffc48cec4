"""Measure the bits per pixel and the speed of lossless compression, beside other codecs.

    python benchmarks/compression.py runs/dense mnist --threshold
    python benchmarks/compression.py runs/grey fashion-mnist --threads 1

Net bits are those of the images alone; gross bits count everything in the archive except the model. The archive is
decoded again, and every pixel compared.
"""

import argparse
import json
import math
import os
import tempfile
import time
from pathlib import Path

import numpy as np

import isthmus
from isthmus.codec import model_of
from isthmus.data import as_source, open_images
from isthmus.scores import score
from isthmus.workflows.baseline_codecs import bits_by_codec
from isthmus.workflows.compression import compress
from isthmus.workflows.decompression import decompress


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("data")
    parser.add_argument("--images", type=int, help="of the data; by default all")
    parser.add_argument("--threshold", action="store_true", help="make them black and white first")
    parser.add_argument("--threads", type=int, help="chunks at once; by default one on each core")
    parser.add_argument("--no-others", action="store_true", help="leave the other codecs out")
    options = parser.parse_args()
    run = isthmus.load(options.run)
    model = model_of(run)
    images = open_images(options.data)
    source = images.test or images.train
    pixels = source.read(np.arange(options.images or len(source)))
    if options.threshold:
        pixels = model.binarised(pixels)
    report: dict[str, object] = {"load_before": os.getloadavg()[0], "images": len(pixels)}
    elbo = score(run, as_source(pixels)).elbo
    report["elbo_bits"] = round(float(-elbo.mean()) / math.log(2) / model.dims, 5)
    report["elbo_bits_standard_error"] = round(float(elbo.std() / len(elbo) ** 0.5) / math.log(2) / model.dims, 5)
    with tempfile.TemporaryDirectory() as folder:
        archive, back = Path(folder) / "x.isth", Path(folder) / "x.npy"
        begun = time.perf_counter()
        done = compress(run, pixels, archive, embed=False, threads=options.threads)
        packed = time.perf_counter()
        decompress(archive, back, run, threads=options.threads)
        unpacked = time.perf_counter()
        report["exact"] = bool((np.load(back) == pixels).all())
        tally = done.tally
        gross = 8 * done.size / pixels.size
        report |= {
            "coded": tally.coded,
            "net_bits": round((tally.coded_bits - tally.initial_bits) / max(tally.coded_numbers, 1), 5),
            "gross_bits": round(gross, 5),
            "gross_bits_with_model": round(gross + 8 * done.model_bytes / pixels.size, 5),
            "model_bytes": done.model_bytes,
            "compressed_a_second": round(len(pixels) / (packed - begun)),
            "decompressed_a_second": round(len(pixels) / (unpacked - packed)),
        }
    if not options.no_others:
        others = bits_by_codec(pixels)
        report["others"] = {name: [bits and round(bits, 5) for bits in both] for name, both in others.items()}
        best = min(bits for both in others.values() for bits in both if bits is not None)
        saved = (best - gross) * model.dims / 8
        report["pays_from_images"] = math.ceil(done.model_bytes / saved) if saved > 0 else None
    print(json.dumps(report))


if __name__ == "__main__":
    main()
