"""What people take for a checkpoint, told from its first bytes and its name, and what reads it."""

import os
import re

from jax_slim.data.checksums import masked_crc32c

_STARTS = {
    b"PK\x03\x04": "a zip archive (an .npz file, perhaps)",
    b"\x89HDF\r\n": "an HDF5 file (of Keras)",
    b"\x80\x02": "a pickle (an old PyTorch file)",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"\x93NUMPY": "one array of NumPy: numpy.load reads it",
    b"\x1f\x8b": "compressed: unpack it first (tar xzf), then give the .ckpt in it",
    b"version https://git-lfs": "a pointer of Git LFS, not the file: run `git lfs pull`",
    b"<": "a web page or XML, of a failed download perhaps",
}
_GRAPH = re.compile(rb"\n[\x80-\xff]{0,4}[\x01-\x7f]\n[\x01-\x7f]")  # a GraphDef: a node, which begins with its name
_GRAPH_TEXT = re.compile(rb"\s*(?:node|library|versions)\s*\{")
_SAVED_MODEL = re.compile(rb"\x08\x01\x12")


def what_else(path: str, head: bytes) -> str | None:
    """What a file is that is no checkpoint, in words; None when nothing tells.

    Args:
      path: the file.
      head: its first bytes, 32 or so.
    """
    folder, name = os.path.split(os.path.abspath(path))
    for start, what in _STARTS.items():
        if head.startswith(start):
            return what
    if head[4:8] == b"TFL3":
        return "a model of TensorFlow Lite, whose weights may be quantized. Give the checkpoint that it was made from"
    if len(head) >= 12 and masked_crc32c(head[:8]) == int.from_bytes(head[8:12], "little"):
        if "tfevents" in name:
            return "a file of events: TensorBoard shows it, and slim.summary.read_scalars a run's numbers"
        return "a file of TFRecords: slim.data.TFRecords and slim.datasets.open_dataset read it"
    if name == "saved_model.pb" or (name.endswith(".pb") and _SAVED_MODEL.match(head)):
        return f"the graph of a SavedModel, without its variables. These are beside it: give the folder, {folder}"
    if name.endswith((".pb", ".pbtxt")) or _GRAPH.match(head) or _GRAPH_TEXT.match(head):
        return (
            "a graph of TensorFlow: a frozen one holds its weights as constants. slim.graphs.load and --graph of the "
            "command run it, `jax-slim convert` takes the weights out. Give the checkpoint that it was frozen from"
        )
    return None
