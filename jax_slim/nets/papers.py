"""Where each net comes from: a table by the file that defines it."""

from typing import NamedTuple


class Paper(NamedTuple):
    """A publication.

    Attributes:
      authors, year, title: as cited.
      arxiv: its number there; None for what is not there.
    """

    authors: str
    year: int
    title: str
    arxiv: str | None = None

    def __str__(self) -> str:
        place = f", arXiv:{self.arxiv}" if self.arxiv else ""
        return f"{self.authors} ({self.year}), {self.title}{place}"


_INCEPTION_V4 = Paper(
    "Szegedy et al.",
    2016,
    "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning",
    "1602.07261",
)

_SSD = Paper("Liu et al.", 2016, "SSD: Single Shot MultiBox Detector", "1512.02325")
_DEEPLAB = Paper(
    "Chen et al.",
    2018,
    "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation",
    "1802.02611",
)

# By the module in `nets` (`registry.Row.module`). CifarNet is of no paper: TensorFlow's tutorial on CIFAR-10.
PAPERS = {
    "alexnet": Paper(
        "Krizhevsky",
        2014,
        "One weird trick for parallelizing convolutional neural networks",
        "1404.5997",
    ),
    "deeplab": _DEEPLAB,
    "convnext": Paper("Liu et al.", 2022, "A ConvNet for the 2020s", "2201.03545"),
    "densenet": Paper("Huang et al.", 2017, "Densely Connected Convolutional Networks", "1608.06993"),
    "efficientnet": Paper(
        "Tan and Le",
        2019,
        "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
        "1905.11946",
    ),
    "i3d": Paper(
        "Carreira and Zisserman",
        2017,
        "Quo Vadis, Action Recognition? A New Model and the Kinetics Dataset",
        "1705.07750",
    ),
    "inception_resnet_v2": _INCEPTION_V4,
    "inception_v1": Paper("Szegedy et al.", 2014, "Going Deeper with Convolutions", "1409.4842"),
    "inception_v2": Paper(
        "Ioffe and Szegedy",
        2015,
        "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
        "1502.03167",
    ),
    "inception_v3": Paper(
        "Szegedy et al.",
        2015,
        "Rethinking the Inception Architecture for Computer Vision",
        "1512.00567",
    ),
    "inception_v4": _INCEPTION_V4,
    "lenet": Paper("LeCun et al.", 1998, "Gradient-Based Learning Applied to Document Recognition"),
    "mobilenet_v1": Paper(
        "Howard et al.",
        2017,
        "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
        "1704.04861",
    ),
    "mobilenet_v2": Paper(
        "Sandler et al.",
        2018,
        "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
        "1801.04381",
    ),
    "mobilenet_v3": Paper("Howard et al.", 2019, "Searching for MobileNetV3", "1905.02244"),
    "mobilenet_v4": Paper("Qin et al.", 2024, "MobileNetV4: Universal Models for the Mobile Ecosystem", "2404.10518"),
    "nasnet": Paper(
        "Zoph et al.",
        2017,
        "Learning Transferable Architectures for Scalable Image Recognition",
        "1707.07012",
    ),
    "overfeat": Paper(
        "Sermanet et al.",
        2013,
        "OverFeat: Integrated Recognition, Localization and Detection using Convolutional Networks",
        "1312.6229",
    ),
    "pnasnet": Paper("Liu et al.", 2017, "Progressive Neural Architecture Search", "1712.00559"),
    "resnet_v1": Paper("He et al.", 2015, "Deep Residual Learning for Image Recognition", "1512.03385"),
    "resnet_v2": Paper("He et al.", 2016, "Identity Mappings in Deep Residual Networks", "1603.05027"),
    "resnext": Paper(
        "Xie et al.",
        2017,
        "Aggregated Residual Transformations for Deep Neural Networks",
        "1611.05431",
    ),
    "s3dg": Paper(
        "Xie et al.",
        2017,
        "Rethinking Spatiotemporal Feature Learning: Speed-Accuracy Trade-offs in Video Classification",
        "1712.04851",
    ),
    "ssd": _SSD,
    "ssd_vgg": _SSD,
    "se_resnet": Paper("Hu et al.", 2017, "Squeeze-and-Excitation Networks", "1709.01507"),
    "vit": Paper(
        "Dosovitskiy et al.",
        2020,
        "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
        "2010.11929",
    ),
    "xception": Paper(
        "Chollet",
        2017,
        "Xception: Deep Learning with Depthwise Separable Convolutions",
        "1610.02357",
    ),
    "vgg": Paper(
        "Simonyan and Zisserman",
        2014,
        "Very Deep Convolutional Networks for Large-Scale Image Recognition",
        "1409.1556",
    ),
    "xception_deeplab": _DEEPLAB,
}
