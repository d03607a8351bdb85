"""Data sets: TF-Slim's own, and people's folders, tables, arrays and records; and what makes TFRecords of them."""

from jax_slim.datasets import cifar10 as cifar10
from jax_slim.datasets import colormaps as colormaps
from jax_slim.datasets import dataset_factory as dataset_factory
from jax_slim.datasets import dataset_utils as dataset_utils
from jax_slim.datasets import digits as digits
from jax_slim.datasets import flowers as flowers
from jax_slim.datasets import imagenet as imagenet
from jax_slim.datasets import label_sets as label_sets
from jax_slim.datasets import mnist as mnist
from jax_slim.datasets import visualwakewords as visualwakewords
from jax_slim.datasets.box_examples import BoxExamples as BoxExamples
from jax_slim.datasets.box_opening import open_detection_dataset as open_detection_dataset
from jax_slim.datasets.box_records import image_and_boxes_to_tfexample as image_and_boxes_to_tfexample
from jax_slim.datasets.converting import Converted as Converted
from jax_slim.datasets.converting import convert as convert
from jax_slim.datasets.dataset_factory import get_dataset as get_dataset
from jax_slim.datasets.imagenet_classes import imagenet_names as imagenet_names
from jax_slim.datasets.opening import open_dataset as open_dataset
from jax_slim.datasets.parts import Examples as Examples
from jax_slim.datasets.segmentation import SegmentationExamples as SegmentationExamples
from jax_slim.datasets.segmentation import open_segmentation as open_segmentation
from jax_slim.datasets.segmentation import segmentation_example as segmentation_example
