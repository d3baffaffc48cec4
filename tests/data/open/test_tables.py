import numpy as np
import pytest

from isthmus.data import open_images
from isthmus.data.open.paths import open_path
from isthmus.errors import DataError


@pytest.fixture
def photos(tmp_path, encoded, random_images, write_files):
    images = random_images(4, 5, 6, 3)
    write_files(tmp_path, {f"files/{number}.png": encoded(image) for number, image in enumerate(images)})
    return images


def everything(source):
    return source.read(np.arange(len(source)))


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


class TestCSV:
    def test_paths_and_labels(self, tmp_path, photos):
        table = write(tmp_path / "a.csv", "path,label\nfiles/2.png,dog\nfiles/0.png,cat\nfiles/1.png,dog\n")
        source = open_path(table).train
        np.testing.assert_array_equal(everything(source), photos[[2, 0, 1]])
        assert source.names == ("files/2", "files/0", "files/1")
        assert (source.class_names, source.labels.tolist()) == (("cat", "dog"), [1, 0, 1])

    @pytest.mark.parametrize("head", ["File Name;x".replace(" ", "_"), "IMAGE;y", "filename;Category"])
    def test_other_heads_and_semicolons(self, tmp_path, photos, head):
        source = open_path(write(tmp_path / "a.csv", f"{head}\nfiles/0.png;a\n\nfiles/1.png;b\n")).train
        assert len(source) == 2

    @pytest.mark.parametrize("blank", ["\n", "\r\n \n", " ;\n"])
    def test_blank_lines_before_the_head(self, tmp_path, photos, blank):
        table = write(tmp_path / "a.csv", f"{blank}path;label\nfiles/0.png;a\n{blank}files/1.png;b\n")
        assert open_path(table).train.labels.tolist() == [0, 1]

    def test_tabs_and_a_byte_order_mark(self, tmp_path, photos):
        (tmp_path / "a.tsv").write_bytes("\ufefflabel\tfile\nCafé\tfiles/0.png\n".encode())
        assert open_path(tmp_path / "a.tsv").train.class_names == ("Café",)

    def test_no_head(self, tmp_path, photos):
        source = open_path(write(tmp_path / "a.csv", "files/3.png,x\nfiles/0.png,y\n")).train
        np.testing.assert_array_equal(everything(source), photos[[3, 0]])
        assert source.class_names == ("x", "y")

    def test_absolute_paths(self, tmp_path, photos):
        source = open_path(write(tmp_path / "a.csv", f"path\n{tmp_path}/files/3.png\n")).train
        np.testing.assert_array_equal(everything(source), photos[[3]])
        assert not source.names[0].startswith("/")

    def test_paths_from_windows(self, tmp_path, photos):
        source = open_path(write(tmp_path / "a.csv", "path\nfiles\\3.png\nfiles\\0.png\n")).train
        np.testing.assert_array_equal(everything(source), photos[[3, 0]])
        assert source.names == ("files/3", "files/0")

    def test_splits(self, tmp_path, photos):
        opened = open_path(write(tmp_path / "a.csv", "path,split\nfiles/0.png,train\nfiles/1.png,Test\n"))
        np.testing.assert_array_equal(everything(opened.test), photos[[1]])
        assert opened.test.names == ("files/1",)

    def test_validation_rows_are_to_test_on_where_no_others_are(self, tmp_path, photos):
        opened = open_path(write(tmp_path / "a.csv", "path,split\nfiles/0.png,train\nfiles/1.png,val\n"))
        np.testing.assert_array_equal(everything(opened.test), photos[[1]])

    def test_training_rows_alone_are_no_split(self, tmp_path, photos):
        opened = open_path(write(tmp_path / "a.csv", "path,split\nfiles/0.png,train\nfiles/1.png,train\n"))
        assert opened.test is None
        assert len(opened.train) == 2

    def test_test_rows_alone_are_there_to_be_used(self, tmp_path, photos):
        table = write(tmp_path / "a.csv", "path,split\nfiles/0.png,test\nfiles/1.png,test\n")
        np.testing.assert_array_equal(everything(open_images(f"{table}:test").train), photos[:2])
        with pytest.raises(DataError, match="all images of 'a' are test images"):
            open_images(f"{table}:train")

    def test_a_file_that_is_missing_is_skipped(self, tmp_path, photos):
        rows = "".join("files/0.png\n" for _ in range(15))
        opened = open_path(write(tmp_path / "a.csv", f"path\n{rows}files/none.png\n"))
        assert [(item.name, item.reason) for item in opened.origin.skipped] == [
            ("files/none.png", "there is no such file")
        ]

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("", "is empty"),
            ("a,b\n1,2\n", "expected a column of paths.*it has 'a', 'b'"),
            ("path,label\n", "there are none"),
            ("path,label\nfiles/0.png,x\nfiles/1.png,\n", "1 of 2 have none"),
            ('path\n"' + "x" * 2_000_000, "cannot be read as a CSV table"),
            ("path\nfiles/\0.png\n", "cannot be read"),
        ],
    )
    def test_bad_tables(self, tmp_path, photos, text, fault):
        with pytest.raises(DataError, match=fault):
            open_path(write(tmp_path / "a.csv", text))

    def test_no_text(self, tmp_path):
        (tmp_path / "a.csv").write_bytes(b"path\n\xff\xfe\x00\x80\n")
        with pytest.raises(DataError, match="cannot be read as a CSV table in UTF-8"):
            open_path(tmp_path / "a.csv")


class TestParquet:
    @pytest.fixture
    def save(self, tmp_path):
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")

        def save(columns):
            parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
            return tmp_path / "a.parquet"

        return save

    def test_paths_and_labels(self, save, photos):
        source = open_path(save({"path": ["files/2.png", "files/0.png"], "label": ["dog", "cat"]})).train
        np.testing.assert_array_equal(everything(source), photos[[2, 0]])
        assert source.labels.tolist() == [1, 0]

    def test_whole_numbers_are_labels_as_they_are(self, save, photos):
        source = open_path(save({"image": ["files/2.png", "files/0.png"], "label": [7, 3]})).train
        assert source.labels.tolist() == [7, 3]

    def test_images_within(self, save, photos, encoded):
        cells = [{"bytes": encoded(photos[1]), "path": None}, {"bytes": None, "path": "files/0.png"}]
        np.testing.assert_array_equal(everything(open_path(save({"image": cells})).train), photos[[1, 0]])
        plain = open_path(save({"image": [encoded(photos[3])]}))
        np.testing.assert_array_equal(everything(plain.train), photos[[3]])

    def test_a_damaged_table(self, save, photos):
        path = save({"path": ["files/0.png"]})
        content = path.read_bytes()
        for length in (0, 4, len(content) // 2, len(content) - 1):
            path.write_bytes(content[:length])
            with pytest.raises(DataError, match="no whole Parquet table"):
                open_path(path)

    def test_without_pyarrow(self, tmp_path, monkeypatch):
        import sys

        (tmp_path / "a.parquet").write_bytes(b"PAR1")
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(DataError, match=r'pip install "isthmus\[datasets\]"'):
            open_path(tmp_path / "a.parquet")
