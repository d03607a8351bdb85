"""Small pictures, and folders of them, for the tests of data sets."""

import gzip
import io
import pickle
import tarfile

import numpy as np

from jax_slim.data import encode_jpeg, encode_png


def pixels(seed=0, height=5, width=7, channels=3):
    """Noise, uint8 [H, W, C]."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels)).astype(np.uint8)


def folder(root, classes, ending=".png", start=0):
    """A folder of images for each class: {"cat": 10} makes cat/0.png to cat/9.png. Returns `root`."""
    for number, (name, count) in enumerate(classes.items()):
        (root / name).mkdir(parents=True)
        for index in range(count):
            image = pixels(start + 1000 * number + index)
            data = encode_png(image) if ending == ".png" else encode_jpeg(image)
            (root / name / f"{index}{ending}").write_bytes(data)
    return root


def by_pillow(image, form, **options):
    """An image as Pillow encodes it."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def idx(array):
    """The bytes of an idx file of uint8 values."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + array.astype(np.uint8).tobytes()


def mnist(root, train=12, test=5, packed=True):
    """MNIST's four files; returns the images and labels by part."""
    made = {}
    rng = np.random.default_rng(1)
    root.mkdir(parents=True, exist_ok=True)
    for part, stem, count in (("train", "train", train), ("test", "t10k", test)):
        images, labels = rng.integers(0, 256, (count, 28, 28)).astype(np.uint8), np.arange(count) % 10
        for kind, array in (("images", images), ("labels", labels)):
            data = idx(array)
            ending = ".gz" if packed else ""
            path = root / f"{stem}-{kind}-idx{array.ndim}-ubyte{ending}"
            path.write_bytes(gzip.compress(data) if packed else data)
        made[part] = images[..., None], labels
    return made


def cifar10_batches(protocol=2, per_batch=4):
    """The contents of CIFAR-10's batch files, and the images [N, 32, 32, 3] and labels by part."""
    rng = np.random.default_rng(2)
    files, made = {}, {"train": ([], []), "test": ([], [])}
    for number in range(1, 7):
        name = f"data_batch_{number}" if number < 6 else "test_batch"
        data = rng.integers(0, 256, (per_batch, 3072)).astype(np.uint8)
        labels = [int(label) for label in rng.integers(0, 10, per_batch)]
        said = {b"batch_label": b"a batch", b"labels": labels, b"data": data, b"filenames": [b"x.png"] * per_batch}
        files[name] = pickle.dumps(said, protocol)
        images, numbers = made["train" if number < 6 else "test"]
        images.append(data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        numbers.extend(labels)
    names = [b"airplane", b"automobile", b"bird", b"cat", b"deer", b"dog", b"frog", b"horse", b"ship", b"truck"]
    files["batches.meta"] = pickle.dumps({b"num_cases_per_batch": per_batch, b"label_names": names}, protocol)
    return files, {part: (np.concatenate(images), np.array(labels)) for part, (images, labels) in made.items()}


def archive(path, files, top="cifar-10-batches-py"):
    """A tar.gz archive of files by name."""
    with tarfile.open(path, "w:gz") as packed:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))
    return path
