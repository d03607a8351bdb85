"""Rows that read, write and find files."""

from pathlib import Path
from typing import Any

import numpy as np

from jax_slim.tf1.graph import rows, shape_inference
from jax_slim.tf1.operations import file_system
from jax_slim.tf1.operations.strings import each

_same = shape_inference.like_input()


def _path(value: Any) -> str:
    return np.asarray(value, object).item().decode()


@rows.row("ReadFile", host=True, shape=shape_inference.scalar, gradient=rows.NONE)
def read_file(filename: Any) -> Any:
    path = _path(filename)
    with file_system.opened(path), Path(path).open("rb") as file:
        found = file.read()
    return each(lambda unused: found, filename)


@rows.row("WriteFile", host=True, context=True, gradient=rows.NONE)
def write_file(run: Any, op: Any, filename: Any, contents: Any) -> Any:
    path = _path(filename)
    file_system.make_folders(file_system.folder_of(path))
    with file_system.opened(path), Path(path).open("wb") as file:
        file.write(np.asarray(contents, object).item())
    return []


@rows.row("MatchingFiles", host=True, shape=lambda op: [(None,)], gradient=rows.NONE)
def matching_files(pattern: Any) -> Any:
    found: set[str] = set()
    for one in np.asarray(pattern, object).reshape(-1):
        found.update(file_system.matching(one.decode()))
    result = np.empty(len(found), object)
    result[:] = [name.encode() for name in sorted(found)]
    return result
