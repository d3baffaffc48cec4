import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from isthmus.codec.model.exact_copy import model_of
from isthmus.errors import RunError
from isthmus.runs import Run, load
from isthmus.runs.folder import describe_file, read_manifest
from isthmus.storage import write_text


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (b"", "cannot open the graph"),
        (b"\xff" * 40, "not an ONNX file, or a truncated one"),
        (None, "keeps its weights in other files"),
    ],
)
def test_a_graph_is_checked_as_for_every_other_use(copied_run, harm, message):
    """A tensor in an attribute may lie in another file as well as one among the initialisers."""
    path = copied_run / "decoder.onnx"
    if harm is None:
        graph = onnx.load(path)
        outside = numpy_helper.from_array(numpy_helper.to_array(graph.graph.initializer[0]), "w")
        outside.ClearField("raw_data")
        outside.data_location = TensorProto.EXTERNAL
        outside.external_data.add(key="location", value="secret")
        graph.graph.node.insert(0, helper.make_node("Constant", [], ["outside"], value=outside))
        harm = graph.SerializeToString()
    path.write_bytes(harm)
    manifest = read_manifest(copied_run)
    files = {**manifest.files, "decoder.onnx": describe_file(path)}
    write_text(copied_run / "manifest.json", manifest.model_copy(update={"files": files}).to_json())
    with pytest.raises(RunError, match=message):
        model_of(load(copied_run))


def test_sizes_are_checked_before_anything_is_computed(tiny_run):
    """The codec lays out an index for each pixel, of which a manifest may declare any number."""
    images = tiny_run.manifest.images.model_copy(update={"height": 10**9})
    manifest = tiny_run.manifest.model_copy(update={"images": images, "target": images})
    with pytest.raises(RunError, match="the manifest declares images of the encoder as"):
        model_of(Run(tiny_run.path, manifest, tiny_run.recipe))
