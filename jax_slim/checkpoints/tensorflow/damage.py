"""What the parts that read bytes raise: they know what is wrong, and their callers in which file and tensor."""


class Damage(Exception):
    """Bytes are not what the format says. The text continues a sentence: '<file> is damaged: ...'.

    Attributes:
      path: the file, where it is another one than the reader would think of.
    """

    path: str | None = None
