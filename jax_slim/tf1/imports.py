"""Who answers `import tensorflow` in this process: `install` puts jax-slim's TensorFlow 1 in its place."""

import importlib.abc
import importlib.machinery
import importlib.metadata
import sys
import warnings
from typing import Any

from jax_slim.tf1 import companions, modules

_SLIM = "tf_slim"


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `tensorflow`, `tf_slim` and what is below them."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        dotted = dotted_name(fullname)
        if dotted is not None and modules.command(dotted) is not None:
            return importlib.machinery.ModuleSpec(fullname, self, origin=dotted.split(".")[-2])
        if dotted is None or not modules.is_module(dotted):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: Any) -> Any:
        return modules.module(modules._plain(dotted_name(spec.name) or ""))

    def get_code(self, fullname: str) -> Any:
        """What `python -m` runs of a tool's `__main__`: the function that stands for it."""
        place = modules.command(dotted_name(fullname) or "")
        return compile(
            f"import sys, jax_slim.tf1.modules as modules\nsys.exit(modules.load({place!r})())", fullname, "exec"
        )

    def exec_module(self, module: Any) -> None:
        module.__path__ = []


def dotted_name(fullname: str) -> str | None:
    """The name below `tensorflow` of a module's name (tf_slim is contrib.slim); None for other modules."""
    if fullname == "tensorflow":
        return ""
    if fullname.startswith("tensorflow."):
        return fullname.partition(".")[2]
    if fullname == _SLIM or fullname.startswith(_SLIM + "."):
        return "contrib.slim" + fullname[len(_SLIM) :]
    return None


_finder = _Finder()


def install() -> None:
    """Has `import tensorflow`, `tensorflow.contrib.slim`, `tf_slim` and their like answered by jax-slim in this process.

    It stands before an installed TensorFlow, which is left as it is; a warning says so once. Call it before the
    program's own imports.

    Raises:
      RuntimeError: a real TensorFlow has been imported already.
    """
    modules.load_rows()
    if _finder in sys.meta_path:
        return
    for name, found in list(sys.modules.items()):
        if dotted_name(name) is not None and not modules.is_ours(found):
            raise RuntimeError(
                f"jax_slim.tf1.install: {name} must not be imported yet, and {getattr(found, '__file__', 'it')} is. Call install() before anything imports it."
            )
    sys.meta_path.insert(0, _finder)
    companions.install()
    try:
        version = importlib.metadata.version("tensorflow")
    except importlib.metadata.PackageNotFoundError:
        return
    warnings.warn(
        f"In this process `import tensorflow` is jax-slim's TensorFlow 1; the installed TensorFlow {version} is not used.",
        stacklevel=2,
    )


def uninstall() -> None:
    """Undoes `install`: later imports find what is installed. What was imported stays with who imported it."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    for name, found in list(sys.modules.items()):
        if dotted_name(name) is not None and modules.is_ours(found):
            del sys.modules[name]
