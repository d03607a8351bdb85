"""Published weights, fetched from a server of our own: files, resuming, archives, the Hub's layout; and failures."""

import gzip
import io
import json
import random
import shutil
import tarfile

import numpy as np
import pytest

import hostile_files
import jax_slim as slim
import peer_files
import pretrained_server
from jax_slim.checkpoints import CheckpointError, MissingCheckpointError, fetching, save_safetensors, tensorflow
from jax_slim.kernels.caching import cache_folder
from jax_slim.nets import pretrained


@pytest.fixture
def server(tmp_path, monkeypatch):
    with pretrained_server.running(tmp_path / "cache", monkeypatch) as running:
        yield running


def archive(folder, below="./"):
    """A variable as an archive of MobileNet's: what is fetched is not looked at."""
    tensorflow.write_checkpoint(folder / "mobilenet_v1_0.25_128.ckpt", {"a/weights": np.ones((2, 2), np.float32)})
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for file in sorted(folder.iterdir()):
            if file.is_file():
                tar.add(file, f"{below}{file.name}")
    return data.getvalue()


URL = "/models/mobilenet_v1_0.25_128.tgz"


def test_an_archive_of_tf_slim(server, tmp_path):
    (tmp_path / "made").mkdir()
    server.files[URL] = archive(tmp_path / "made")
    path = pretrained.fetched_path("mobilenet_v1_025", True)
    assert path == pretrained.fetched_path("mobilenet_v1_025", "mobilenet_v1_025.slim")
    assert set(slim.checkpoints.open_checkpoint(path)) == {"a/weights"}
    assert server.asked == [(URL, None)]
    assert sorted(file.name for file in (tmp_path / "cache" / "pretrained").iterdir()) == [
        "mobilenet_v1_0.25_128",
        "mobilenet_v1_0.25_128.tgz.json",
    ]


def test_an_archive_that_was_put_there(server, tmp_path):
    (tmp_path / "made").mkdir()
    place = tmp_path / "cache" / "pretrained" / "mobilenet_v1_0.25_128.tgz"
    place.parent.mkdir(parents=True)
    place.write_bytes(archive(tmp_path / "made", "some/where/"))
    assert pretrained.fetched_path("mobilenet_v1_025", True).endswith("some/where/mobilenet_v1_0.25_128.ckpt")
    assert server.asked == []


def test_a_repository_of_timm(server):
    folder = "/timm/tf_mobilenetv3_small_minimal_100.in1k/resolve"
    held = io.BytesIO()
    place = cache_folder().parent / "x.safetensors"
    place.parent.mkdir(parents=True, exist_ok=True)
    save_safetensors(place, peer_files.state("timm/tf_mobilenetv3_small_minimal_100"))
    held.write(place.read_bytes())
    server.files[f"{folder}/main/config.json"] = b'{"architecture": "tf_mobilenetv3_small_minimal_100"}'
    server.files[f"{folder}/{pretrained_server.COMMIT}/model.safetensors"] = f"{server.base}/elsewhere"
    server.files["/elsewhere"] = held.getvalue()
    path = pretrained.fetched_path("mobilenet_v3_small_minimalistic", True)
    assert slim.checkpoints.open_checkpoint(path).peer.origin == "timm/tf_mobilenetv3_small_minimal_100"
    asked = list(server.asked)
    assert pretrained.fetched_path("mobilenet_v3_small_minimalistic", True) == path
    assert server.asked == asked


def test_what_was_begun_is_gone_on_with(server, tmp_path):
    content = bytes(range(256)) * 40
    server.files["/file"], server.cut = content, 4000
    path = tmp_path / "cache" / "file"
    with pytest.raises(
        MissingCheckpointError, match=r"cache/file is not there, and .* Try again, or put the file there"
    ):
        fetching.fetched(f"{server.base}/file", path)
    server.cut = None
    assert fetching.fetched(f"{server.base}/file", path) == pretrained_server.COMMIT
    assert path.read_bytes() == content
    assert server.asked[-1] == ("/file", "bytes=4000-")
    assert json.loads((tmp_path / "cache" / "file.json").read_text())["size"] == len(content)


def test_a_beginning_that_is_too_long(server, tmp_path):
    server.files["/file"] = b"short"
    (tmp_path / "file.part").write_bytes(b"much longer than it is")
    fetching.fetched(f"{server.base}/file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"short"


def test_another_file_than_the_first(server, tmp_path):
    path = tmp_path / "file"
    server.files["/file"] = b"first"
    fetching.fetched(f"{server.base}/file", path)
    path.unlink()
    server.files["/file"] = b"other"
    with pytest.raises(CheckpointError, match=r"is not the file that was first fetched: it has 5 bytes"):
        fetching.fetched(f"{server.base}/file", path)
    assert not path.exists()
    server.files["/file"] = b"first"
    fetching.fetched(f"{server.base}/file", path)


def test_what_cannot_be_fetched(server, tmp_path):
    for url, why in (
        (f"{server.base}/none", "Not Found"),
        ("http://example.invalid/file", "no address of https"),
        ("file:///etc/hostname", "no address of https"),
        ("http://127.0.0.1:9/file", "refused"),
    ):
        with pytest.raises(MissingCheckpointError, match=why):
            fetching.fetched(url, tmp_path / "file")
    server.files["/moved"] = "http://example.invalid/file"
    with pytest.raises(MissingCheckpointError, match="no address of https"):
        fetching.fetched(f"{server.base}/moved", tmp_path / "file")


def packed(*members):
    """A .tar.gz of (name, kind, size, content), whatever they say."""
    blocks = b""
    for name, kind, size, content in members:
        member = tarfile.TarInfo(name)
        member.type, member.size, member.linkname = kind, size, "/etc/passwd"
        blocks += member.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % tarfile.BLOCKSIZE)
    return gzip.compress(blocks + bytes(2 * tarfile.BLOCKSIZE), 1)


def refused(place, content):
    """Why unpacking is, '' where it is not; nothing may be written but the folder, in which nothing leads elsewhere."""
    archive, folder = place / "inside" / "a.tgz", place / "inside" / "a"
    archive.parent.mkdir(exist_ok=True)
    archive.write_bytes(content)
    try:
        fetching.unpacked(archive, folder)
    except CheckpointError as error:
        why = str(error)
    else:
        why = ""
    assert [file.name for file in place.iterdir()] == ["inside"]
    assert folder.exists() == (not why)
    assert {file.name for file in archive.parent.iterdir()} <= {"a", "a.tgz"}
    assert all(file.is_dir() or (file.is_file() and not file.is_symlink()) for file in folder.rglob("*"))
    shutil.rmtree(folder, ignore_errors=True)
    return why


HOSTILE = {
    "outside": packed(("../outside", tarfile.REGTYPE, 3, b"abc")),
    "link": packed(("link", tarfile.SYMTYPE, 0, b"")),
    "device": packed(("device", tarfile.CHRTYPE, 0, b"")),
    "pipe": packed(("pipe", tarfile.FIFOTYPE, 0, b"")),
    "no gzip": b"\x1f\x8bnothing",
    "empty": b"",
    "cut": packed(("whole", tarfile.REGTYPE, 3, b"abc"))[:40],
    "beyond the end": packed(("long", tarfile.REGTYPE, 1 << 30, b"abc")),
    "larger than any": packed(("long", tarfile.REGTYPE, 1 << 40, b"abc")),
    "below zero": packed(("again", tarfile.REGTYPE, -2048, b"")),
    "a long name": packed(("name", tarfile.GNUTYPE_LONGNAME, 1 << 31, b"abc")),
    "long attributes": packed(("name", tarfile.XHDTYPE, 1 << 31, b"abc")),
    "names of names": packed(*[("name", tarfile.GNUTYPE_LONGNAME, 3, b"abc")] * 2000),
    "many": packed(*[(f"file{number}", tarfile.REGTYPE, 0, b"") for number in range(1001)]),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_archives(tmp_path, what):
    assert refused(tmp_path, HOSTILE[what])


def test_a_name_is_not_read_at_any_length(tmp_path):
    assert "at a length that no name has" in refused(tmp_path, HOSTILE["a long name"])


@pytest.mark.parametrize("count", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_damaged_and_made_archives(tmp_path, count):
    """With bytes changed, and with members of any name, kind and size."""
    rng = random.Random(count)
    kinds = [tarfile.REGTYPE] * 6 + [bytes([kind]) for kind in b"1234567LKSxgX"]
    names = ["a", "a/b", "../a", "/tmp/a", "a/../../b", "", ".", "n" * 90, "\udcff", "a\0b", "b/" * 40]
    found = set()
    for number in range(count):
        members = []
        for _ in range(rng.randint(1, 5)):
            content = rng.randbytes(rng.choice([0, 3, 600]))
            size = len(content) if rng.random() < 0.8 else rng.choice([-1, -512, 1 << 20, 1 << 33, 1 << 62])
            members.append((rng.choice(names), rng.choice(kinds), size, content))
        content = packed(*members)
        if number % 2:
            content = hostile_files.damaged(content, rng)
        with hostile_files.only_read(writes=True):
            found.add(bool(refused(tmp_path, content)))
    assert found == {True, False}


def test_names():
    assert slim.nets.list_pretrained("inception_v4") == ["inception_v4.slim", "inception_v4.tf_in1k"]
    assert slim.nets.list_models("lenet", pretrained=True) == []
    assert "pnasnet_large" in slim.nets.list_models(pretrained=True)
    known = slim.nets.list_pretrained()
    assert len(known) == len(set(known))
    for name in known:
        assert name in slim.nets.list_pretrained(pretrained.net_of(name))
    with pytest.raises(
        ValueError, match=r"got 'inception_v4\.tf'. They are: inception_v4\.slim, inception_v4\.tf_in1k"
    ):
        slim.nets.create_model("inception_v4", pretrained="inception_v4.tf")
    with pytest.raises(ValueError, match="pretrained must be False for lenet: no weights of it are known"):
        slim.nets.create_model("lenet", pretrained=True)
    with pytest.raises(ValueError, match="pretrained must be False with a checkpoint"):
        slim.nets.create_model("vgg_16", checkpoint="x.ckpt", pretrained=True)
