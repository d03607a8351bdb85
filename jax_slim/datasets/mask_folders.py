"""Images and masks in folders: which mask is of which image, and which part they are in."""

import operator
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jax_slim.data.mask_images import read_mask
from jax_slim.data.photographs import has_image_ending, read_photograph
from jax_slim.datasets.parts import known_part

# What people and data sets call the two folders.
IMAGE_FOLDERS = ("images", "image", "imgs", "JPEGImages", "leftImg8bit")
MASK_FOLDERS = (
    *("masks", "mask", "labels", "annotations", "segmentations"),
    *("SegmentationClassRaw", "SegmentationClassAug", "SegmentationClass", "gtFine"),
)
# What Cityscapes and others add to the names of files.
_IMAGE_ENDS = ("_leftImg8bit",)
_MASK_ENDS = ("_gtFine_labelTrainIds", "_mask", "_segmentation", "_seg", "_label", "_labels")
_LISTS = "ImageSets/Segmentation"


class ImagesAndMasks(Sequence[dict[str, Any]]):
    """Images with masks by number: {"image": uint8 [H, W, 3], "mask": [H, W]}.

    Args:
      pairs: the two files of each.
      names: what each is called, wherever the data lies.
    """

    def __init__(self, pairs: Sequence[tuple[Path, Path]], names: Sequence[str]) -> None:
        self.pairs, self.names = list(pairs), list(names)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: Any) -> Any:
        image, mask = self.pairs[operator.index(index)]
        return {"image": read_photograph(image), "mask": read_mask(mask)}

    def mask(self, index: int) -> Any:
        """The mask alone."""
        return read_mask(self.pairs[index][1])

    def key(self, index: int) -> str:
        """The path of an image."""
        return str(self.pairs[index][0])


def mask_folders(function: str, folder: Path) -> dict[str, ImagesAndMasks] | None:
    """The images of a folder that have masks, by part; "" for those that are not divided. None where there are none.

    Raises:
      ValueError: an image has no mask, or two.
    """
    both = _both(folder)
    if both is not None:
        images, masks = both
        lists = sorted((folder / _LISTS).glob("*.txt"))
        if lists:
            return {file.stem: _listed(function, images, masks, file) for file in lists}
        parts = [name for name in _folders(images) if known_part(name) and (masks / name).is_dir()]
        if parts:
            return {name: _paired(function, images / name, masks / name) for name in parts}
        return {"": _paired(function, images, masks)}
    parts = [name for name in _folders(folder) if known_part(name) and _both(folder / name)]
    found = {}
    for name in parts:
        inside = _both(folder / name)
        assert inside is not None
        found[name] = _paired(function, *inside)
    return found or None


def _both(folder: Path) -> tuple[Path, Path] | None:
    """The folder of images and that of masks."""
    there = {name.lower(): name for name in _folders(folder)}
    found = [
        next((folder / there[name.lower()] for name in names if name.lower() in there), None)
        for names in (IMAGE_FOLDERS, MASK_FOLDERS)
    ]
    images, masks = found
    return None if images is None or masks is None else (images, masks)


def _paired(function: str, images: Path, masks: Path) -> ImagesAndMasks:
    by_name: dict[str, Path] = {}
    for name, path in _files(masks, _MASK_ENDS):
        if by_name.setdefault(name, path) != path:
            raise ValueError(f"{function}: each image must have one mask, got {by_name[name]} and {path}.")
    pairs, names = [], []
    for name, path in _files(images, _IMAGE_ENDS):
        if name not in by_name:
            raise ValueError(
                f"{function}: each image must have a mask of its name in {str(masks)!r}, got none for {path}."
            )
        pairs.append((path, by_name[name]))
        names.append(name)
    if not pairs:
        raise ValueError(f"{function}: there must be images in {str(images)!r}, got none.")
    return ImagesAndMasks(pairs, names)


def _listed(function: str, images: Path, masks: Path, file: Path) -> ImagesAndMasks:
    """The images that a list of PASCAL VOC names, a line each."""
    try:
        names = file.read_text(encoding="utf-8").split()
    except UnicodeDecodeError as error:
        raise ValueError(f"{function}: {file} must be a list of names, a line each: {error}.") from None
    pairs = []
    for name in names:
        image, mask = images / f"{name}.jpg", masks / f"{name}.png"
        for path in (image, mask):
            if not path.is_file():
                raise ValueError(f"{function}: what {file} names must be there, got no {path}.")
        pairs.append((image, mask))
    return ImagesAndMasks(pairs, names)


def _files(folder: Path, ends: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Each image below a folder with its name: its path there without its ending and without what `ends` has.

    Where a folder has files with an end of Cityscapes', which keeps several masks of each image, only those count.
    """
    paths = sorted(path for path in folder.rglob("*") if has_image_ending(path) and path.is_file())
    chosen = [path for path in paths if path.stem.endswith(ends[0])] or paths
    for path in chosen:
        name = path.relative_to(folder).with_suffix("").as_posix()
        yield next((name.removesuffix(end) for end in ends if name.endswith(end)), name), path


def _folders(folder: Path) -> list[str]:
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))
