"""`jax-slim convert`: images to TFRecords, and checkpoints from one format to another."""

HELP = "convert"


def add_arguments(parser):
    pass


def run(options):
    return 1
