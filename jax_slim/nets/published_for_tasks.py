"""What research/deeplab and the Object Detection API published: nets for segmentation and detection, and for ImageNet.

The names of archives, and how good the nets are, are those of research/deeplab/g3doc/model_zoo.md and
research/object_detection/g3doc/tf1_detection_zoo.md (tensorflow/models).
"""

from typing import Any, NamedTuple


class PublishedForTask(NamedTuple):
    """One archive.

    Attributes:
      archive: its name, without '.tar.gz'.
      tag: what the weights are called behind the net's name, by what they were trained for: 'pascal'.
      net: which net of `list_models()` it is for.
      classes: how many it has, without a detector's background.
      image_size: height and width in pixels that it was trained with.
      score: mean intersection over union in percent on validation images (`output_stride` 16, one scale, where the
        table has that), or COCO's average precision; None where no table says it.
      labels: of which data set the classes are: a name of `LABEL_SETS`, "coco" or "imagenet".
      options: arguments of the net besides.
    """

    archive: str
    tag: str
    net: str
    classes: int
    image_size: int
    score: float | None
    labels: str
    options: dict[str, Any]

    @property
    def preprocessing(self) -> str:
        """A name of `preprocessing_factory`."""
        return {"coco": "ssd", "imagenet": "inception"}.get(self.labels, "deeplab")


def _segmentation() -> list[PublishedForTask]:
    mobile, xception = "deeplab_mobilenet_v2", "deeplab_xception_65"
    pascal, streets, ade = ((21, 513), "pascal_voc_seg"), ((19, 769), "cityscapes"), ((151, 513), "ade20k")
    rows: list[tuple[str, str, str, tuple[tuple[int, int], str], float | None, dict[str, Any]]] = [
        ("deeplabv3_mnv2_pascal_train_aug_2018_01_29", "pascal", mobile, pascal, 75.32, {}),
        ("deeplabv3_mnv2_pascal_trainval_2018_01_29", "pascal_trainval", mobile, pascal, None, {}),
        ("deeplabv3_mnv2_cityscapes_train_2018_02_05", "cityscapes", mobile, streets, 70.71, {}),
        ("deeplabv3_mnv2_ade20k_train_2018_12_03", "ade20k", mobile, ade, 32.04, {"decoder_output_stride": 4}),
        ("deeplabv3_mnv2_dm05_pascal_trainaug_2018_10_01", "pascal", f"{mobile}_050", pascal, 70.19, {}),
        ("deeplabv3_mnv2_dm05_pascal_trainval_2018_10_01", "pascal_trainval", f"{mobile}_050", pascal, None, {}),
        ("deeplab_mnv3_large_cityscapes_trainfine_2019_11_15", "cityscapes", "deeplab_mobilenet_v3_large", streets,
         72.41, {}),
        ("deeplab_mnv3_small_cityscapes_trainfine_2019_11_15", "cityscapes", "deeplab_mobilenet_v3_small", streets,
         68.99, {}),
        ("deeplabv3_pascal_train_aug_2018_01_04", "pascal", xception, pascal, 82.20, {}),
        ("deeplabv3_pascal_trainval_2018_01_04", "pascal_trainval", xception, pascal, None, {}),
        ("deeplabv3_cityscapes_train_2018_02_06", "cityscapes", xception, streets, 78.79, {}),
        ("deeplabv3_xception_ade20k_train_2018_05_29", "ade20k", xception, ade, 45.65, {"output_stride": 8}),
    ]  # fmt: skip
    return [
        PublishedForTask(archive, tag, net, *sizes, score, labels, options)
        for archive, tag, net, (sizes, labels), score, options in rows
    ]


_Row = PublishedForTask
PUBLISHED_FOR_TASKS = (
    *_segmentation(),
    _Row("ssd_mobilenet_v1_coco_2018_01_28", "coco", "ssd_mobilenet_v1", 90, 300, 21.0, "coco", {}),
    _Row("ssd_mobilenet_v2_coco_2018_03_29", "coco", "ssd_mobilenet_v2", 90, 300, 22.0, "coco", {}),
    _Row("ssdlite_mobilenet_v2_coco_2018_05_09", "coco", "ssdlite_mobilenet_v2", 90, 300, 22.0, "coco", {}),
    _Row("xception_41_2018_05_09", "deeplab", "xception_41", 1001, 299, None, "imagenet", {}),
    _Row("deeplabv3_xception_2018_01_04", "deeplab", "xception_65", 1001, 299, None, "imagenet", {}),
    _Row("xception_71_2018_05_09", "deeplab", "xception_71", 1001, 299, None, "imagenet", {}),
)
