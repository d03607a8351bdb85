"""The devices of this machine, and files beside a program."""

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple


class _Device(NamedTuple):
    name: str
    device_type: str
    memory_limit: int
    physical_device_desc: str


def list_local_devices(session_config: Any = None) -> list[Any]:
    """The devices of this machine, with `name` and `device_type`: '/device:CPU:0' and so on."""
    import jax

    found = [_Device("/device:CPU:0", "CPU", 268435456, "")]
    for place, device in enumerate(d for d in jax.devices() if d.platform != "cpu"):
        kind = "GPU" if device.platform in ("gpu", "cuda", "rocm") else device.platform.upper()
        limit = (getattr(device, "memory_stats", lambda: None)() or {}).get("bytes_limit", 0)
        found.append(_Device(f"/device:{kind}:{place}", kind, limit, f"device: {place}, name: {device.device_kind}"))
    return found


def get_data_files_path() -> str:
    """The folder of the file that asks."""
    return os.path.dirname(os.path.abspath(sys._getframe(1).f_code.co_filename))


def load_resource(path: str) -> bytes:
    """The bytes of a file."""
    return Path(path).read_bytes()


def get_root_dir_with_all_resources() -> str:
    """The folder of the program."""
    return os.getcwd()


def get_path_to_datafile(path: str) -> str:
    """A path beside the file that asks."""
    return os.path.join(os.path.dirname(os.path.abspath(sys._getframe(1).f_code.co_filename)), path)


def readahead_file_path(path: str, readahead: str = "128M") -> str:
    return path
