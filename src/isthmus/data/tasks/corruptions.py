"""Corruptions of an image: noise, blur, lost detail and clutter, each drawn from a generator.

Every function takes one image, uint8 `(height, width, channels)`, and gives one of that shape.  Alpha is left alone.
"""

import io
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

LEAST_POISSON = 1e-6
"""The least strength of poisson noise, far below what 8 bits show; NumPy could not count the photons for less."""

Image: TypeAlias = NDArray[np.uint8]
Noise: TypeAlias = Literal["gaussian", "poisson", "salt-and-pepper", "speckle", "jpeg"]


def add_noise(image: Image, kind: Noise, strength: float, rng: np.random.Generator) -> Image:
    """Corrupt an image by noise of a strength above 0 and up to 1.

    Args:
        image: The clean image.
        kind: `gaussian`: normal noise of that deviation, brightness from 0 to 1.  `poisson`: photons are counted, so
            many that white has that deviation.  `speckle`: as gaussian, in proportion to the brightness.
            `salt-and-pepper`: that share of the pixels turns white or black.  `jpeg`: saved as a JPEG of quality
            100 x (1 - strength), of which the least is 1.
        strength: As `kind` says.
        rng: Where the draws come from.
    """
    colours, alpha = _apart(image)
    light = colours / 255.0
    noisy: NDArray[np.floating]
    match kind:
        case "gaussian":
            noisy = light + strength * rng.standard_normal(light.shape)
        case "poisson":
            strength = max(strength, LEAST_POISSON)
            noisy = rng.poisson(light / strength**2) * strength**2
        case "speckle":
            noisy = light * (1.0 + strength * rng.standard_normal(light.shape))
        case "salt-and-pepper":
            drawn = rng.random((*light.shape[:2], 1))
            noisy = np.where(drawn < strength, drawn < strength / 2, light)
        case "jpeg":
            noisy = _through_jpeg(colours, round(100 * (1.0 - strength))) / 255.0
    return _together(noisy, alpha)


def blur(image: Image, radius: float, noise: float, rng: np.random.Generator) -> Image:
    """Blur an image by a Gaussian of a deviation in pixels, and add normal noise, brightness from 0 to 1."""
    from scipy.ndimage import gaussian_filter

    colours, alpha = _apart(image)
    soft = gaussian_filter(colours / 255.0, (radius, radius, 0.0))
    return _together(soft + noise * rng.standard_normal(soft.shape), alpha)


def coarsen(image: Image, factor: int) -> Image:
    """Make an image smaller by a factor, and as large again: what is lost stays lost (bicubic both ways)."""
    height, width = image.shape[:2]
    return resized(resized(image, max(1, height // factor), max(1, width // factor)), height, width)


def resized(image: Image, height: int, width: int) -> Image:
    """Resize by Pillow's bicubic filter, channel by channel."""
    from PIL import Image as Pillow

    planes = [
        np.asarray(
            Pillow.fromarray(np.ascontiguousarray(image[..., c])).resize((width, height), Pillow.Resampling.BICUBIC)
        )
        for c in range(image.shape[2])
    ]
    return np.stack(planes, axis=-1)


def clutter(mask: Image, strength: float, rng: np.random.Generator) -> Image:
    """Lay white shapes on black, `(h, w, 1)`, among blotches, lines and noise: at 1 they are hard to see."""
    from scipy.ndimage import gaussian_filter

    height, width, _ = mask.shape
    blotches = gaussian_filter(rng.standard_normal((height, width)), max(height, width) / 16, mode="wrap")
    scene = 0.35 + 0.25 * strength * blotches / (np.abs(blotches).max() + 1e-9)
    for _ in range(round(12 * strength)):  # short bright lines: as bright as the shape, but thin
        y, x = rng.random(2) * (height, width)
        angle, length = rng.random() * 2 * np.pi, rng.uniform(0.1, 0.4) * max(height, width)
        steps = np.linspace(0.0, 1.0, 2 * max(height, width))
        rows = np.clip(y + steps * length * np.sin(angle), 0, height - 1).astype(np.int64)
        columns = np.clip(x + steps * length * np.cos(angle), 0, width - 1).astype(np.int64)
        scene[rows, columns] = rng.uniform(0.5, 0.9)
    shape = mask[..., 0] >= 128
    scene = np.where(shape, rng.uniform(0.65, 0.9), scene)
    scene = gaussian_filter(scene, 0.5) + 0.15 * strength * rng.standard_normal(scene.shape)
    return _together(scene[..., np.newaxis], None)


def _apart(image: Image) -> tuple[Image, Image | None]:
    return (image[..., :3], image[..., 3:]) if image.shape[2] == 4 else (image, None)


def _together(light: NDArray[np.floating], alpha: Image | None) -> Image:
    image = np.rint(np.clip(light, 0.0, 1.0) * 255.0).astype(np.uint8)
    return image if alpha is None else np.concatenate([image, alpha], axis=-1)


def _through_jpeg(image: Image, quality: int) -> Image:
    from PIL import Image as Pillow

    def saved(plane: Image) -> Image:
        file = io.BytesIO()
        Pillow.fromarray(np.ascontiguousarray(plane)).save(file, "JPEG", quality=max(1, quality))
        return np.asarray(Pillow.open(file))

    if image.shape[2] == 3:
        return saved(image)
    return np.stack([saved(image[..., c]) for c in range(image.shape[2])], axis=-1)
