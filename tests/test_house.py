"""The house of ARCHITECTURE.md: imports go down only. Every import is read, those hidden in functions too."""

import ast
import graphlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "jax_slim"
EXPORTS = "jax_slim._exports"  # the list of the root's names; the root itself loads it on first use

# Each floor's rooms, and what a room may import besides jax, numpy and the standard library.
HOUSE: list[dict[str, set[str]]] = [
    {
        "core": set(),
        "data": {"PIL", "google_crc32c", "grain", "simplejpeg"},
        "initializers": set(),
        "kernels": set(),
        "progress": {"rich"},
        "regularizers": set(),
    },
    {"preprocessing": {"PIL"}},
    {
        "checkpoints": {"google_crc32c", "h5py", "ml_dtypes", "orbax", "safetensors"},
        "datasets": {"PIL"},
        "detection": set(),
        "inference": set(),
        "layers": set(),
        "losses": set(),
        "metrics": set(),
        "optimizers": {"optax"},
        "parallel": set(),
        "summary": {"PIL", "tensorboard"},
        "utils": set(),
    },
    {
        "evaluation": set(),
        "exporting": {"PIL", "google", "jax2onnx", "onnx", "tensorboard"},
        "learning": {"optax"},
        "model_analyzer": {"rich"},
        "nets": set(),
        "plots": {"matplotlib"},
    },
    {"tf1": {"PIL", "absl", "google", "google_crc32c", "ml_dtypes", "scipy", "tensorboard"}},
    {"graphs": {"google"}},
    {"cli": {"PIL", "onnxruntime", "optax", "rich"}},
    {"__main__": set()},
]
# The floors inside of tf1: its folders and files, each on a floor above what it may import.
TF1: list[set[str]] = [
    {"graph", "names"},
    {"files"},
    {"operations"},
    {"running"},
    {"python"},
    {"contrib"},
    {
        "__init__",
        "__main__",
        "checking",
        "children",
        "companions",
        "dropped_names",
        "imports",
        "launching",
        "modules",
    },
]
TF1_FLOORS = {part: floor for floor, parts in enumerate(TF1) for part in parts}
FLOORS = {room: floor for floor, rooms in enumerate(HOUSE) for room in rooms}
GUESTS = {room: guests for rooms in HOUSE for room, guests in rooms.items()}
EVERYWHERE = {"jax", "numpy"} | set(sys.stdlib_module_names)
WITHOUT_JAX = {"data"}  # its users may have no accelerator, or another framework


def modules(tree: Path) -> dict[str, Path]:
    """Each module of the package under `tree` by its dotted name."""
    found = {}
    for path in sorted((tree / PACKAGE).rglob("*.py")):
        parts = path.relative_to(tree).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, known: dict[str, Path]) -> Iterator[tuple[int, str]]:
    """The line and the dotted name of everything that the module `name` imports, at any depth, also by a string."""
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                # `from jax_slim.core import names` imports a module, `... .core.names import join` what is in one.
                whole = f"{base}.{alias.name}"
                yield node.lineno, whole if whole in known else base
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def for_types_only(path: Path) -> set[int]:
    """The lines under `if TYPE_CHECKING:`: never run, so they cannot close a cycle. The floors hold there too."""
    guarded = (
        node
        for node in ast.walk(ast.parse(path.read_text(), str(path)))
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    )
    return {line for node in guarded for part in node.body for line in range(part.lineno, part.end_lineno + 1)}


def refusal(name: str, imported: str) -> str | None:
    """Why the module `name` may not import `imported`, or None when it may."""
    room, top = name.split(".")[1], imported.split(".")[0]
    if top != PACKAGE:
        allowed = (EVERYWHERE - {"jax"} if room in WITHOUT_JAX else EVERYWHERE) | GUESTS[room]
        if top not in allowed:
            return f"{room} may import {sorted(allowed - set(sys.stdlib_module_names))} and the standard library"
        if top not in sys.stdlib_module_names and any(part.startswith("_") for part in imported.split(".")):
            return "a private module of another package changes without notice"
        return None
    if imported == PACKAGE:
        return "nothing inside the package imports the package root: import from the file that defines the name"
    other = imported.split(".")[1]
    if other == room:
        return refusal_inside_tf1(name, imported) if room == "tf1" else None
    if other not in FLOORS:
        return f"{other} is no room of the house: add it to a floor of HOUSE"
    if FLOORS[other] == FLOORS[room]:
        return f"{room} and {other} are both on floor {FLOORS[room]}: a room never imports one of its own floor"
    if FLOORS[other] > FLOORS[room]:
        return f"{room} is on floor {FLOORS[room]}, {other} on floor {FLOORS[other]}: imports go down only"
    return None


def refusal_inside_tf1(name: str, imported: str) -> str | None:
    """Why a module of tf1 may not import another one of it, or None when it may."""
    part, other = ((dotted.split(".") + ["__init__"])[2] for dotted in (name, imported))
    for found in (part, other):
        if found not in TF1_FLOORS:
            return f"{found} is no part of tf1: add it to a floor of TF1"
    if part != other and TF1_FLOORS[other] >= TF1_FLOORS[part] != TF1_FLOORS["__init__"]:
        floors = f"{part} is on floor {TF1_FLOORS[part]}, {other} on floor {TF1_FLOORS[other]}"
        return f"inside tf1 {floors}: imports go down only"
    return None


def root_faults(path: Path) -> Iterator[tuple[int, str]]:
    """What `jax_slim/__init__.py` holds besides explicit exports, constants and the loading of rooms on first use."""
    for node in ast.parse(path.read_text(), str(path)).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            for alias in node.names:
                if alias.name == "*":
                    yield node.lineno, f"from {node.module} import *: name each export"
                elif alias.asname != alias.name:
                    yield node.lineno, f"write `from {node.module} import {alias.name} as {alias.name}`"
        elif not allowed_in_root(node):
            yield node.lineno, "the package root only lists exports: move this into a room"


def allowed_in_root(node: ast.stmt) -> bool:
    """Whether a statement is an import, a constant, the docstring, or part of loading rooms on first use."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Assign() | ast.AnnAssign() | ast.Expr(value=ast.Constant()):
            return True
        case ast.FunctionDef(name="__getattr__" | "__dir__" | "_exported"):
            return True
        case ast.If(test=test):
            return ast.unparse(test).endswith("TYPE_CHECKING")
    return False


def hidden(name: str, path: Path, known: dict[str, Path]) -> Iterator[tuple[int, str]]:
    """Names that an `__init__.py` binds although a file beside it is called the same: the module would be hidden."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.ImportFrom) and node.module != name:
            for alias in node.names:
                bound = alias.asname or alias.name
                if f"{name}.{bound}" in known:
                    yield node.lineno, f"{bound} hides the module {name}.{bound}: give the file another name"


def faults(tree: Path) -> list[str]:
    """Every break of the house's rules under `tree`, as `file:line: what: why`."""
    known, found, edges = modules(tree), [], {}

    def report(path: Path, line: int, text: str) -> None:
        found.append(f"{path.relative_to(tree)}:{line}: {text}")

    for name, path in known.items():
        if path.stem == "__init__" or name == EXPORTS:
            for line, text in hidden(PACKAGE if name == EXPORTS else name, path, known):
                report(path, line, text)
        if name in (PACKAGE, EXPORTS):
            for line, text in root_faults(path):
                report(path, line, text)
            continue
        if name.split(".")[1] not in FLOORS:
            report(path, 1, f"{name.split('.')[1]} is no room of the house: add it to a floor of HOUSE")
            continue
        read = list(imports(name, path, known))
        never_run = for_types_only(path)
        edges[name] = {imported for line, imported in read if imported in known and line not in never_run}
        for line, imported in read:
            if (why := refusal(name, imported)) is not None:
                report(path, line, f"imports {imported}: {why}")
    try:
        graphlib.TopologicalSorter(edges).prepare()
    except graphlib.CycleError as error:
        found.append("import cycle: " + " -> ".join(reversed(error.args[1])))
    return found


def test_the_house_stands():
    assert faults(Path(__file__).parents[1]) == []


def build(tree, files):
    for name, source in files.items():
        path = tree / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return faults(tree)


LAZY_ROOT = '''"""Doc."""
import importlib
from jax_slim.core.scopes import a as a
__version__ = "1"
def __getattr__(name):
    return importlib.import_module(name)
'''


def test_what_is_allowed_is_not_reported(tmp_path):
    files = {
        "__init__.py": LAZY_ROOT,
        "core/__init__.py": "",
        "core/names.py": "import re\nimport jax.numpy as jnp\n",
        "core/scopes.py": "from jax_slim.core import names\nfrom .names import b\na = 1\n",
        "layers/dense.py": "from jax_slim import initializers\nfrom jax_slim.core.scopes import a\n",
        "initializers.py": "from jax import lax\nimport numpy as np\n",
        "checkpoints/native.py": "def save():\n    import orbax.checkpoint as ocp\n",
        "nets/vgg.py": "from jax_slim.layers.dense import a\n",
    }
    assert build(tmp_path, files) == []


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        (
            "core/a.py",
            "x = 1\nfrom jax_slim.layers import a\n",
            "2: imports jax_slim.layers: core is on floor 0, layers",
        ),
        (
            "core/a.py",
            "import jax_slim.nets.vgg\n",
            "1: imports jax_slim.nets.vgg: core is on floor 0, nets on floor 3",
        ),
        ("core/a.py", "def f():\n    from jax_slim import nets\n", "2: imports jax_slim: nothing inside"),
        ("kernels/a.py", "from jax_slim.core.names import join\n", "kernels and core are both on floor 0"),
        ("initializers.py", "import jax_slim.core.names\n", "initializers and core are both on floor 0"),
        ("regularizers.py", "from jax_slim.core import names\n", "regularizers and core are both on floor 0"),
        ("progress.py", "from .core import names\n", "progress and core are both on floor 0"),
        ("data/a.py", "def f():\n    from ..core import names\n", "2: imports jax_slim.core.names: data and core are"),
        ("data/a.py", "import jax\n", "1: imports jax: data may import ['PIL', 'google_crc32c',"),
        ("layers/a.py", "def f():\n    def g():\n        import jax_slim.losses.b\n", "3: imports jax_slim.losses.b"),
        ("layers/a.py", "import jax_slim as slim\n", "1: imports jax_slim: nothing inside the package"),
        ("layers/a.py", "from jax_slim import conv2d\n", "1: imports jax_slim: nothing inside the package"),
        (
            "layers/a.py",
            "import importlib as i\ni.import_module('jax_slim.nets')\n",
            "2: imports jax_slim.nets: layers",
        ),
        ("layers/a.py", "import optax\n", "1: imports optax: layers may import ['jax', 'numpy']"),
        ("layers/a.py", "if True:\n    import tensorflow as tf\n", "2: imports tensorflow"),
        ("layers/a.py", "from jax._src import core\n", "1: imports jax._src: a private module"),
        ("layers/a.py", "from jax_slim.helpers import b\n", "1: imports jax_slim.helpers: helpers is no room"),
        ("helpers.py", "", "1: helpers is no room of the house"),
        ("nets/a.py", "from jax_slim.learning import train\n", "nets and learning are both on floor 3"),
        ("_exports.py", "from jax_slim.core.names import join\n", "1: write `from jax_slim.core.names import join as "),
        ("_exports.py", "from jax_slim.nets.vgg import core as core\n", "1: core hides the module jax_slim.core"),
        ("__init__.py", "from jax_slim.core.names import *\n", "1: from jax_slim.core.names import *: name each"),
        ("__init__.py", "from jax_slim.core.names import join\n", "1: write `from jax_slim.core.names import join as "),
        (
            "__init__.py",
            "from jax_slim.core.names import join as j\n",
            "1: write `from jax_slim.core.names import join",
        ),
        ("__init__.py", "def conv2d():\n    pass\n", "1: the package root only lists exports"),
        ("__init__.py", "if True:\n    x = 1\n", "1: the package root only lists exports"),
        ("__init__.py", "from jax_slim.nets.vgg import core as core\n", "1: core hides the module jax_slim.core"),
    ],
)
def test_planted_faults_are_found(tmp_path, name, source, message):
    (found,) = build(tmp_path, {"core/__init__.py": "", "core/names.py": "", name: source})
    assert found.startswith(f"{PACKAGE}/{name}:")
    assert message in found


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        (
            "graph/a.py",
            "from jax_slim.tf1.operations import b\n",
            "inside tf1 graph is on floor 0, operations on floor 2",
        ),
        (
            "files/a.py",
            "def f():\n    from jax_slim.tf1.operations import b\n",
            "files is on floor 1, operations on floor 2",
        ),
        ("python/a.py", "from jax_slim.tf1 import modules\n", "inside tf1 python is on floor 4, modules on floor 6"),
        ("helpers/a.py", "from jax_slim.tf1.graph import b\n", "helpers is no part of tf1"),
    ],
)
def test_floors_inside_tf1(tmp_path, name, source, message):
    files = dict.fromkeys(("operations/b.py", "files/b.py", "graph/b.py", "modules.py"), "")
    found = build(tmp_path, {f"tf1/{path}": text for path, text in {**files, name: source}.items()})
    assert len(found) == 1
    assert message in found[0]


def test_a_room_imported_through_the_root_is_still_a_room(tmp_path):
    found = build(tmp_path, {"core/a.py": "def f():\n    from jax_slim import nets\n", "nets/__init__.py": ""})
    why = "core is on floor 0, nets on floor 3: imports go down only"
    assert found == [f"jax_slim/core/a.py:2: imports jax_slim.nets: {why}"]


@pytest.mark.parametrize("late", ["", "def f():\n    "])
def test_cycles_are_found(tmp_path, late):
    files = {"core/a.py": "import jax_slim.core.b\n", "core/b.py": late + "from jax_slim.core import a\n"}
    (found,) = build(tmp_path, files)
    assert found.startswith("import cycle: jax_slim.core.")
    assert found.count("->") == 2


def test_an_import_for_types_only_closes_no_cycle_but_keeps_to_its_floor(tmp_path):
    late = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from jax_slim."
    assert build(tmp_path, {"core/a.py": "import jax_slim.core.b\n", "core/b.py": late + "core import a\n"}) == []
    (found,) = build(tmp_path, {"core/b.py": late + "layers import a\n"})
    assert "core/b.py:3: imports jax_slim.layers: core is on floor 0" in found
