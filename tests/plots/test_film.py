import importlib.util

import numpy as np
import pytest
from PIL import Image

from isthmus.errors import UsageError
from isthmus.plots.film import repeated_frames, save_film
from isthmus.plots.sheets import tile


def sheets(channels=1, count=4):
    images = np.random.default_rng(0).integers(0, 256, (count, 16, 7, 7, channels), dtype=np.uint8)
    return np.stack([tile(one, 4, gap=1, scale=2) for one in images])


def read(path):
    frames, durations = [], []
    with Image.open(path) as film:
        for index in range(film.n_frames):
            film.seek(index)
            film.load()
            frames.append(np.asarray(film.convert("RGB")))
            durations.append(film.info["duration"])
        return np.stack(frames), durations, film.info.get("loop")


@pytest.mark.parametrize(("suffix", "channels"), [("gif", 1), ("webp", 1), ("webp", 3)])
def test_film_has_every_pixel_and_its_times(tmp_path, suffix, channels):
    frames = sheets(channels)
    path = save_film(frames, tmp_path / f"film.{suffix}", seconds=0.3, last_seconds=1.5)
    pictures, durations, loop = read(path)
    assert durations == [300, 300, 300, 1500]
    assert loop == 0
    height, width = frames.shape[1:3]
    np.testing.assert_array_equal(pictures[:, :height, :width], frames)
    # Under each frame is a caption, and no two are the same.
    captions = pictures[:, height:]
    assert captions.shape[1] > 10
    assert len({caption.tobytes() for caption in captions}) == 4
    assert all((caption.min() < 128) and (caption.max() == 255) for caption in captions)


def test_captions_can_be_chosen_or_left_out(tmp_path):
    frames = sheets()
    bare, _, _ = read(save_film(frames, tmp_path / "bare.gif", captions=[]))
    np.testing.assert_array_equal(bare, frames)
    one, _, _ = read(save_film(frames, tmp_path / "one.gif"))
    two, _, _ = read(save_film(frames, tmp_path / "two.gif", captions=["before training", "epoch 1", "epoch 2", "x"]))
    np.testing.assert_array_equal(one[:3], two[:3])
    assert not np.array_equal(one[3], two[3])


def test_caption_follows_a_dark_sheet(tmp_path):
    frames = [tile(np.zeros((4, 9, 9, 1), np.uint8), 2, background=(20, 20, 20), scale=4)] * 2
    pictures, _, _ = read(save_film(frames, tmp_path / "film.webp"))
    band = pictures[0, frames[0].shape[0] :]
    assert band[0, 0].tolist() == [20, 20, 20]
    assert band.max() > 150


def test_colour_gif_has_one_palette_near_the_pixels(tmp_path):
    ramp = np.linspace(0, 255, 40).astype(np.uint8)
    frame = np.zeros((40, 40, 3), np.uint8)
    frame[..., 0], frame[..., 2] = ramp[None], ramp[:, None]
    frames = np.stack([frame, frame[::-1], frame[:, ::-1]])
    pictures, _, _ = read(save_film(frames, tmp_path / "film.gif", captions=[]))
    assert np.abs(pictures.astype(int) - frames).mean() < 8


def test_same_film_is_the_same_bytes(tmp_path):
    one, two = (save_film(sheets(), tmp_path / name).read_bytes() for name in ("one.gif", "two.gif"))
    assert one == two


def test_video_frames_are_held_and_even():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 5, 8, 3), dtype=np.uint8)
    frames = repeated_frames(pictures, [0.4, 0.04, 1.2])
    assert len(frames) == 4 + 1 + 12
    assert {frame.shape for frame in frames} == {(6, 8, 3)}
    for index, source in ((0, 0), (3, 0), (4, 1), (5, 2), (16, 2)):
        np.testing.assert_array_equal(frames[index][:5], pictures[source])


def test_mp4_without_an_encoder_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"isthmus\[video\].*\.gif"):
        save_film(sheets(), tmp_path / "folder" / "film.mp4")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(importlib.util.find_spec("imageio_ffmpeg") is None, reason="isthmus[video] is not installed")
def test_mp4_can_be_read_again(tmp_path):
    import imageio.v2

    frames = [np.full((33, 48, 3), grey, np.uint8) for grey in (40, 200)]
    path = save_film(frames, tmp_path / "film.mp4", captions=[], seconds=0.5, last_seconds=1)
    with imageio.v2.get_reader(path, format="FFMPEG") as reader:
        pictures = np.stack(list(reader))
    assert pictures.shape == (15, 34, 48, 3)
    np.testing.assert_allclose(pictures.mean(axis=(1, 2, 3)), [40] * 5 + [200] * 10, atol=6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"captions": ["a"]}, "4 captions, one for each frame; got 1"),
        ({"seconds": 0}, "more than 0 seconds"),
        ({"path": "film.avi"}, r"\.gif, \.webp, \.mp4; got '\.avi'"),
        ({"frames": [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8)]}, "frames of one shape"),
        ({"frames": np.zeros((2, 4, 4, 4), np.uint8)}, "no transparency"),
        ({"frames": []}, "`frames`"),
    ],
)
def test_bad_films_are_refused(tmp_path, arguments, message):
    arguments = {"frames": sheets(), "path": "film.gif"} | arguments
    with pytest.raises(UsageError, match=message):
        save_film(arguments.pop("frames"), tmp_path / arguments.pop("path"), **arguments)
    assert not list(tmp_path.iterdir())
