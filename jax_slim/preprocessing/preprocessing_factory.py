"""Preprocessing by the name of a net, as research/slim's scripts choose it.

preprocess = preprocessing_factory.get_preprocessing("inception_v3", is_training=True)
image = preprocess(photo, 299, 299, rng=rng)
"""

import difflib
import functools
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from jax_slim.preprocessing import (
    cifarnet_preprocessing,
    deeplab_preprocessing,
    imagenet_preprocessing,
    inception_preprocessing,
    lenet_preprocessing,
    ssd_preprocessing,
    ssd_vgg_preprocessing,
    vgg_preprocessing,
)


def _modules() -> dict[str, ModuleType]:
    inception = [
        *("inception", "inception_v1", "inception_v2", "inception_v3", "inception_v4", "inception_resnet_v2"),
        *("mobilenet_v1", "mobilenet_v2", "mobilenet_v2_035", "mobilenet_v2_140"),
        *("mobilenet_v3_small", "mobilenet_v3_large"),
        *("mobilenet_v3_small_minimalistic", "mobilenet_v3_large_minimalistic"),
        *("mobilenet_edgetpu", "mobilenet_edgetpu_075"),
        *("nasnet_mobile", "nasnet_large", "pnasnet_mobile", "pnasnet_large"),
        *("xception_41", "xception_65", "xception_71"),
        # Nets of research/slim's nets_factory that its preprocessing_factory forgot.
        *("vit_small_16", "vit_base_16", "xception"),
        *(f"efficientnet_lite{number}" for number in range(5)),
        *(f"efficientnet_edgetpu_{size}" for size in "sml"),
        *("mobilenet_v1_075", "mobilenet_v1_050", "mobilenet_v1_025", "mobilenet_v2_050"),
    ]
    resnets = [f"resnet_{version}_{layers}" for version in ("v1", "v2") for layers in (50, 101, 152, 200)]
    segmentation = [
        *("mobilenet_v2", "mobilenet_v2_050", "mobilenet_v3_large", "mobilenet_v3_small"),
        *("xception_41", "xception_65", "xception_71", "resnet_v1_50_beta", "resnet_v1_101_beta"),
    ]
    imagenet = [
        *(f"efficientnet_b{number}" for number in range(8)),
        *(f"densenet{layers}" for layers in (121, 161, 169, 201)),
        *("resnext_50_32x4d", "se_resnet_50", "mobilenet_v4_conv_small", "mobilenet_v4_conv_medium"),
        *(f"convnext_{size}" for size in ("tiny", "small", "base", "large")),
    ]
    vgg = ["vgg", "vgg_a", "vgg_16", "vgg_19", *resnets]
    ssd = ["ssd", *(f"{kind}_mobilenet_{version}" for kind in ("ssd", "ssdlite") for version in ("v1", "v2"))]
    return {
        **dict.fromkeys(["cifarnet", "nasnet_cifar"], cifarnet_preprocessing),
        **dict.fromkeys(inception, inception_preprocessing),
        **dict.fromkeys(["deeplab", *(f"deeplab_{net}" for net in segmentation)], deeplab_preprocessing),
        **dict.fromkeys(["imagenet", *imagenet], imagenet_preprocessing),
        "lenet": lenet_preprocessing,
        **dict.fromkeys(ssd, ssd_preprocessing),
        **dict.fromkeys(["ssd_vgg", "ssd_vgg_300"], ssd_vgg_preprocessing),
        **dict.fromkeys(vgg, vgg_preprocessing),
    }


preprocessing_map: Mapping[str, ModuleType] = dict(sorted(_modules().items()))
"""Name of a net -> the module whose `preprocess_image` it was trained with."""

# research/slim's nets without preprocessing of their own, which its examples run with VGG's.
LIKE_VGG = ("alexnet_v2", "overfeat")


def get_preprocessing(name: str, is_training: bool = False, use_grayscale: bool = False) -> Callable[..., Any]:
    """Finds the preprocessing that a net was trained with.

    Args:
      name: of a net, such as "resnet_v1_50", or of a preprocessing: "cifarnet", "deeplab", "imagenet", "inception",
        "lenet", "ssd", "ssd_vgg" or "vgg".
      is_training: whether the function distorts at random; it then needs `rng`.
      use_grayscale: whether it makes one channel of grey.

    Returns:
      preprocessing_fn(image, output_height, output_width, **kwargs) -> float32 [height, width, C]; `kwargs` are further
      arguments of the `preprocess_image` of that module, such as `rng`, a `numpy.random.Generator`.

    Raises:
      ValueError: no preprocessing has that name; the message lists near ones.
    """
    function = module_of("get_preprocessing", name).preprocess_image

    @functools.wraps(function)
    def preprocessing_fn(image: Any, output_height: int, output_width: int, **kwargs: Any) -> Any:
        return function(
            image, output_height, output_width, is_training=is_training, use_grayscale=use_grayscale, **kwargs
        )

    return preprocessing_fn


def kind_of(function: str, name: str) -> str:
    """'resnet_v1_50' -> 'vgg': the preprocessing that goes by several names of nets. Raises as `module_of` does."""
    return module_of(function, name).__name__.rpartition(".")[2].removesuffix("_preprocessing")


def module_of(function: str, name: str) -> ModuleType:
    """The module of a net's preprocessing; raises the ValueError of `get_preprocessing`, as `function`."""
    if name not in preprocessing_map:
        alike = difflib.get_close_matches(str(name), preprocessing_map, n=5, cutoff=0.6)
        if name in LIKE_VGG:
            hint = f" research/slim has none for {name}: 'vgg' suits it."
        elif alike:
            hint = f" Near names: {', '.join(alike)}."
        else:
            hint = f" They are: {', '.join(preprocessing_map)}."
        raise ValueError(
            f"{function}: name must be one of slim.preprocessing.preprocessing_factory.preprocessing_map, "
            f"got {name!r}.{hint}"
        )
    return preprocessing_map[name]
