"""Which nets of timm, torchvision and Keras are nets of TF-Slim's: what `tables/*.toml` say, a file for each family.

A table has

    epsilon, gamma   of TF-Slim's batch norm in this family: what it adds to variances, whether it has a `gamma`
    scope            before TF-Slim's names
    variables        what variables are called in this family, where not 'weights', 'biases', 'depthwise_weights'
    [layers]         named lists of layers
    [words]          texts for <word> in these lists
    [[peers]]        the nets: `Peer` says what of

and a line of a list is `kind, names there, names in TF-Slim`:

    unit a b         a convolution and its batch norm, which are called a + `unit[0]` and a + `unit[1]` there, b and
                     b/BatchNorm here; `unit a n b` and `unit a n b m` name these one by one
    depthwise        the same of a depthwise convolution
    separable        depthwise and pointwise weights, without batch norm
    numbered b       the next convolution and batch norm of those that Keras numbers: conv2d_7, batch_normalization_7
    pointwise        the second half of `separable` alone, where it has a name of its own
    conv, biased     a convolution without and with biases; `merged` one with biases that TF-Slim's lacks, as a batch
                     norm follows, which takes them in
    grouped          as `depthwise_biased`, of a convolution with as many groups as channels, as Keras's ConvNeXt has it
    depthwise_biased a depthwise convolution with biases, without batch norm
    norm             batch norm
    layernorm        layer norm: a scale and a shift
    array, turned    an array by its whole name on either side; `turned` with its two axes the other way round
    dense, matrix    a dense layer as a convolution of 1 x 1, or as what it is; `dense7x7` one over a map of 7 x 7

{a,b,c}, {2..5} and {b..e} stand for several: the first braces on either side go together, and so do the second ones.
Those of a name that begins with ~ are counted from its end.
"""

import functools
import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, NamedTuple

_RANGE = re.compile(r"(.*?)(\d+|[a-z])\.\.(\d+|[a-z])")
_HEAD = re.compile(r"[Ll]ogits|fc8|final_layer|head/dense")  # TF-Slim's last layers
_UNITS = {"timm": (".conv", ".bn"), "torchvision": (".conv", ".bn"), "keras": ("", "_bn")}


class Layer(NamedTuple):
    """One line of a list, with its braces resolved.

    Attributes:
      kind: as in a line, without those that stand for several.
      theirs, ours: its name there and in TF-Slim.
    """

    kind: str
    theirs: str
    ours: str


class Peer(NamedTuple):
    """A net of another library that is one of TF-Slim's.

    Attributes:
      origin: the library and the net: 'timm/inception_v4'.
      net: the net in `slim.nets`.
      layers: what goes where.
      options: the arguments of TF-Slim's net that make it the same function.
      exactly: further ones that make it the library's own function, where its weights are TF-Slim's and the library's
        net is not quite; for comparisons.
      epsilon: what its batch norm adds to variances.
      our_epsilon: what TF-Slim's adds.
      gamma: whether its batch norm has scales.
      our_gamma: whether TF-Slim's has.
      where: shapes of entries that tell it from nets with the same names.
      names: what its files may be called, besides the net's name.
      bgr: the convolution whose inputs have blue first, of TF-Slim's; None where images are red, green, blue.
      head: the layer there that depends on the classes.
      image: what it wants of images: `size`, `mean` ('half', 'imagenet' or 'vgg'); `crop`, the part of the shorter side
        that is left, and `interpolation`, 'bilinear' by default; without `crop` the whole image is squeezed.
      files: beginnings of names of files that want something else of images: those entries of `image`.
      told: whether only a file's name, or a description beside it, can tell that it is of this net.
      variables: what variables are called, where not as TF-Slim calls them.
    """

    origin: str
    net: str
    layers: tuple[Layer, ...]
    options: Mapping[str, Any]
    exactly: Mapping[str, Any]
    epsilon: float
    our_epsilon: float
    gamma: bool
    our_gamma: bool
    where: Mapping[str, tuple[int, ...]]
    names: tuple[str, ...]
    bgr: str | None
    head: str
    image: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]]
    told: bool
    variables: Mapping[str, str]

    @property
    def library(self) -> str:
        """'timm', 'torchvision' or 'keras'."""
        return self.origin.partition("/")[0]


@functools.cache
def peers() -> Mapping[str, Peer]:
    """All of them, by `origin`."""
    found: dict[str, Peer] = {}
    for file in sorted(
        resources.files(__name__.rpartition(".")[0]).joinpath("tables").iterdir(), key=lambda file: file.name
    ):
        if file.name.endswith(".toml"):
            table = tomllib.loads(file.read_text(encoding="utf-8"))
            found |= {told["origin"]: _peer(table, told) for told in table["peers"]}
    return found


def _peer(table: Mapping[str, Any], told: Mapping[str, Any]) -> Peer:
    library = told["origin"].partition("/")[0]
    scope = told.get("scope", table.get("scope", ""))
    words = {**table.get("words", {}), **told.get("words", {})}
    unit = tuple(told.get("unit", _UNITS[library]))
    lines = [line for name in told["layers"] for line in table["layers"][name].splitlines() if line.strip()]
    layers = tuple(_layers(lines, words, unit, scope))
    ours = table.get("epsilon", 1e-3)
    return Peer(
        origin=told["origin"],
        net=told["net"],
        layers=layers,
        options=told.get("options", {}),
        exactly=told.get("exactly", {}),
        epsilon=told.get("epsilon", ours),
        our_epsilon=ours,
        gamma=told.get("gamma", True),
        our_gamma=table.get("gamma", True),
        where={name: tuple(shape) for name, shape in told.get("where", {}).items()},
        names=(told["origin"].partition("/")[2], *told.get("names", ())),
        bgr=f"{scope}{told['bgr']}" if "bgr" in told else None,
        head=next(layer.theirs for layer in layers if _HEAD.search(layer.ours)),
        image=told["image"],
        files=told.get("files", {}),
        told=told.get("told", False),
        variables=table.get("variables", {}),
    )


def _layers(lines: list[str], words: Mapping[str, str], unit: tuple[str, ...], scope: str) -> Iterator[Layer]:
    numbers = itertools.count()
    for line in lines:
        line = re.sub(r"<(\w+)>", lambda found: words[found[1]], line)
        kind, *given = line.split()
        for names in _resolved(given):
            if kind == "numbered":
                number = next(numbers)
                yield Layer("conv", f"conv2d#{number}", scope + names[0])
                yield Layer("norm", f"batch_normalization#{number}", f"{scope}{names[0]}/BatchNorm")
            elif kind in ("unit", "depthwise"):
                theirs, norm, ours, our_norm = _unit(names, unit)
                yield Layer("conv" if kind == "unit" else kind, theirs, scope + ours)
                yield Layer("norm", norm, scope + our_norm)
            else:
                yield Layer(kind, names[0], scope + names[1])


def _unit(names: tuple[str, ...], unit: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) == 2:
        return names[0] + unit[0], names[0] + unit[1], names[1], f"{names[1]}/BatchNorm"
    if len(names) == 3:
        return (*names, f"{names[2]}/BatchNorm")
    return names


def _resolved(texts: list[str]) -> Iterator[tuple[str, ...]]:
    """Every combination of what the braces of the texts list, the first ones together, and so on."""
    parts = [re.split(r"\{([^}]*)\}", text.removeprefix("~")) for text in texts]  # text, braces, ..., text
    steps = [-1 if text.startswith("~") else 1 for text in texts]
    choices = [[list(listed(inside)) for inside in part[1::2]][::step] for part, step in zip(parts, steps, strict=True)]
    count = max(map(len, choices))
    places = [range(max(len(each[index]) for each in choices if len(each) > index)) for index in range(count)]
    for chosen in itertools.product(*places):
        names = []
        for part, each, step in zip(parts, choices, steps, strict=True):
            inside = [options[index] for options, index in zip(each, chosen, strict=False)][::step]
            names.append("".join(itertools.chain(*itertools.zip_longest(part[::2], inside, fillvalue=""))))
        yield tuple(names)


def listed(inside: str) -> Iterator[str]:
    """'a,2..4' -> 'a', '2', '3', '4'; what stands before a range stands before each."""
    for item in inside.split(","):
        if (found := _RANGE.fullmatch(item)) is None:
            yield item
            continue
        before, first, last = found.groups()
        if first.isdigit():
            yield from (f"{before}{number}" for number in range(int(first), int(last) + 1))
        else:
            yield from (f"{before}{chr(letter)}" for letter in range(ord(first), ord(last) + 1))
