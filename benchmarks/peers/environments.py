"""The peers: how each is called, what runs it, and the virtual environment that it lives in."""

import shutil
import subprocess
import sys
import types
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from peers import architectures

CACHE = Path.home() / ".cache" / "jax-slim" / "benchmarks"


class Peer(NamedTuple):
    """One that is timed.

    Attributes:
      title: in tables and charts.
      module: its file here.
      environment: whose packages it needs; None: those of the interpreter that runs the benchmark.
      settings: what its file gets besides.
    """

    title: str
    module: str
    environment: str | None = None
    settings: Mapping[str, Any] = types.MappingProxyType({})


PEERS = {
    "slim": Peer("jax-slim", "slim_nets"),
    "slim-exact": Peer("jax-slim, exact forms", "slim_nets", None, {"forms": "exact"}),
    "slim-lax": Peer("jax-slim, lax forms", "slim_nets", None, {"forms": "lax"}),
    "jax": Peer("plain JAX", "plain_jax_nets"),
    "flax": Peer("Flax", "flax_nets", "flax"),
    "haiku": Peer("Haiku", "haiku_nets", "haiku"),
    "torch": Peer("PyTorch", "torch_nets", "torch"),
    "torch-compiled": Peer("torch.compile", "torch_nets", "torch", {"compiled": True}),
    "timm": Peer("timm", "timm_nets", "timm"),
    "tf2": Peer("TensorFlow 2", "tf2_nets", "tf2"),
    "tf1": Peer("TF 1.15 slim", "tf1_nets", "tf1"),
    "tf1-room": Peer("jax_slim.tf1", "tf1_room_nets"),
}

# Those of `inference.py`: nets that are only used.
INFERENCE = {
    "slim": Peer("jax-slim", "slim_inference"),
    "slim-native": Peer("jax-slim, native kernels", "slim_inference", None, {"form": "native"}),
    "slim-bfloat16": Peer("jax-slim, native kernels, bfloat16", "slim_inference", None, {"form": "bfloat16"}),
    "slim-int8": Peer("jax-slim, native kernels, int8", "slim_inference", None, {"form": "int8"}),
    "slim-logits": Peer("jax-slim, slim.jit, logits", "slim_inference", None, {"form": "logits"}),
    "slim-points": Peer("jax-slim, slim.jit(model.apply)", "slim_inference", None, {"form": "end points"}),
    "onnxruntime": Peer("ONNX Runtime", "onnx_nets", "onnx", {"runtime": "onnxruntime"}),
    "onnxruntime-int8": Peer("ONNX Runtime, int8", "onnx_nets", "onnx", {"runtime": "onnxruntime", "numbers": "int8"}),
    "openvino": Peer("OpenVINO", "onnx_nets", "onnx", {"runtime": "openvino"}),
    "openvino-bfloat16": Peer("OpenVINO, bfloat16", "onnx_nets", "onnx", {"runtime": "openvino", "numbers": "bf16"}),
    "torch-compiled": Peer("torch.compile", "torch_nets", "torch", {"compiled": True}),
    "timm": Peer("timm", "timm_nets", "timm"),
}


def has(peer: Peer, net: str) -> bool:
    """Whether a peer has a net: its library brings it along, or it is written down here."""
    if peer.module == "timm_nets":
        return net in architectures.NETS and architectures.NETS[net].timm is not None
    return peer.module in ("slim_nets", "slim_inference", "onnx_nets") or net in architectures.WRITTEN_DOWN


def requirements(environment: str) -> list[str]:
    """What is installed; JAX in the version of this interpreter, so that only the library differs."""
    jax = f"jax=={metadata.version('jax')}"
    return {
        "flax": [jax, "flax"],
        "haiku": [jax, "dm-haiku"],
        "onnx": [jax, "jax2onnx>=0.17.1", "onnxruntime", "openvino", "google-crc32c", "pillow", "simplejpeg"],
        "torch": ["torch==2.14.1", "numpy"],
        "timm": ["timm==1.0.31"],
        "tf2": ["tensorflow-cpu"],
        "tf1": ["tensorflow==1.15.5", "protobuf<3.21"],
    }[environment]


def python_of(environment: str | None, cache: Path, tf1_python: str | None = None) -> str:
    """The interpreter for an environment, which is made first where it is not there.

    Args:
      environment: its name, or None for this interpreter.
      cache: the folder of all environments.
      tf1_python: a Python 3.7, for "tf1": it is used as it is where it can import TensorFlow 1, else an environment is
        made of it.

    Raises:
      RuntimeError: it cannot be made; says why.
    """
    if environment is None:
        return sys.executable
    base = sys.executable
    if environment == "tf1":
        if tf1_python is None:
            raise RuntimeError("needs a Python 3.7: --tf1-python /path/to/python3.7")
        base = tf1_python
        if _runs(base, "import tensorflow as tf; assert tf.__version__.startswith('1.')"):
            return base
    folder, wanted = cache / environment, "\n".join(requirements(environment))
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return str(python)
    print(f"installing {wanted.splitlines()} into {folder} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    log = cache / f"{environment}.log"
    if not any(_install(way, base, folder, environment, log) for way in ("uv", "pip")):
        raise RuntimeError(f"could not be installed: see {log}")
    stamp.write_text(wanted)
    return str(python)


def _install(way: str, base: str, folder: Path, environment: str, log: Path) -> bool:
    python, wanted = str(folder / "bin" / "python"), requirements(environment)
    if way == "uv":
        if not _succeeds(["uv", "--version"]):
            return False
        commands = [
            ["uv", "venv", "--clear", "--python", base, str(folder)],
            ["uv", "pip", "install", "--python", python],
        ]
    else:
        commands = [[base, "-m", "venv", "--clear", str(folder)], [python, "-m", "pip", "install"]]
    commands[-1] += wanted
    with log.open("a") as output:
        return all(_succeeds(command, output) for command in commands)


def _succeeds(command: list[str], output: Any = subprocess.DEVNULL) -> bool:
    try:
        return subprocess.run(command, stdout=output, stderr=output, check=False).returncode == 0
    except OSError:
        return False


def _runs(python: str, program: str) -> bool:
    return _succeeds([python, "-W", "ignore", "-c", program])
