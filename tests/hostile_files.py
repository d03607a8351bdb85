"""Files as a bad disk or a bad person makes them, and a watch over what reading them does."""

import contextlib
import os
import resource
import sys

import numpy as np

_RUNS = {
    "os.exec", "os.fork", "os.posix_spawn", "os.system", "pickle.find_class", "socket.connect", "subprocess.Popen",
    "webbrowser.open",
}  # fmt: skip
_MOST = 256 << 20  # bytes of memory
_found = None


def _look(event, arguments):
    if _found is None:
        return
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if event in _RUNS or writes:
        _found.append((event, arguments))


sys.addaudithook(_look)


@contextlib.contextmanager
def only_read(writes=False):
    """Fails where what is inside runs a program, asks a pickle for a class, connects, takes much memory, or writes."""
    global _found
    before, _found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    try:
        yield
    finally:
        found, _found = _found, None
    assert not [told for told in found if not (writes and told[0] == "open")]
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10 < _MOST


def damaged(content, rng):
    """Some bytes changed, and in a third of all cases the end cut off."""
    content = bytearray(content)
    for _ in range(rng.randint(1, 5)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    if rng.random() < 0.3:
        del content[rng.randrange(len(content)) :]
    return bytes(content)


_OPERATIONS = [
    b"cos\nsystem\n", b"cbuiltins\neval\n", b"cposix\nsystem\n", b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch._utils\n_rebuild_parameter\n", b"ctorch\nFloatStorage\n", b"ccollections\nOrderedDict\n",
    b"(ios\nsystem\n", b"\x8c\x02os\x8c\x06system\x93", b"X\x02\x00\x00\x00id", b"X\x0a\x00\x00\x00state_dict",
    b"X\xff\xff\xff\x7f", b"K\x02", b"M\xff\xff", b"J\xff\xff\xff\x7f", b"J\xff\xff\xff\xff",
    b"\x8a\x04\xff\xff\xff\x7f", b"N", b"\x88", b"G" + bytes(8), b"q\x00", b"q\x01", b"h\x00", b"h\x01",
    b"r\xff\xff\xff\x7f", b"\x94", b"(", b"t", b")", b"\x85", b"\x86", b"\x87", b"}", b"]", b"s", b"u", b"a",
    b"e", b"b", b"Q", b"R", b"o", b"\x81", b"\x82\x01", b"2", b"0", b"1", b"P0\n", b"V\\u0061\n",
]  # fmt: skip


def pickled(rng):
    """Operations of pickles in any order: names of functions, calls, tuples and dicts, numbers and texts."""
    return b"\x80\x02" + b"".join(rng.choices(_OPERATIONS, k=rng.randint(1, 40))) + rng.choice([b".", b".", b".", b""])


def write_hdf5(h5py, path, rng):
    """A file in Keras's two forms, with groups within themselves, links to elsewhere, and data of any kind and size."""
    with h5py.File(path, "w") as file:
        groups = [file]
        for number in range(rng.randint(1, 12)):
            name = rng.choice(["layers", "vars", "conv2d", "conv2d_1", "dense", "a", "model_weights", str(number)])
            with contextlib.suppress(ValueError):  # it is there
                groups.append(rng.choice(groups).create_group(name))
        for _ in range(rng.randint(0, 6)):
            group, other = rng.choice(groups), rng.choice(groups)
            name = rng.choice(["layers", "vars", "dense", "a", "0", "1", "kernel"])
            with contextlib.suppress(OSError, RuntimeError, ValueError):  # it is there
                group[name] = rng.choice(
                    [other, other, h5py.SoftLink("/a"), h5py.SoftLink("."), h5py.ExternalLink("/etc/hostname", "/a")]
                )
        for _ in range(rng.randint(0, 6)):
            with contextlib.suppress(OSError, RuntimeError, ValueError):
                _write_data(h5py, rng.choice(groups), rng.choice(["0", "1", "kernel", "a"]), rng)
        for group in groups:
            for name in ("layer_names", "weight_names", "name"):
                if rng.random() < 0.3:
                    group.attrs[name] = rng.choice(
                        [
                            [b"a"],
                            [b"a", b"a", b"layers"],
                            [b"a/kernel"],
                            [b"../a", b"/", b""],
                            b"\xff",
                            3,
                            np.zeros(4),
                            [],
                        ]
                    )


def _write_data(h5py, group, name, rng):
    kind = rng.randrange(7)
    if kind == 0:
        group.create_dataset(name, (rng.choice([0, 4, 1 << 20, 1 << 40]),), "f4", chunks=(1 << 10,), maxshape=(None,))
    elif kind == 1:
        group.create_dataset(name, data=np.zeros(1 << 16, np.float32), compression="gzip")
    elif kind == 2:
        group.create_dataset(name, (4,), "f4", external=[("/etc/hostname", 0, 16)])
    elif kind == 3:
        group[name] = [b"text", b"more"]
    elif kind == 4:
        group[name] = np.zeros(2, np.dtype([("x", "f4"), ("y", "i8")]))
    elif kind == 5:
        layout = h5py.VirtualLayout((1 << 30,), "f4")
        layout[:4] = h5py.VirtualSource(rng.choice([".", "/etc/hostname"]), "a", (4,))
        group.create_virtual_dataset(name, layout)
    else:
        group[name] = np.ones(rng.choice([(), (2,), (3, 3, 2, 1)]), rng.choice(["f2", "f4", "f8", "i8", "?", "c8"]))
