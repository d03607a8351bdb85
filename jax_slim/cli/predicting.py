"""`jax-slim predict`: what photographs show."""

import argparse

from jax_slim.cli import mask_flags
from jax_slim.cli.calibrating import add_calibrate
from jax_slim.cli.exports import PRETRAINED, add_model_arguments
from jax_slim.cli.failures import UsageError
from jax_slim.cli.graph_files import add_graph_arguments

HELP = """say what photographs show, or where: a table, JSON, a picture

  jax-slim predict photo.jpg --checkpoint_path=/tmp/flowers
  jax-slim predict *.jpg --checkpoint_path=inception_v3.ckpt --model_name=inception_v3 --labels=imagenet.txt
  jax-slim predict *.jpg --pretrained=inception_v4.slim
  jax-slim predict holiday/ --checkpoint_path=/tmp/flowers --json --grid=holiday.png
  jax-slim predict photo.jpg --graph=frozen.pb --preprocessing_name=inception --labels=imagenet.txt
  jax-slim predict photo.jpg --checkpoint_path=flowers.onnx                      by onnxruntime, where it is installed
  jax-slim predict street.jpg --graph=ssd/frozen_inference_graph.pb --labels=mscoco_label_map.pbtxt      finds boxes
  jax-slim predict *.jpg --checkpoint_path=/tmp/boxes --output_dir=seen                  draws the boxes or the mask
  jax-slim predict *.jpg --checkpoint_path=/tmp/flowers --calibrate=flowers/train        multiplies bytes

Preprocessing, image size and labels come with the checkpoint where `jax-slim train` wrote it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image files, or folders of them")
    parser.add_argument("--checkpoint_path", help="a run's directory, any checkpoint, or an exported .onnx file")
    parser.add_argument("--pretrained", metavar="NAME", help=PRETRAINED)
    parser.add_argument("--top", type=int, default=5, help="how many classes, or boxes, to show (default 5)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--grid", metavar="PNG", help="write a picture of all images with what they show")
    parser.add_argument("--output_dir", metavar="DIR", help="write each image with its boxes or mask into a folder")
    parser.add_argument("--batch_size", type=int, default=16, help="images at a time (default 16)")
    parser.add_argument("--moving_average", action="store_true", help="use the moving averages of the variables")
    add_calibrate(parser)
    add_model_arguments(parser)
    mask_flags.add_scale_arguments(parser)
    add_graph_arguments(parser)
    parser.add_argument("--min_score_thresh", type=float, default=0.5, help="the least score of a box (default 0.5)")


def run(options: argparse.Namespace) -> int:
    """Prints what the images show; 1 when one of them could not be read."""
    from jax_slim.cli import inputs, runs, tasks

    if options.top < 1 or options.batch_size < 1:
        raise UsageError("--top and --batch_size must be at least 1.")
    if options.pretrained:
        runs.take_pretrained(options)
    if not options.checkpoint_path and not options.graph:
        raise UsageError("--checkpoint_path or --graph must say what predicts.")
    paths = list(inputs.image_files(options.images))
    if options.calibrate and not options.graph and options.checkpoint_path.lower().endswith(".onnx"):
        raise UsageError("--calibrate is for nets of jax-slim and for --graph, not for ONNX files.")
    if options.graph:
        from jax_slim.cli import graph_predictions

        return graph_predictions.run(options, paths)
    if options.checkpoint_path.lower().endswith(".onnx"):
        task = "classification"
    else:
        task = runs.task_of_checkpoint(options.checkpoint_path, options.model_name)
    return tasks.task_of(task).predict(options, paths)
