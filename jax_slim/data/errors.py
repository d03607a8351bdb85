"""What goes wrong with data: files that are damaged, and data that is used up."""


class DataLossError(ValueError):
    """Data that is damaged: a file cut short, a checksum that does not fit, bytes that are no image.

    The message names the file and the byte where that is known. TensorFlow's error of this name says the same of files.
    """


class OutOfRangeError(EOFError):
    """There are no more examples: all epochs are over. TensorFlow's error of this name."""
