"""The page as a file, opened in a browser as a double click opens it."""

import base64
import json
import re
import shutil
from statistics import NormalDist

import numpy as np
import pytest

import isthmus
from isthmus.errors import UsageError
from isthmus.explorer.costs import cost, noise_for
from isthmus.explorer.export.bundle import bundle
from isthmus.explorer.export.page import MOST_SAMPLED, export_page
from isthmus.explorer.images import as_input
from isthmus.explorer.job import BackgroundJob
from isthmus.plots.display import as_displayed
from isthmus.recipes import with_fields
from isthmus.runs import Run, encode
from isthmus.workflows.datasets import open_held_out


def contents(path):
    """What the file was given to show."""
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search('<script type="application/json" id="run">(.*?)</script>', text)[1])


def exported(run, bars, folder, **options):
    made = export_page(run, folder / "page.html", bars, **options)
    assert made.bytes == made.path.stat().st_size
    return made


@pytest.fixture(scope="module")
def files(tiny_run, tiny_ae_run, bars, tmp_path_factory):
    """A page of a VAE and one of a plain autoencoder."""
    return {
        kind: (run, exported(run, bars, tmp_path_factory.mktemp(kind)).path)
        for kind, run in (("vae", tiny_run), ("ae", tiny_ae_run))
    }


def asker(page, path):
    """A function that asks the model of an exported page: JavaScript in, values out."""
    plain = "(value) => JSON.parse(JSON.stringify(value, (_, v) => ArrayBuffer.isView(v) ? Array.from(v) : v))"

    def ask(expression, **given):
        source = f"{bundle('local_model')}\nconst plain = {plain};\nconst model = new $local_model.LocalModel(all.run);"
        body = f"async (all) => {{ {source} const {{ given }} = all; return plain(await model.{expression}); }}"
        return page.evaluate(body, {"run": contents(path), "given": given})

    return ask


@pytest.fixture(params=["vae", "ae"])
def asked(request, files, chromium):
    """A run, and a function that asks the model of its page."""
    run, path = files[request.param]
    page = chromium.new_page()
    yield run, asker(page, path)
    page.close()


def test_decodes_as_the_run_does(asked):
    run, ask = asked
    check_decoding(run, ask)


def check_decoding(run, ask):
    codes = run.sample_codes(40, seed=5)
    found = ask("decode(Float32Array.from(given.codes), 40)", codes=codes.ravel().tolist())
    assert (found["count"], found["height"], found["width"], found["channels"]) == (40, *run.image.shape)
    difference = np.abs(np.array(found["pixels"]) - as_displayed(run.decode(codes)).ravel().astype(int))
    assert difference.max() <= 1
    assert difference.mean() < 0.01


def test_encodes_and_counts_nats_as_the_server_does(asked, bars):
    run, ask = asked
    images = bars[0][::30]
    found = ask("encode(Uint8Array.from(given.pixels), 4)", pixels=images.ravel().tolist())
    expected = cost(run, images, noise_for(run))
    np.testing.assert_allclose(found["mean"], expected.mean.ravel(), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["distortion"], expected.distortion, rtol=1e-5)
    if run.latent.has_rate:
        np.testing.assert_allclose(found["logVariance"], expected.log_variance.ravel(), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(found["rate"], expected.rate, rtol=1e-4)
    else:
        assert found["logVariance"] is None
        assert found["rate"] == [0, 0, 0, 0]


def test_has_the_points_and_their_images(asked, bars):
    run, ask = asked
    points = ask("points()")
    found = open_held_out(run, bars, training_too=True)
    assert points["what"] == found.what
    images = found.images.read(np.arange(len(found.images)))
    codes = run.encode(images)["mean"]
    np.testing.assert_array_equal(np.array(points["codes"], np.float32), codes.ravel())
    assert points["labels"] == found.images.labels.tolist()
    assert points["names"] == list(found.images.names)
    found = ask("pointImages(Int32Array.of(7, 0))")
    np.testing.assert_array_equal(found["pixels"], images[[7, 0]].ravel())
    near = ask("neighbours(Float32Array.from(given.code), 3)", code=codes[9].tolist())
    distances = np.linalg.norm(codes.astype(float) - codes[9], axis=1)
    assert near["indices"] == np.argsort(distances, kind="stable")[:3].tolist()
    np.testing.assert_allclose(near["distances"], np.sort(distances)[:3], atol=1e-5)
    assert len(ask("distortions()")) == len(images)
    plane = ask(f"projection('{ask('describe()')['projections'][0]}')")
    axes, centre = np.array(plane["axes"]).reshape(2, -1), np.array(plane["centre"])
    np.testing.assert_allclose(np.stack([plane["x"], plane["y"]], 1), (codes - centre) @ axes.T, atol=1e-4)


def test_points_without_distortions_are_points_all_the_same(tiny_run, bars, tmp_path, monkeypatch):
    monkeypatch.setattr("isthmus.explorer.service.measure_distortions", lambda run, cloud, work: 1 // 0)
    made = exported(tiny_run, bars, tmp_path)
    run = contents(made.path)
    assert len(run["points"]["names"]) == made.points > 0
    assert run["points"]["distortion"] is None
    assert not run["about"]["capabilities"]["distortions"]


def test_samples_are_the_model_s_own(asked):
    run, ask = asked
    one = np.array(ask("sample(5, 1, 3)")).reshape(5, -1)
    drawn = run.sample_codes(MOST_SAMPLED, run.class_names[1])
    np.testing.assert_allclose(one, drawn[3:8], atol=1e-6)
    assert ask("sample(5, 1, 3)") == one.ravel().tolist()
    assert len(ask("sample(2, null, 2147483647)")) == 2 * run.recipe.latent.dim


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"pixels.dtype": "float32", "likelihood": "gaussian", "likelihood.scale": "shared"},
        {"likelihood": "laplace", "likelihood.scale": "per-pixel"},
        {"likelihood": "logistic", "likelihood.scale": "shared"},
        {"likelihood": "logistic", "likelihood.components": 3},
        {"pixels.binarise": "stochastic", "network": "dense", "network.units": [8]},
    ],
)
def test_other_pixels_and_likelihoods(tiny_recipe, bars, tmp_path, chromium, changes):
    recipe = with_fields(tiny_recipe, {"pixels.binarise": "none", "training.epochs": 1, **changes})
    run = isthmus.train(bars, recipe, tmp_path / "run", report=False)
    page = chromium.new_page()
    ask = asker(page, exported(run, bars, tmp_path).path)
    check_decoding(run, ask)
    pixels = bars[0][::30]
    found = ask("encode(Uint8Array.from(given.pixels), 4)", pixels=pixels.ravel().tolist())
    expected = cost(run, as_input(run, pixels), noise_for(run))
    np.testing.assert_allclose(found["mean"], expected.mean.ravel(), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["distortion"], expected.distortion, rtol=1e-4)
    page.close()


# The page itself.


@pytest.mark.slow
def test_under_a_learned_prior_nothing_is_encoded_and_rates_are_the_run_s(tiny_recipe, bars, tmp_path):
    """The page knows the closed form of a standard normal prior alone, and would count wrong nats."""
    recipe = with_fields(tiny_recipe, {"prior": "mixture", "prior.components": 2, "training.epochs": 1})
    run = isthmus.train(bars, recipe, tmp_path / "run", report=False)
    made = contents(exported(run, bars, tmp_path).path)
    assert not made["about"]["capabilities"]["encode"]
    assert not made["about"]["hasStandardPrior"]
    rates = np.frombuffer(base64.b64decode(made["points"]["rate"]), "<f4")
    np.testing.assert_allclose(rates, encode(run, open_held_out(run, bars).images).rate, rtol=1e-4)
    sampled = np.frombuffer(base64.b64decode(made["samples"]["all"]), "<f4").reshape(-1, recipe.latent.dim)
    np.testing.assert_allclose(sampled[:4], run.sample_codes(len(sampled))[:4], atol=1e-6)


@pytest.fixture(params=["vae", "ae"])
def opened(request, files, chromium):
    """A page that was opened from its file, and what it asked for."""
    run, path = files[request.param]
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    asked, faults = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    page.wait_for_selector("#stage[aria-busy=false]")
    yield run, page
    assert asked == [path.as_uri()]
    assert faults == []
    page.close()


def eventually(page, check):
    """What a check gives once it passes: the page takes its time, and a slow machine more of it."""
    for _ in range(200):
        try:
            return check()
        except AssertionError:
            page.wait_for_timeout(200)
    return check()


def image_of(page, canvas="decoded"):
    return page.evaluate(
        """(id) => {
          const canvas = document.getElementById(id);
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return Array.from(data.filter((_, i) => i % 4 === 0));
        }""",
        canvas,
    )


def shown(run, page, other_than=None):
    """The code in the page's address: another than before, and the image is what the run decodes it to."""
    found = re.search("z=([^&]*)", page.url)
    assert found
    code = np.frombuffer(base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)), "<f4")
    assert other_than is None or not np.allclose(code, other_than)
    expected = run.decode(code[None])[0, ..., 0].ravel().astype(int)
    np.testing.assert_allclose(image_of(page), expected, atol=1)
    return code


def code_of(run, page, other_than=None):
    """The same, once it is so."""
    return eventually(page, lambda: shown(run, page, other_than))


def test_sliders_move_the_image(opened):
    run, page = opened
    before = code_of(run, page)
    slider = page.locator("#panel-dimensions input[type=range]").first
    slider.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    after = code_of(run, page, other_than=before)
    assert (before != after).sum() == 1


def test_dragging_over_the_points_decodes(opened):
    run, page = opened
    before = code_of(run, page)
    box = page.locator("#stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.3, steps=8)
    page.mouse.up()
    code_of(run, page, other_than=before)


def test_an_interpolation_plays(opened):
    run, page = opened
    page.get_by_role("tab", name="Interpolation").click()
    page.get_by_role("button", name="Play").click()
    seen = set()

    def check():
        seen.add(tuple(image_of(page)))
        assert len(seen) >= 4

    eventually(page, check)
    page.get_by_role("button", name="Pause").click()
    code_of(run, page)


def test_the_manifold_is_that_of_the_run(opened):
    run, page = opened
    tab = page.get_by_role("tab", name="Manifold")
    if not run.latent.has_rate:
        assert tab.count() == 0
        return
    tab.click()
    canvas = page.locator("canvas.manifold")
    size = [18 * run.image.width, 18 * run.image.height]
    page.wait_for_function(
        "([width, height]) => { const c = document.querySelector('canvas.manifold');"
        " return c.width === width && c.height === height; }",
        arg=size,
    )
    before, box = code_of(run, page), canvas.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    expected = [NormalDist().inv_cdf(0.5 / 18 + 0.25 * 17 / 18), 0.0]
    np.testing.assert_allclose(code_of(run, page, other_than=before), expected, atol=0.1)


def test_a_drawing_is_encoded(opened):
    run, page = opened
    page.get_by_role("tab", name="Draw").click()
    before, box = code_of(run, page), page.locator("canvas.pad").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5, steps=6)
    page.mouse.up()

    def check():
        code = shown(run, page, other_than=before)
        drawn = np.array(image_of(page, "original"), np.uint8).reshape(1, *run.image.shape)
        np.testing.assert_allclose(code, run.encode(drawn)["mean"][0], rtol=1e-3, atol=1e-3)

    eventually(page, check)


def test_new_images_of_a_class(opened):
    run, page = opened
    before = code_of(run, page)
    page.get_by_role("tab", name="Similar").click()
    page.get_by_role("button", name=f"A new image of class {run.class_names[2]}").click()
    code = code_of(run, page, other_than=before)
    drawn = run.sample_codes(MOST_SAMPLED, run.class_names[2])
    assert np.abs(drawn - code).max(axis=1).min() < 1e-5


# The file.


def test_holds_no_place_of_this_machine(files, tmp_path):
    for run, path in files.values():
        text = path.read_text(encoding="utf-8")
        assert str(run.path.parent) not in text
        assert str(tmp_path.parent) not in text
        assert run.path.name in text


def test_a_folder_of_images_goes_by_its_last_name(tiny_run, bars, tmp_path):
    np.savez(tmp_path / "secret of mine.npz", images=bars[0], labels=bars[1])
    made = exported(tiny_run, str(tmp_path / "secret of mine.npz"), tmp_path)
    assert contents(made.path)["points"]["what"] == "test images of secret of mine"
    assert str(tmp_path) not in made.path.read_text(encoding="utf-8")


def test_takes_as_many_images_as_it_is_told_and_as_fit(tiny_run, bars, tmp_path, monkeypatch):
    assert exported(tiny_run, bars, tmp_path, images=9).points == 9
    monkeypatch.setattr("isthmus.explorer.export.page.MOST_NUMBERS", 10 * 120)
    (tmp_path / "page.html").unlink()
    made = exported(tiny_run, bars, tmp_path, images=50)
    assert made.points == 10
    assert made.note == "It has 10 images instead of 50: more of this size would make it too large."


def test_without_images_there_is_a_page_all_the_same(tiny_run, copied_run, tmp_path, chromium):
    made = export_page(isthmus.load(copied_run), tmp_path / "page.html")
    assert made.points == 0
    assert "It has no images" in made.note
    page = chromium.new_page()
    page.goto(made.path.as_uri())
    page.wait_for_selector("html[data-ready]")
    code_of(tiny_run, page)
    assert "made without images" in page.locator("#toolbar").inner_text()
    page.close()


def test_large_weights_are_halved_where_nobody_sees_it(tiny_run, bars, tmp_path, monkeypatch):
    full = exported(tiny_run, bars, tmp_path)
    assert full.precision == "float32"
    monkeypatch.setattr("isthmus.explorer.export.page.LARGE_BYTES", 100)
    made = export_page(tiny_run, tmp_path / "half.html", bars)
    assert made.precision == "float16"
    assert made.bytes < full.bytes
    # Where an image would change, they stay.
    decode = Run.decode
    monkeypatch.setattr(Run, "decode", lambda run, codes: decode(run, codes) // 2)
    assert export_page(tiny_run, tmp_path / "full.html", bars).precision == "float32"


def test_refuses_what_cannot_be(tiny_run, bars, tmp_path):
    with pytest.raises(UsageError, match=r"end in \.html; got 'page\.png'"):
        export_page(tiny_run, tmp_path / "page.png", bars)
    (tmp_path / "page.html").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        export_page(tiny_run, tmp_path / "page.html", bars)
    assert (tmp_path / "page.html").read_text() == "mine"


def test_a_run_that_moved_is_exported_from_where_it_is(tiny_run, bars, tmp_path):
    there = shutil.copytree(tiny_run.path, tmp_path / "elsewhere")
    assert contents(exported(isthmus.load(there), bars, tmp_path).path)["about"]["name"] == "elsewhere"


def test_ctrl_c_ends_the_work_in_the_background(tiny_run, bars, tmp_path, monkeypatch):
    """Else a thread amid native code is unwound as Python ends, which aborts the process."""
    wait, begun = BackgroundJob.wait, []

    def press(work, seconds=None):
        if not begun:
            begun.append(work)
            raise KeyboardInterrupt
        return wait(work, seconds)

    monkeypatch.setattr(BackgroundJob, "wait", press)
    with pytest.raises(KeyboardInterrupt):
        export_page(tiny_run, tmp_path / "page.html", bars)
    assert begun[0]._stop.is_set()
    assert not begun[0].is_running
    assert not (tmp_path / "page.html").exists()


def test_shows_the_channels_that_the_explorer_shows(bands_run, bands, chromium, tmp_path):
    page = chromium.new_page()
    ask = asker(page, exported(bands_run, bands, tmp_path).path)
    codes = bands_run.encode(bands[:4])["mean"]
    found = ask("decode(Float32Array.from(given.codes), 4)", codes=codes.ravel().tolist())
    expected = bands_run.decode(codes)[..., :3].ravel().astype(int)
    assert np.abs(np.array(found["pixels"]) - expected).max() <= 1
    page.close()
