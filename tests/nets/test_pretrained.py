"""Published weights, fetched from a server of our own: files, resuming, archives, the Hub's layout; and failures."""

import http.server
import io
import json
import tarfile
import threading

import numpy as np
import pytest

import jax_slim as slim
import peer_files
from jax_slim.checkpoints import CheckpointError, MissingCheckpointError, fetching, save_safetensors, tensorflow
from jax_slim.nets import pretrained

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers.get("Range")))
        content = server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        if isinstance(content, str):
            self.send_response(302)
            self.send_header("Location", content)
            self.end_headers()
            return
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        self.wfile.write(content[start : server.cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.files, running.asked, running.cut = {}, [], None
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    base = f"http://127.0.0.1:{running.server_address[1]}"
    running.base = base
    monkeypatch.setenv("JAX_SLIM_CACHE", str(tmp_path / "cache"))
    for name in ("TF_SLIM", "MOBILENET_V1", "MOBILENET_V2"):
        monkeypatch.setattr(pretrained, name, f"{base}/models/")
    monkeypatch.setattr(pretrained, "HUB", f"{base}/timm/")
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


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
    place = fetching.cache_folder().parent / "x.safetensors"
    place.parent.mkdir(parents=True, exist_ok=True)
    save_safetensors(place, peer_files.state("timm/tf_mobilenetv3_small_minimal_100"))
    held.write(place.read_bytes())
    server.files[f"{folder}/main/config.json"] = b'{"architecture": "tf_mobilenetv3_small_minimal_100"}'
    server.files[f"{folder}/{COMMIT}/model.safetensors"] = f"{server.base}/elsewhere"
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
    assert fetching.fetched(f"{server.base}/file", path) == COMMIT
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


def hostile(name, kind=tarfile.REGTYPE, link="", size=3):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.size = kind, link, size if kind == tarfile.REGTYPE else 0
        tar.addfile(member, io.BytesIO(b"abc"))
    return data.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        hostile("../outside"),
        hostile("link", tarfile.SYMTYPE, "/etc/passwd"),
        hostile("device", tarfile.CHRTYPE),
        hostile("pipe", tarfile.FIFOTYPE),
        b"\x1f\x8bnothing",
        b"",
        hostile("whole")[:40],
    ],
    ids=["outside", "link", "device", "pipe", "no_gzip", "empty", "cut"],
)
def test_hostile_archives(tmp_path, content):
    place = tmp_path / "inside"
    place.mkdir()
    (place / "a.tgz").write_bytes(content)
    with pytest.raises(CheckpointError):
        fetching.unpacked(place / "a.tgz", place / "a")
    assert [file.name for file in place.iterdir()] == ["a.tgz"]
    assert [file.name for file in tmp_path.iterdir()] == ["inside"]


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
