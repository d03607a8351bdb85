"""Makes a folder of image folders to try things on: crops of the photographs that scikit-image carries.

    python examples/photo_crops.py photos            # 6 classes of 50 JPEGs
    python examples/photo_crops.py others --others   # 3 other classes

Each class is one photograph, cut at random places: which one is this a piece of? Training and validation see pieces of
the same photographs, so the score says how well these are told apart, nothing more.
The photographs keep their licences (public domain and CC0, most of them; see skimage.data).
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = {
    "brick": "brick.png",
    "cat": "chelsea.png",
    "coffee": "coffee.png",
    "galaxies": "hubble_deep_field.jpg",
    "grass": "grass.png",
    "motorcycle": "motorcycle_left.png",
}
OTHERS = {"astronaut": "astronaut.png", "retina": "retina.jpg", "tissue": "ihc.png"}


def make(folder, classes, count=50, size=96, seed=0):
    """Writes `count` crops of `size` x `size` pixels for each class; returns the folder."""
    import skimage

    photographs = Path(skimage.__file__).parent / "data"
    rng = np.random.default_rng(seed)
    for name, file in classes.items():
        with Image.open(photographs / file) as image:
            pixels = np.asarray(image.convert("RGB"))
        target = Path(folder) / name
        target.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            top, left = (rng.integers(0, side - size) for side in pixels.shape[:2])
            crop = Image.fromarray(pixels[top : top + size, left : left + size])
            crop.save(target / f"{name}_{number:03}.jpg", quality=90)
    return Path(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--others", action="store_true", help="the three other classes")
    parser.add_argument("--count", type=int, default=50, help="images of each class (default 50)")
    options = parser.parse_args()
    classes = OTHERS if options.others else CLASSES
    make(options.folder, classes, options.count)
    print(f"{options.folder}: {options.count} images of each of {', '.join(classes)}")


if __name__ == "__main__":
    main()
