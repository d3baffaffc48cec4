import json
import multiprocessing
import pickle
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
import safetensors.numpy
from scipy import special, stats

import isthmus
from isthmus.errors import DataError, RunError, UsageError
from isthmus.runs import Run, load
from isthmus.runs.folder import describe_file, read_manifest
from isthmus.storage import write_text


def reseal(folder, name):
    """Make the manifest vouch for a file as it is now."""
    manifest = read_manifest(folder)
    files = {**manifest.files, name: describe_file(folder / name)}
    write_text(folder / "manifest.json", manifest.model_copy(update={"files": files}).to_json())


def bar_of(images):
    """Which third of each image is brightest."""
    return images.reshape(len(images), 3, -1).mean(axis=2).argmax(axis=1)


class TestUse:
    def test_knows_what_it_is(self, tiny_run, tiny_recipe):
        run = load(tiny_run.path)
        assert run.recipe == tiny_recipe
        assert run.image.shape == (12, 10, 1)
        assert run.class_names == ("0", "1", "2")
        assert repr(run) == f"<Run {tiny_run.path}: tiny, 10x12x1, 2 latent dimensions>"

    def test_takes_a_path_as_text(self, tiny_run):
        assert load(str(tiny_run.path)).manifest == tiny_run.manifest

    def test_encodes(self, tiny_run, bars):
        posterior = tiny_run.encode(bars[0][:5])
        assert set(posterior) == {"mean", "log_variance"}
        assert all(value.shape == (5, 2) and value.dtype == np.float32 for value in posterior.values())

    def test_sixteen_bits_are_scaled_as_in_training(self, tiny_run, bars):
        images = bars[0][:5] // 5  # so dark that 12 bits alone would pass for 10
        entry = tiny_run.manifest.preprocessing.model_copy(update={"bits": 12})
        manifest = tiny_run.manifest.model_copy(update={"preprocessing": entry})
        run = Run(tiny_run.path, manifest, tiny_run.recipe)
        deep = np.rint(images * (4095 / 255)).astype(np.uint16)
        np.testing.assert_array_equal(run.encode(deep)["mean"], tiny_run.encode(images)["mean"])

    def test_decodes_to_the_likelihoods_mean(self, tiny_run):
        codes = np.random.default_rng(0).standard_normal((5, 2))
        images = tiny_run.decode(codes)
        assert images.dtype == np.uint8
        expected = np.rint(255 * special.expit(tiny_run.decode_parameters(codes)["logits"]))
        assert np.abs(images - expected).max() <= 1

    def test_reconstructs(self, tiny_ae_run, bars):
        given = tiny_ae_run.reconstruct(bars[0])
        assert given.shape == bars[0].shape
        np.testing.assert_array_equal(bar_of(given), bars[1])

    def test_grey_images_may_come_without_channels(self, tiny_run, bars):
        np.testing.assert_array_equal(tiny_run.reconstruct(bars[0][:3, ..., 0]), tiny_run.reconstruct(bars[0][:3]))

    def test_draws_follow_the_posterior(self, tiny_run, bars):
        posterior = tiny_run.encode(bars[0][:1])
        many = {name: np.repeat(value, 5000, axis=0) for name, value in posterior.items()}
        codes = tiny_run.draw_codes(many, np.random.default_rng(0))
        for i in range(2):
            law = stats.norm(posterior["mean"][0, i], np.exp(posterior["log_variance"][0, i] / 2))
            assert stats.kstest(codes[:, i], law.cdf).pvalue > 1e-3

    def test_several_reconstructions_of_an_image(self, tiny_run, bars):
        drawn = tiny_run.reconstruct(bars[0][:4], draws=3, seed=1)
        assert drawn.shape == (4, 3, 12, 10, 1)
        assert (drawn[:, 0] != drawn[:, 1]).any()
        np.testing.assert_array_equal(drawn, tiny_run.reconstruct(bars[0][:4], draws=3, seed=1))
        assert (drawn != tiny_run.reconstruct(bars[0][:4], draws=3, seed=2)).any()

    def test_an_autoencoder_has_one_reconstruction(self, tiny_ae_run, bars):
        with pytest.raises(UsageError, match="is a plain autoencoder: an image has one code"):
            tiny_ae_run.reconstruct(bars[0][:1], draws=2)
        assert set(tiny_ae_run.encode(bars[0][:1])) == {"mean"}

    def test_needs_a_draw(self, tiny_run, bars):
        with pytest.raises(UsageError, match="at least one draw; got draws=0"):
            tiny_run.reconstruct(bars[0][:1], draws=0)


class TestSampling:
    def test_a_vae_draws_from_its_prior(self, tiny_run):
        codes = tiny_run.sample_codes(5000)
        assert stats.kstest(codes.ravel(), stats.norm.cdf).pvalue > 1e-3

    def test_an_autoencoder_draws_from_its_training_codes(self, tiny_ae_run, bars):
        codes = tiny_ae_run.encode(bars[0])["mean"]
        drawn = tiny_ae_run.sample_codes(5000)
        spread = codes.std(axis=0)
        assert (np.abs(drawn.mean(axis=0) - codes.mean(axis=0)) < 0.3 * spread).all()
        np.testing.assert_allclose(drawn.std(axis=0), spread, rtol=0.2)

    @pytest.mark.parametrize("label", [0, 1, 2])
    def test_a_chosen_label(self, tiny_ae_run, label):
        images = tiny_ae_run.sample(60, label=label)
        assert (bar_of(images) == label).mean() > 0.9
        np.testing.assert_array_equal(images, tiny_ae_run.sample(60, label=str(label)))

    def test_codes_of_a_label_are_near_those_of_its_images(self, tiny_ae_run, bars):
        images, labels = bars
        centres = np.stack([tiny_ae_run.encode(images[labels == label])["mean"].mean(axis=0) for label in range(3)])
        for label in range(3):
            codes = tiny_ae_run.sample_codes(200, label=label)
            nearest = np.linalg.norm(codes[:, None] - centres, axis=2).argmin(axis=1)
            assert (nearest == label).mean() > 0.9

    def test_a_vae_can_be_asked_for_a_label_too(self, tiny_run):
        assert tiny_run.sample(4, label=1).shape == (4, 12, 10, 1)

    def test_a_seed_fixes_it(self, tiny_run):
        np.testing.assert_array_equal(tiny_run.sample(5, seed=1), tiny_run.sample(5, seed=1))
        assert (tiny_run.sample(5, seed=1) != tiny_run.sample(5, seed=2)).any()

    def test_no_such_label(self, tiny_run):
        with pytest.raises(UsageError, match="there is no label '7'; there are 0, 1, 2"):
            tiny_run.sample(1, label=7)

    def test_no_labels_at_all(self, tiny_run):
        manifest = tiny_run.manifest.model_copy(
            update={"data": tiny_run.manifest.data.model_copy(update={"class_names": ()})}
        )
        with pytest.raises(UsageError, match="trained on images without labels"):
            isthmus.Run(tiny_run.path, manifest, tiny_run.recipe).sample(1, label=1)

    def test_needs_a_count(self, tiny_run):
        with pytest.raises(UsageError, match="at least one sample; got 0"):
            tiny_run.sample(0)


class TestTypicalCode:
    def test_it_is_a_training_image_s_neither_central_nor_extreme(self, tiny_ae_run, bars):
        codes = tiny_ae_run.encode(bars[0])["mean"]
        distances = np.linalg.norm(codes - tiny_ae_run.typical_code, axis=1)
        assert distances.min() < 1e-5
        from_median = np.linalg.norm(codes - np.median(codes, axis=0), axis=1)
        assert 0.3 < (from_median < from_median[distances.argmin()]).mean() < 0.7

    def test_a_run_that_stored_none_draws_one(self, copied_run):
        """As runs of earlier versions do."""
        path = copied_run / "codes.safetensors"
        arrays = safetensors.numpy.load_file(path)
        del arrays["typical"]
        path.write_bytes(safetensors.numpy.save(arrays))
        reseal(copied_run, path.name)
        run = load(copied_run)
        mean, variance = run.code_density().moments()
        assert (np.abs(run.typical_code - mean) < 3 * np.sqrt(variance)).all()
        np.testing.assert_array_equal(load(copied_run).typical_code, run.typical_code)


class TestInput:
    @pytest.mark.parametrize("shape", [(2, 10, 12, 1), (2, 12, 10, 3), (2, 28, 28, 1)])
    def test_images_of_another_shape(self, tiny_run, shape):
        _, height, width, channels = shape
        with pytest.raises(
            DataError,
            match=rf"expected images of 10x12x1, as run 'tiny' was trained on; got {width}x{height}x{channels}",
        ):
            tiny_run.encode(np.zeros(shape, np.uint8))

    @pytest.mark.parametrize("codes", [np.zeros((3, 5)), np.zeros(2), np.zeros((1, 2, 1))])
    def test_codes_of_another_length(self, tiny_run, codes):
        with pytest.raises(DataError, match=r"expected codes of shape \(n, 2\); got"):
            tiny_run.decode(codes)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_codes_that_are_no_numbers(self, tiny_run, value):
        with pytest.raises(DataError, match="expected finite codes"):
            tiny_run.decode(np.full((1, 2), value))

    def test_no_images(self, tiny_run):
        with pytest.raises(DataError, match="image"):
            tiny_run.encode(np.zeros((0, 12, 10, 1), np.uint8))

    @pytest.mark.parametrize("path", ["photos/", Path("photos")])
    def test_a_path_is_no_array_of_images(self, tiny_run, path):
        with pytest.raises(
            DataError, match=r"got the path 'photos/?'\. `isthmus.open_images\('photos/?', preprocessing="
        ):
            tiny_run.encode(path)

    def test_images_of_several_sizes(self, tiny_run):
        with pytest.raises(DataError, match=r"all of one size.* Bring the images to one size"):
            tiny_run.encode([np.zeros((12, 10)), np.zeros((9, 9))])

    def test_one_image_needs_its_first_axis(self, tiny_run, bars):
        with pytest.raises(DataError, match=r"got one image\. Add the first axis: images\[np\.newaxis\]"):
            tiny_run.encode(bars[0][0])

    @pytest.mark.parametrize("codes", [[[0.0, 1.0], [2.0]], {"mean": np.zeros((1, 2))}, "codes.npz"])
    def test_what_makes_no_codes(self, tiny_run, codes):
        with pytest.raises(DataError, match=rf"shape \(n, 2\), such as the `mean`.*got a {type(codes).__name__}"):
            tiny_run.decode(codes)


class TestOtherProcesses:
    """A run that has been used, and so holds sessions, goes to other processes, by itself or as a bound method."""

    @pytest.fixture
    def used(self, tiny_run, bars):
        run = load(tiny_run.path)
        return run, bars[0][:4], run.encode(bars[0][:4])["mean"]

    def test_it_can_be_pickled(self, used):
        run, images, codes = used
        run.sample(1, label=0)
        pickled = pickle.dumps(run)
        assert len(pickled) < 20_000, "networks and densities do not travel"
        again = pickle.loads(pickled)
        assert (again.manifest, again.recipe) == (run.manifest, run.recipe)
        np.testing.assert_array_equal(again.encode(images)["mean"], codes)

    def test_it_is_found_from_another_folder(self, used, monkeypatch, tmp_path):
        run, images, codes = used
        monkeypatch.chdir(run.path.parent)
        pickled = pickle.dumps(load(run.path.name))
        monkeypatch.chdir(tmp_path)
        np.testing.assert_array_equal(pickle.loads(pickled).encode(images)["mean"], codes)

    def test_another_model_at_its_path_is_not_taken_for_it(self, copied_run, bars):
        run = load(copied_run)
        pickled = pickle.dumps(run)
        (copied_run / "encoder.onnx").write_bytes(b"another")
        with pytest.raises(RunError, match=r"encoder\.onnx"):
            pickle.loads(pickled).encode(bars[0][:4])

    @pytest.mark.parametrize("method", ["spawn", "forkserver"])
    def test_of_a_pool(self, used, method):
        if method not in multiprocessing.get_all_start_methods():
            pytest.skip(f"this machine does not start processes by {method}")
        run, images, codes = used
        with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
            np.testing.assert_allclose(pool.submit(run.encode, images).result()["mean"], codes, rtol=1e-5)

    def test_of_joblib(self, used):
        joblib = pytest.importorskip("joblib", reason="joblib is not installed")
        run, images, codes = used
        parts = joblib.Parallel(n_jobs=2)(joblib.delayed(run.encode)(part) for part in (images[:2], images[2:]))
        np.testing.assert_allclose(np.concatenate([part["mean"] for part in parts]), codes, rtol=1e-5)


class TestDamage:
    def test_nothing_there(self, tmp_path):
        with pytest.raises(RunError, match="there is no run at"):
            load(tmp_path / "none")

    def test_still_training(self, copied_run):
        manifest = read_manifest(copied_run)
        write_text(copied_run / "manifest.json", manifest.model_copy(update={"state": "training"}).to_json())
        with pytest.raises(RunError, match=r"is not a finished run: it is still being trained.*--resume` continues it"):
            load(copied_run)

    @pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", "codes.safetensors", "recipe.json"])
    @pytest.mark.parametrize("harm", ["missing", "torn", "changed"])
    def test_a_damaged_file(self, copied_run, name, harm):
        path = copied_run / name
        content = bytearray(path.read_bytes())
        if harm == "missing":
            path.unlink()
        elif harm == "torn":
            path.write_bytes(content[:-1])
        else:
            content[-2] ^= 1
            path.write_bytes(content)

        def use():
            run = load(copied_run)
            run.reconstruct(run.sample(1, label=0))

        with pytest.raises(RunError, match=rf"{copied_run}: {name} .*Restore it"):
            use()

    def test_a_densities_file_that_is_none(self, copied_run):
        (copied_run / "codes.safetensors").write_bytes(b"\xff" * 40)
        reseal(copied_run, "codes.safetensors")
        with pytest.raises(RunError, match=r"codes.safetensors is damaged"):
            load(copied_run).sample(1, label=0)

    @pytest.mark.parametrize("part", ["weights", "means", "factors"])
    @pytest.mark.parametrize("change", [lambda a: a[..., :-1], lambda a: a * np.nan, lambda a: a.astype(np.int8), None])
    def test_densities_that_are_none(self, copied_run, part, change):
        path = copied_run / "codes.safetensors"
        arrays = safetensors.numpy.load_file(path)
        array = arrays.pop(f"all.{part}")
        if change is not None:
            arrays[f"all.{part}"] = np.ascontiguousarray(change(array))
        safetensors.numpy.save_file(arrays, path)
        reseal(copied_run, "codes.safetensors")
        with pytest.raises(RunError, match=r"codes.safetensors is damaged \(.*all"):
            load(copied_run).code_density()

    def test_densities_of_other_dimensions(self, copied_run):
        one = {"all.weights": np.ones(1), "all.means": np.zeros((1, 5)), "all.factors": np.eye(5)[None]}
        safetensors.numpy.save_file(one, copied_run / "codes.safetensors")
        reseal(copied_run, "codes.safetensors")
        with pytest.raises(RunError, match=r"codes.safetensors is of 5 dimensions, the codes of 2"):
            load(copied_run).code_density()

    @pytest.mark.parametrize("graph", ["encoder", "decoder"])
    def test_graphs_that_are_declared_for_other_images_or_codes(self, copied_run, graph):
        manifest = json.loads((copied_run / "manifest.json").read_text())
        for tensor in (*manifest["graphs"][graph]["inputs"], *manifest["graphs"][graph]["outputs"]):
            tensor["shape"][-1] += 1
        (copied_run / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(
            RunError, match=rf"the manifest declares \w+ of the {graph} as .*, and the run's images and"
        ):
            load(copied_run).reconstruct(np.zeros((1, 12, 10, 1), np.uint8))

    @pytest.mark.parametrize("group", [{"kind": "point"}, {"shape": [3]}, {"shape": [1, 1, 2]}, None])
    def test_a_code_that_is_not_the_recipes(self, copied_run, group):
        manifest = json.loads((copied_run / "manifest.json").read_text())
        own = manifest["latent_groups"]
        manifest["latent_groups"] = [] if group is None else [{**own[0], **group}]
        (copied_run / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(RunError, match=r"a latent code \(.*\) that is not the recipe's \(gaussian of 2\)"):
            load(copied_run)

    def test_a_graph_with_external_data(self, copied_run, tmp_path):
        graph = onnx.load(copied_run / "decoder.onnx")
        onnx.save(graph, copied_run / "decoder.onnx", save_as_external_data=True, location="d.bin", size_threshold=0)
        reseal(copied_run, "decoder.onnx")
        with pytest.raises(RunError, match="external data"):
            load(copied_run).sample(1)

    def test_other_files_do_not_matter_for_use(self, copied_run):
        """A run is used by its graphs: weights, history and pictures may be gone."""
        (copied_run / "weights.safetensors").unlink()
        (copied_run / "history.csv").unlink()
        shutil.rmtree(copied_run / "checkpoint")
        load(copied_run).sample(1)
