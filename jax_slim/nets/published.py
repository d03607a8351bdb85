"""The ImageNet checkpoints that TF-Slim published: which net each is for, and how its images are prepared.

The names of files and the accuracies are those of the README of research/slim (tensorflow/models): a centre crop,
the 50,000 validation images, in percent.
"""

from typing import NamedTuple


class Published(NamedTuple):
    """One file of TF-Slim's table.

    Attributes:
      archive: the archive's name, without '.tar.gz' or '.tgz'.
      file: the checkpoint in it.
      net: which net of `list_models()` it is for.
      classes: 1000, or 1001 with a first class for background.
      preprocessing: a name of `preprocessing_factory`.
      image_size: height and width in pixels that the accuracies were measured with.
      top_1, top_5: accuracies in percent.
    """

    archive: str
    file: str
    net: str
    classes: int
    preprocessing: str
    image_size: int
    top_1: float
    top_5: float


PUBLISHED = tuple(
    Published(*row)
    for row in (
        ("inception_v1_2016_08_28", "inception_v1.ckpt", "inception_v1", 1001, "inception", 224, 69.8, 89.6),
        ("inception_v2_2016_08_28", "inception_v2.ckpt", "inception_v2", 1001, "inception", 224, 73.9, 91.8),
        ("inception_v3_2016_08_28", "inception_v3.ckpt", "inception_v3", 1001, "inception", 299, 78.0, 93.9),
        ("inception_v4_2016_09_09", "inception_v4.ckpt", "inception_v4", 1001, "inception", 299, 80.2, 95.2),
        ("inception_resnet_v2_2016_08_30", "inception_resnet_v2_2016_08_30.ckpt", "inception_resnet_v2", 1001,
         "inception", 299, 80.4, 95.3),
        ("resnet_v1_50_2016_08_28", "resnet_v1_50.ckpt", "resnet_v1_50", 1000, "vgg", 224, 75.2, 92.2),
        ("resnet_v1_101_2016_08_28", "resnet_v1_101.ckpt", "resnet_v1_101", 1000, "vgg", 224, 76.4, 92.9),
        ("resnet_v1_152_2016_08_28", "resnet_v1_152.ckpt", "resnet_v1_152", 1000, "vgg", 224, 76.8, 93.2),
        ("resnet_v2_50_2017_04_14", "resnet_v2_50.ckpt", "resnet_v2_50", 1001, "inception", 299, 75.6, 92.8),
        ("resnet_v2_101_2017_04_14", "resnet_v2_101.ckpt", "resnet_v2_101", 1001, "inception", 299, 77.0, 93.7),
        ("resnet_v2_152_2017_04_14", "resnet_v2_152.ckpt", "resnet_v2_152", 1001, "inception", 299, 77.8, 94.1),
        ("vgg_16_2016_08_28", "vgg_16.ckpt", "vgg_16", 1000, "vgg", 224, 71.5, 89.8),
        ("vgg_19_2016_08_28", "vgg_19.ckpt", "vgg_19", 1000, "vgg", 224, 71.1, 89.8),
        ("mobilenet_v1_1.0_224", "mobilenet_v1_1.0_224.ckpt", "mobilenet_v1", 1001, "inception", 224, 70.9, 89.9),
        ("mobilenet_v1_0.50_160", "mobilenet_v1_0.50_160.ckpt", "mobilenet_v1_050", 1001, "inception", 160, 59.1, 81.9),
        ("mobilenet_v1_0.25_128", "mobilenet_v1_0.25_128.ckpt", "mobilenet_v1_025", 1001, "inception", 128, 41.5, 66.3),
        ("mobilenet_v2_1.4_224", "mobilenet_v2_1.4_224.ckpt", "mobilenet_v2_140", 1001, "inception", 224, 74.9, 92.5),
        ("mobilenet_v2_1.0_224", "mobilenet_v2_1.0_224.ckpt", "mobilenet_v2", 1001, "inception", 224, 71.9, 91.0),
        ("nasnet-a_mobile_04_10_2017", "model.ckpt", "nasnet_mobile", 1001, "inception", 224, 74.0, 91.6),
        ("nasnet-a_large_04_10_2017", "model.ckpt", "nasnet_large", 1001, "inception", 331, 82.7, 96.2),
        ("pnasnet-5_large_2017_12_13", "model.ckpt", "pnasnet_large", 1001, "inception", 331, 82.9, 96.2),
        ("pnasnet-5_mobile_2017_12_13", "model.ckpt", "pnasnet_mobile", 1001, "inception", 224, 74.2, 91.9),
    )
)  # fmt: skip
