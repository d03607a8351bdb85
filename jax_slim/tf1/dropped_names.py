"""What SciPy and Pillow have dropped since TensorFlow 1's time and programs of then use: `scipy.misc`'s images and old names."""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

_FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "cubic": 3}


def install() -> None:
    """Has `import scipy.misc`, `PIL.Image` and their kin give what they once gave; nothing of them is imported now."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
        for name, complete in _COMPLETED.items():
            if name in sys.modules:
                complete(sys.modules[name])


def bytescale(data: Any, cmin: Any = None, cmax: Any = None, high: int = 255, low: int = 0) -> np.ndarray:
    """Values as uint8: from `cmin` to `cmax`, by default the least and the largest, over `low` to `high`. uint8 stays."""
    data = np.asarray(data)
    if data.dtype == np.uint8:
        return data
    if not 0 <= low <= high <= 255:
        raise ValueError(f"bytescale: low and high must be 0 <= low <= high <= 255, got {low} and {high}.")
    cmin, cmax = data.min() if cmin is None else cmin, data.max() if cmax is None else cmax
    if cmax < cmin:
        raise ValueError(f"bytescale: cmax must be at least cmin, got {cmax} and {cmin}.")
    scaled = (data * 1.0 - cmin) * (float(high - low) / (float(cmax - cmin) or 1.0)) + low
    return (scaled.clip(low, high) + 0.5).astype(np.uint8)


def toimage(
    arr: Any,
    high: int = 255,
    low: int = 0,
    cmin: Any = None,
    cmax: Any = None,
    pal: Any = None,
    mode: str | None = None,
    channel_axis: int | None = None,
) -> Any:
    """An array as a Pillow image: [height, width], or with an axis of 3 or 4 channels; values over 0 to 255, see `bytescale`."""
    from PIL import Image

    data = np.asarray(arr)
    if data.ndim == 2 and mode in ("F", "I"):
        return Image.fromarray(data.astype(np.float32 if mode == "F" else np.int32))
    if data.ndim == 2:
        image = Image.fromarray(bytescale(data, cmin, cmax, high, low))
        if mode == "P":
            image.putpalette(
                np.asarray(pal if pal is not None else np.arange(256)[:, None].repeat(3, 1), np.uint8).tobytes()
            )
        return image.convert("1") if mode == "1" else image
    found = [] if data.ndim != 3 else [a for n in (3, 4) for a in range(3) if data.shape[a] == n]
    axis = channel_axis if channel_axis is not None else (found or [None])[0]
    if data.ndim != 3 or axis is None or data.shape[axis] not in (3, 4):
        raise ValueError(f"toimage: arr must be [height, width] or have 3 or 4 channels, got shape {data.shape}.")
    values = bytescale(np.moveaxis(data, axis, -1), cmin, cmax, high, low)
    return Image.frombytes(
        mode or ("RGB" if values.shape[-1] == 3 else "RGBA"),
        (values.shape[1], values.shape[0]),
        np.ascontiguousarray(values).tobytes(),
    )


def fromimage(im: Any, flatten: bool = False, mode: str | None = None) -> np.ndarray:
    """A Pillow image as an array; gray and float32 with `flatten`, in another mode of Pillow's with `mode`."""
    if mode is not None:
        im = im if im.mode == mode else im.convert(mode)
    elif im.mode == "P":
        im = im.convert("RGBA" if "transparency" in im.info else "RGB")
    if flatten:
        im = im.convert("F")
    elif im.mode == "1":
        im = im.convert("L")
    return np.array(im)


def imread(name: Any, flatten: bool = False, mode: str | None = None) -> np.ndarray:
    """The image of a file as an array of uint8; see `fromimage`."""
    from PIL import Image

    with Image.open(name) as image:
        return fromimage(image, flatten, mode)


def imsave(name: Any, arr: Any, format: str | None = None) -> None:
    """Writes an array, see `toimage`, in the format that the file's name ends with, or in `format`."""
    image = toimage(arr, channel_axis=2 if np.ndim(arr) == 3 else None)
    image.save(name, **({} if format is None else {"format": format}))


def imresize(arr: Any, size: Any, interp: str = "bilinear", mode: str | None = None) -> np.ndarray:
    """An image in another size: percent as an int, a factor as a float, or (height, width). Values first go over 0 to 255."""
    image = toimage(arr, mode=mode)
    if isinstance(size, int | np.integer | float | np.floating):
        factor = size / 100.0 if isinstance(size, int | np.integer) else float(size)
        wanted = tuple(int(n * factor) for n in image.size)
    else:
        wanted = (int(size[1]), int(size[0]))
    return fromimage(image.resize(wanted, resample=_FILTERS[interp]))


def imrotate(arr: Any, angle: float, interp: str = "bilinear") -> np.ndarray:
    """An image turned by `angle` degrees against the clock, in its old size."""
    return fromimage(toimage(arr).rotate(angle, resample=_FILTERS[interp]))


_IMAGES = {f.__name__: f for f in (bytescale, toimage, fromimage, imread, imsave, imresize, imrotate)}


def _misc(module: ModuleType) -> None:
    from scipy import special

    dropped = {name: getattr(special, name) for name in ("comb", "factorial", "factorial2", "factorialk", "logsumexp")}
    _add(module, {**_IMAGES, **dropped})


def _ndimage(module: ModuleType) -> None:
    _add(module, {"imread": imread})


def _linalg(module: ModuleType) -> None:
    from scipy.sparse import linalg

    _add(module, vars(linalg))
    module.__path__ = []


def _filters(module: ModuleType) -> None:
    dropped = {"ANTIALIAS": "LANCZOS", "LINEAR": "BILINEAR", "CUBIC": "BICUBIC"}
    _add(module, {old: getattr(module, new) for old, new in dropped.items()})


def _fonts(module: ModuleType) -> None:
    def size(font: Any, text: Any, *arguments: Any, **keywords: Any) -> tuple[int, int]:
        """The width and height that a text takes, from its origin."""
        left_top_right_bottom = font.getbbox(text, *arguments, **keywords)
        return left_top_right_bottom[2], left_top_right_bottom[3]

    for kind in (module.ImageFont, module.FreeTypeFont, module.TransposedFont):
        if not hasattr(kind, "getsize"):
            kind.getsize = size


def _add(module: ModuleType, names: Any) -> None:
    for name, what in names.items():
        if name not in module.__dict__:
            setattr(module, name, what)


# Module -> what completes it once it is loaded. Modules of private names, which SciPy has dropped, are made.
_COMPLETED: dict[str, Callable[[ModuleType], None]] = {
    "PIL.Image": _filters,
    "PIL.ImageFont": _fonts,
    "scipy.misc": _misc,
    "scipy.misc.pilutil": _misc,
    "scipy.ndimage": _ndimage,
    "scipy.sparse.linalg.eigen": _linalg,
    "scipy.sparse.linalg.eigen.arpack": _linalg,
    "scipy.sparse.linalg.isolve": _linalg,
}


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> Any:
        complete = _COMPLETED.get(fullname)
        if complete is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        # `scipy.misc` of late is an empty module that warns; a module in the place of a package has no submodules.
        if spec is None or spec.loader is None or fullname.startswith(("scipy.misc", "scipy.sparse.linalg.")):
            return importlib.util.spec_from_loader(fullname, _Loader(complete), is_package=True)
        spec.loader = _Loader(complete, spec.loader)
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, complete: Callable[[ModuleType], None], real: Any = None) -> None:
        self._complete, self._real = complete, real

    def create_module(self, spec: Any) -> Any:
        return None if self._real is None else self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if self._real is not None:
            self._real.exec_module(module)
        self._complete(module)
