"""`jax-slim demo`: the commands one after the other, on digits that the package brings along."""

import argparse
import sys
from pathlib import Path

from jax_slim.cli.failures import UsageError

HELP = """train LeNet on 4000 handwritten digits, evaluate it on 1000 others, show what it says: a minute or so

The images come with the package. It runs `train`, `evaluate` and `predict`, and prints each command to try yourself."""

_SHOWN = 36


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("--train_dir", default="runs/demo", help="where everything goes (default runs/demo)")
    parser.add_argument("--max_number_of_steps", type=int, default=800, help="training steps (default 800)")


def run(options: argparse.Namespace) -> int:
    """Runs the commands."""
    folder = Path(options.train_dir)
    if options.max_number_of_steps < 1:
        raise UsageError(f"--max_number_of_steps must be at least 1, got {options.max_number_of_steps}.")
    train = [
        "train", f"--train_dir={folder}", "--dataset_name=digits", "--model_name=lenet", "--batch_size=50",
        "--optimizer=momentum", "--learning_rate=0.02", "--learning_rate_decay_type=cosine",
        f"--max_number_of_steps={options.max_number_of_steps}", "--save_summaries_secs=2",
    ]  # fmt: skip
    picture = folder / "digits.png"
    samples = _samples(folder / "samples")
    commands = [
        train,
        ["evaluate", f"--checkpoint_path={folder}"],
        ["predict", str(samples), f"--checkpoint_path={folder}", "--top=1", f"--grid={picture}"],
    ]
    from jax_slim.cli.main import main

    for command in commands:
        print(f"$ jax-slim {' '.join(command)}", file=sys.stderr)
        code = main(command)
        if code:
            return code
    print(f"Picture: {picture}", file=sys.stderr)
    return 0


def _samples(folder: Path) -> Path:
    """Some of the digits that are not trained on, as image files."""
    from jax_slim.data import digits
    from jax_slim.data.image_codecs import encode_png

    held_out = digits.load("test")
    folder.mkdir(parents=True, exist_ok=True)
    for number, (image, label) in enumerate(zip(held_out["image"][:_SHOWN], held_out["label"], strict=False)):
        (folder / f"{number:02}_is_{label}.png").write_bytes(encode_png(image))
    return folder
