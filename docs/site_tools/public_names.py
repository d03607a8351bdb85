"""What is public, found in the package itself: rooms, their files, and what each offers under which names."""

import ast
import importlib
import inspect
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax_slim

WITHOUT_A_PAGE = {"tf1", "cli"}  # TensorFlow's names, and a command: pages of their own kind


@dataclass
class Entry:
    """A public object.

    Attributes:
      name: the shortest of its names, as programs write it: "slim.conv2d".
      value: the object.
      others: its other names.
    """

    name: str
    value: Any
    others: list[str] = field(default_factory=list)


@dataclass
class Page:
    """A room, or a public file of one: its objects in the order of the source."""

    name: str
    module: types.ModuleType
    entries: list[Entry] = field(default_factory=list)


def pages() -> list[Page]:
    """Every public object on one page: that of the module that offers it, and of several the nearest to the root."""
    found: dict[int, Entry] = {}
    made = []
    for name, module in _modules():
        page = Page(name, module)
        for public, value in _offers(module):
            whole = f"{name}.{public}"
            known = found.get(id(value)) if _is_one(value) else None
            if known is not None:
                known.others.append(whole)
                continue
            entry = Entry(whole, value)
            if _is_one(value):
                found[id(value)] = entry
            page.entries.append(entry)
        made.append(page)
    for public in dir(jax_slim):
        value = getattr(jax_slim, public)
        if public.startswith("_") or inspect.ismodule(value):
            continue
        whole = f"slim.{public}"
        entry = found.get(id(value))
        if entry is None:
            entry = found[id(value)] = Entry(whole, value)
            _home(made, value).entries.append(entry)
        elif entry.name.startswith("slim.") and entry.name.count(".") == 1:
            entry.others.append(whole)
        else:
            entry.others.insert(0, entry.name)
            entry.name = whole
    return [page for page in made if page.entries or inspect.getdoc(page.module)]


def _home(made: list[Page], value: Any) -> Page:
    """The page of the room that an object of the root was written in."""
    room = f"{getattr(value, '__module__', None) or type(value).__module__}.".split(".")[1]
    return next((page for page in made if page.name == f"slim.{room}"), next(p for p in made if p.name == "slim.core"))


def _modules() -> list[tuple[str, types.ModuleType]]:
    """Rooms, each followed by its public files, by the name that programs write."""
    found: dict[str, types.ModuleType] = {}
    for room in dir(jax_slim):
        module = getattr(jax_slim, room)
        if not inspect.ismodule(module) or room in WITHOUT_A_PAGE or module.__name__ != f"jax_slim.{room}":
            continue
        found[f"slim.{room}"] = module
        for public, value in _offers(module, modules=True):
            found[f"slim.{room}.{public}"] = value
    for name in dir(jax_slim):  # modules that stand at the root alone
        module = getattr(jax_slim, name)
        if (
            inspect.ismodule(module)
            and name not in WITHOUT_A_PAGE
            and all(module is not known for known in found.values())
        ):
            found[f"slim.{name}"] = module
    return list(found.items())


def _offers(module: types.ModuleType, modules: bool = False) -> list[tuple[str, Any]]:
    """What a module defines, and what it imports under the same name with `as`: its objects, or its modules."""
    source = Path(str(module.__file__))
    names = []
    statements = ast.parse(source.read_text()).body
    for node in [*statements, *(inner for one in statements if isinstance(one, ast.If) for inner in one.body)]:
        match node:
            case ast.ImportFrom(names=imported):
                names += [alias.name for alias in imported if alias.asname == alias.name]
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.append(name)
            case ast.Assign(targets=targets):
                names += [target.id for target in targets if isinstance(target, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.append(name)
    offered = dict.fromkeys(name for name in names if not name.startswith("_"))
    values = [(name, getattr(module, name)) for name in offered if hasattr(module, name)]
    return [(name, value) for name, value in values if inspect.ismodule(value) == modules]


def _is_one(value: Any) -> bool:
    """Whether two names of this value are names of one thing: two equal numbers or texts are not."""
    return not isinstance(value, int | float | str | bytes | tuple | None)


def tensorflow_names() -> dict[str, list[str]]:
    """The modules of TensorFlow 1 that `slim.tf1` answers for, with the names in each."""
    found: dict[str, list[str]] = {}
    for dotted in importlib.import_module("jax_slim.tf1.modules").table():
        module, _, name = f"tf.{dotted}".rpartition(".")
        found.setdefault(module, []).append(name)
    return {module: sorted(names) for module, names in sorted(found.items())}
