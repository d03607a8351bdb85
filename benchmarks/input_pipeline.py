"""Images a second, decoded and preprocessed: `slim.data.pipeline`, tf.data and a PyTorch DataLoader with PIL.

    python benchmarks/input_pipeline.py [--images FOLDER] [--batches 24] [--rounds 5] [--workers 2]
        [--tensorflow-python PYTHON] [--torch-python PYTHON] [--jobs vgg inception]

JPEG files (made up, 500x375, when no folder is given) are decoded, changed as TF-Slim's preprocessing for training does
it, and put into float32 batches of 32 images of 224x224:

    vgg        resized to a random size, cropped at a random place, mirrored at random, less the mean
    inception  cropped to a random box, resized, mirrored, brightness and saturation changed (its fast mode)

"native" is slim.data with the native kernels, where `jax-slim native` has compiled them, "slim.data" without them.
tf.data runs the same operations of TensorFlow, the DataLoader those of torchvision that stand for them. "host part" is
what is left for the host with `slim.preprocessing.on_device`: it decodes and cuts, and batches are bytes. Contenders
run in turn, each in a process of its own with the same number of workers, in the interpreters that are given. A round
is counted from the batch that follows the first ones. Beside images a second of wall time stand those of processor
time, which hold on a machine that does other work, too.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BATCH, SIDE = 32, 224
JOBS = ["vgg", "inception"]


NETS = {"vgg": "vgg_16", "inception": "inception_v3"}


def slim_batches(files, job, workers):
    import jax_slim as slim

    preprocess = slim.preprocessing.get_preprocessing(NETS[job], is_training=True)

    def preprocessed(path, rng):
        image = slim.data.decode_jpeg(Path(path).read_bytes(), channels=3)
        return {"image": preprocess(image, SIDE, SIDE, rng=rng)}

    return slim.data.pipeline(files, preprocessed, batch_size=BATCH, num_threads=workers)


def host_part_batches(files, job, workers):
    import jax_slim as slim

    prepare = slim.preprocessing.on_device(NETS[job], SIDE, SIDE, is_training=True)

    def cut(path, rng):
        return prepare.cut({"image": slim.data.EncodedImage(Path(path).read_bytes())}, rng)

    return slim.data.pipeline(files, cut, batch_size=BATCH, num_threads=workers)


def tensorflow_batches(files, job, workers):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    tf.config.threading.set_inter_op_parallelism_threads(workers)
    tf.config.threading.set_intra_op_parallelism_threads(workers)
    resize = tf.compat.v1.image.resize_bilinear

    def vgg(image):
        shorter = tf.random.uniform([], 256, 513, tf.int32)
        size = tf.cast(tf.shape(image)[:2], tf.float32)
        size = tf.cast(tf.round(size * (tf.cast(shorter, tf.float32) / tf.reduce_min(size))), tf.int32)
        image = resize(image[None], size)[0]
        image = tf.image.random_flip_left_right(tf.image.random_crop(image, [SIDE, SIDE, 3]))
        return image - tf.constant([123.68, 116.779, 103.939])

    def inception(image):
        begin, size, _ = tf.image.sample_distorted_bounding_box(
            tf.shape(image),
            tf.zeros([1, 0, 4]),
            min_object_covered=0.1,
            aspect_ratio_range=(0.75, 1.33),
            area_range=(0.05, 1.0),
            max_attempts=100,
            use_image_if_no_bounding_boxes=True,
        )
        image = tf.image.convert_image_dtype(tf.slice(image, begin, size), tf.float32)
        image = tf.image.random_flip_left_right(resize(image[None], [SIDE, SIDE])[0])
        image = tf.image.random_saturation(tf.image.random_brightness(image, 32 / 255), 0.5, 1.5)
        return (tf.clip_by_value(image, 0, 1) - 0.5) * 2

    def preprocessed(path):
        image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        return {"image": {"vgg": vgg, "inception": inception}[job](image)}

    dataset = tf.data.Dataset.from_tensor_slices(files).shuffle(len(files)).repeat()
    dataset = dataset.map(preprocessed, num_parallel_calls=workers).batch(BATCH, drop_remainder=True).prefetch(2)
    return dataset.as_numpy_iterator()


def torch_batches(files, job, workers):
    import torch
    from PIL import Image
    from torchvision.transforms import v2

    def to_a_random_size(image):
        return v2.functional.resize(image, int(torch.randint(256, 513, ())))

    to_numbers = [v2.PILToTensor(), v2.ToDtype(torch.float32, scale=job == "inception")]
    jobs = {
        "vgg": [to_a_random_size, v2.RandomCrop(SIDE), v2.RandomHorizontalFlip(), *to_numbers]
        + [v2.Normalize([123.68, 116.779, 103.939], [1, 1, 1])],
        "inception": [v2.RandomResizedCrop(SIDE, (0.05, 1.0), (0.75, 1.33)), v2.RandomHorizontalFlip()]
        + [v2.ColorJitter(brightness=32 / 255, saturation=0.5), *to_numbers, v2.Normalize([0.5] * 3, [0.5] * 3)],
    }
    transform = v2.Compose(jobs[job])

    class Files(torch.utils.data.Dataset):
        def __len__(self):
            return len(files)

        def __getitem__(self, index):
            with Image.open(files[index]) as image:
                return {"image": transform(image.convert("RGB"))}

    def endless():
        loader = torch.utils.data.DataLoader(
            Files(), BATCH, shuffle=True, num_workers=workers, drop_last=True, persistent_workers=True
        )
        while True:
            yield from loader

    torch.set_num_threads(1)
    return endless()


CONTENDERS = {
    "slim.data": slim_batches,
    "native": slim_batches,
    "host part": host_part_batches,
    "tf.data": tensorflow_batches,
    "DataLoader": torch_batches,
}


def processor_time():
    """Of this process, and of its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def of_children():
    """Of worker processes, which live on."""
    total = 0
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def run(name, job, folder, workers, batches):
    """One process: prints the wall and processor time of `batches` batches after the first ones."""
    if name == "slim.data":
        os.environ["JAX_SLIM_CACHE"] = os.devnull  # there are no kernels in there
    files = sorted(str(path) for path in Path(folder).rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    source = iter(CONTENDERS[name](files, job, workers))
    for _ in range(2 * workers + 4):  # as many as may be ready before they are asked for
        next(source)
    wall, used = time.perf_counter(), processor_time() + of_children()
    for _ in range(batches):
        batch = next(source)["image"]
    wall, used = time.perf_counter() - wall, processor_time() + of_children() - used
    assert len(batch) == BATCH
    print(json.dumps([BATCH * batches / wall, BATCH * batches / used]))


def make_images(folder, count=256):
    """Pictures with detail of all sizes, about 50 kB each as photographs of their size are."""
    import numpy as np

    import jax_slim as slim

    rng = np.random.default_rng(0)
    for number in range(count):
        image = np.zeros((375, 500, 3), np.float32)
        for cells in (3, 6, 12, 25, 50, 100, 200):
            noise = rng.normal(size=(cells, cells * 4 // 3, 3)).astype(np.float32)
            image += slim.preprocessing.resize_bilinear(noise, (375, 500)) / cells**0.6
        image = (image - image.min()) / (image.max() - image.min()) * 255
        Path(folder, f"{number:04d}.jpg").write_bytes(slim.data.encode_jpeg(image.astype(np.uint8), 90))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", help="a folder of JPEG files")
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=JOBS)
    parser.add_argument("--batches", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--tensorflow-python", help="an interpreter with TensorFlow")
    parser.add_argument("--torch-python", help="an interpreter with PyTorch, torchvision and Pillow")
    parser.add_argument("--run", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        return run(options.run, options.jobs[0], options.images, options.workers, options.batches)
    from jax_slim.kernels import native  # here alone: other contenders' interpreters do not have it

    pythons = {
        "slim.data": sys.executable,
        "native": sys.executable if native.library() else None,
        "host part": sys.executable,
        "tf.data": options.tensorflow_python,
        "DataLoader": options.torch_python,
    }
    pythons = {name: python for name, python in pythons.items() if python}
    with tempfile.TemporaryDirectory() as made:
        folder = options.images
        if folder is None:
            make_images(made)
            folder = made
        sizes = [path.stat().st_size for path in Path(folder).rglob("*.jp*g")]
        print(
            f"{len(sizes)} images of {sum(sizes) / len(sizes) / 1000:.0f} kB, batch {BATCH}, {options.workers} workers"
        )
        for job in options.jobs:
            compare(job, pythons, folder, options)


def compare(job, pythons, folder, options):
    rates = {name: [] for name in pythons}
    for number in range(options.rounds):
        for name in list(rates)[:: 1 if number % 2 else -1]:
            command = [pythons[name], __file__, "--run", name, "--jobs", job, "--images", str(folder)]
            command += ["--workers", str(options.workers), "--batches", str(options.batches)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{name} failed:\n{done.stderr}")
            rates[name].append(json.loads(done.stdout.splitlines()[-1]))
    for name, values in rates.items():
        wall, used = (statistics.median(column) for column in zip(*values, strict=True))
        rounds = ", ".join(f"{value[0]:.0f}" for value in values)
        print(f"{job:10}{name:11} {wall:5.0f} images/s of wall time (all: {rounds}), {used:5.0f} of processor time")


if __name__ == "__main__":
    main()
