"""Rooms whose files are loaded when one is first named: `nets` has dozens, of which a program uses a few."""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Mapping
from typing import Any


def on_first_use(room: str, objects: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Makes `__getattr__` and `__dir__` of a room, whose `__init__` has its imports for checkers alone.

        __getattr__, __dir__ = on_first_use(__name__, {"create_model": "creation"})

    Args:
      room: the package.
      objects: the name of what is offered -> the file of the room that has it. The room's files themselves are found.

    Returns:
      The two functions. A name that neither is a file nor offered raises AttributeError.
    """

    def get(name: str) -> Any:
        if name in objects:
            found = getattr(importlib.import_module(f"{room}.{objects[name]}"), name)
        elif not name.startswith("_") and importlib.util.find_spec(f"{room}.{name}") is not None:
            found = importlib.import_module(f"{room}.{name}")
        else:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        setattr(sys.modules[room], name, found)  # so that it is not asked for again
        return found

    def names() -> list[str]:
        files = [file.name for file in pkgutil.iter_modules(sys.modules[room].__path__)]
        public = [name for name in files if not name.startswith("_")]
        return sorted({*vars(sys.modules[room]), *objects, *public})

    return get, names
