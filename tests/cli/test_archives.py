import json

import pytest


@pytest.mark.slow
def test_list_and_verify(isthmus, tmp_path, trained):
    run, _ = trained
    isthmus("compress", run, "digits", "--out", "x.isth", "--chunk-images", 50)
    listed = isthmus("list", "x.isth", "--json")
    assert len(json.loads(listed.stdout)["images"]) == 250
    assert isthmus("list", "x.isth").stdout.count("\n") == 251
    assert isthmus("verify", "x.isth", "--run", run).stdout == "x.isth: every pixel of 250 images is verified\n"
    content = bytearray((tmp_path / "x.isth").read_bytes())
    content[len(content) // 2] ^= 8
    (tmp_path / "x.isth").write_bytes(content)
    done = isthmus("verify", "x.isth")
    assert done.returncode == 1
    assert "damaged: images" in done.stderr
    assert "Traceback" not in done.stderr
    assert isthmus("decompress", "x.isth", "--run", run, "--out", "back").returncode == 1
    assert len(list((tmp_path / "back").iterdir())) == 200


@pytest.mark.slow
def test_verify_says_what_it_did_not_decode(isthmus, trained):
    run, _ = trained
    done = isthmus("compress", run, "digits", "--threshold", "--no-embed-model", "--out", "x.isth")
    assert "reading the archive needs this run as it is now" in done.stdout
    done = isthmus("verify", "x.isth")
    assert done.returncode == 0
    assert done.stdout.startswith("x.isth: the checksums of 250 images are correct\n")
    assert "pixels were not decoded" in done.stdout
    assert "--run RUN" in done.stdout
    assert json.loads(isthmus("verify", "x.isth", "--json").stdout)["decoded"] is False
    assert isthmus("verify", "x.isth", "--run", run).stdout == "x.isth: every pixel of 250 images is verified\n"
