"""Films: the same images through a model as it learns, a frame for each epoch."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from isthmus.errors import UsageError
from isthmus.plots.checks import Images, as_images, known_suffix
from isthmus.storage import atomic_file

FORMATS = ("gif", "webp", "mp4")
FRAMES_PER_SECOND = 10
_PALETTE_FRAMES = 16


def save_film(
    frames: Sequence[ArrayLike] | NDArray[np.uint8],
    path: Path | str,
    *,
    captions: Sequence[str] | None = None,
    seconds: float = 0.4,
    last_seconds: float = 2.0,
) -> Path:
    """Write frames as a film that starts over, in the format of the path's suffix: gif, webp (without loss) or mp4.

    A grey film's GIF has every pixel exactly; a colour film's has the best 256 colours of all frames together.

    Args:
        frames: uint8 `(t, H, W, c)`, or a sequence of `(H, W, c)`, such as sheets made by `tile`: before training, then
            after each epoch.
        path: The file; missing folders are made, an existing file is replaced.
        captions: The caption of each frame; by default "before training", "epoch 1" and so on.  Empty for none.
        seconds: The duration of a frame.
        last_seconds: The duration of the last frame.

    Raises:
        UsageError: If frames and captions do not fit each other, the format is another, or mp4 has no encoder here.
        StorageError: If the place cannot be written to.
    """
    path = Path(path)
    suffix = known_suffix(path, FORMATS)
    if suffix == "mp4":
        _require_encoder()
    images = _rgb(frames)
    if seconds <= 0 or last_seconds <= 0:
        raise UsageError(
            f"expected frames to last more than 0 seconds; got {seconds} and {last_seconds}. Try 0.4 and 2."
        )
    if captions is None:
        captions = ["before training", *(f"epoch {epoch}" for epoch in range(1, len(images)))]
    if captions and len(captions) != len(images):
        raise UsageError(
            f"expected {len(images)} captions, one for each frame; got {len(captions)}. Caption all or none."
        )
    if captions:
        images = np.stack([_captioned(image, caption) for image, caption in zip(images, captions, strict=True)])
    durations = [seconds] * (len(images) - 1) + [last_seconds]
    write = {"gif": _write_gif, "webp": _write_webp, "mp4": _write_mp4}[suffix]
    with atomic_file(path) as temporary:
        write(images, durations, temporary)
    return path


def _require_encoder() -> None:
    if importlib.util.find_spec("imageio") is None or importlib.util.find_spec("imageio_ffmpeg") is None:
        raise UsageError(
            "expected imageio with ffmpeg to write mp4; it is not installed. "
            "Install it with `pip install 'isthmus[video]'`, or write .gif or .webp."
        )


def _rgb(frames: Sequence[ArrayLike] | NDArray[np.uint8]) -> Images:
    shapes = {np.shape(frame) for frame in frames}
    if len(shapes) > 1:
        raise UsageError(f"expected frames of one shape; got {sorted(shapes)}. Make every sheet of the same images.")
    images = as_images(np.asarray(frames), "frames")
    if images.shape[3] == 4:
        raise UsageError(
            "expected frames of 1 or 3 channels; got 4. Films have no transparency: make sheets with `tile`."
        )
    return images.repeat(3, axis=3) if images.shape[3] == 1 else images


def _captioned(image: NDArray[np.uint8], caption: str) -> NDArray[np.uint8]:
    """Write a caption under one RGB frame `(H, W, 3)`, on the colour of the frame's corner."""
    height, width = image.shape[:2]
    size = max(11, round(width / 26))
    band = 2 * size
    corner = image[0, 0]
    # Grey ink keeps a grey film grey.
    ink = 70 if corner.mean() > 127 else 200
    canvas = Image.new("RGB", (width, height + band), tuple(corner.tolist()))
    canvas.paste(Image.fromarray(np.ascontiguousarray(image)), (0, 0))
    ImageDraw.Draw(canvas).text(
        (width / 2, height + band / 2 - size / 8),
        caption,
        fill=(ink, ink, ink),
        font=ImageFont.load_default(size),
        anchor="mm",
    )
    return np.asarray(canvas)


def _write_gif(images: Images, durations: list[float], path: Path) -> None:
    if (images == images[..., :1]).all():
        frames = [Image.fromarray(np.ascontiguousarray(image[..., 0])) for image in images]
    else:
        # One palette for all frames: with one for each, still parts would flicker.
        chosen = np.linspace(0, len(images) - 1, min(len(images), _PALETTE_FRAMES)).astype(int)
        palette = Image.fromarray(images[chosen].reshape(-1, images.shape[2], 3)).quantize(256)
        frames = [Image.fromarray(image).quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    frames[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        loop=0,
        duration=[round(1000 * s) for s in durations],
    )


def _write_webp(images: Images, durations: list[float], path: Path) -> None:
    first, *others = (Image.fromarray(image) for image in images)
    first.save(
        path, format="WEBP", save_all=True, append_images=others, loop=0, lossless=True,
        duration=[round(1000 * s) for s in durations],
    )  # fmt: skip


def _write_mp4(images: Images, durations: list[float], path: Path) -> None:
    import imageio.v2

    options = {
        "fps": FRAMES_PER_SECOND,
        "codec": "libx264",
        "quality": 9,
        "macro_block_size": 1,
        "pixelformat": "yuv420p",
    }
    with imageio.v2.get_writer(path, format="FFMPEG", mode="I", **options) as writer:
        for frame in repeated_frames(images, durations):
            writer.append_data(frame)


def repeated_frames(images: Images, durations: Sequence[float]) -> list[NDArray[np.uint8]]:
    """Make frames for a video, whose frames all last as long: repeat each for its seconds, at 10 a second.

    Returns:
        uint8 `(H, W, 3)` each, an edge repeated where H or W is odd: H.264 halves the colour's resolution.
    """
    height, width = images.shape[1:3]
    even = np.pad(images, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    repeats = [max(1, round(FRAMES_PER_SECOND * seconds)) for seconds in durations]
    return [frame for frame, times in zip(even, repeats, strict=True) for _ in range(times)]
