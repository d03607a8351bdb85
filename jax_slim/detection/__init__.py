"""Object detection: anchors, what detectors are trained for, what they find, and how good that is: `slim.detection`.

Boxes are y_min, x_min, y_max, x_max, as parts of the image's sides. Classes are numbered from 0 in data and in results;
in a detector's logits the background comes before them.
"""

from jax_slim.detection.anchors import multiple_grid_anchors as multiple_grid_anchors
from jax_slim.detection.anchors import ssd_box_specs as ssd_box_specs
from jax_slim.detection.augmentation import augment as augment
from jax_slim.detection.augmentation import padded_objects as padded_objects
from jax_slim.detection.augmentation import random_colors as random_colors
from jax_slim.detection.augmentation import random_expand as random_expand
from jax_slim.detection.augmentation import random_horizontal_flip as random_horizontal_flip
from jax_slim.detection.augmentation import ssd_random_crop as ssd_random_crop
from jax_slim.detection.box_coders import decode_boxes as decode_boxes
from jax_slim.detection.box_coders import encode_boxes as encode_boxes
from jax_slim.detection.boxes import area as area
from jax_slim.detection.boxes import clip_to_window as clip_to_window
from jax_slim.detection.boxes import iou as iou
from jax_slim.detection.costs import class_costs as class_costs
from jax_slim.detection.costs import hard_examples as hard_examples
from jax_slim.detection.costs import smooth_l1 as smooth_l1
from jax_slim.detection.costs import ssd_costs as ssd_costs
from jax_slim.detection.detecting import detect as detect
from jax_slim.detection.evaluators import BoxEvaluator as BoxEvaluator
from jax_slim.detection.matching import Targets as Targets
from jax_slim.detection.matching import argmax_matcher as argmax_matcher
from jax_slim.detection.matching import assign_targets as assign_targets
from jax_slim.detection.suppression import Detections as Detections
from jax_slim.detection.suppression import multiclass_non_max_suppression as multiclass_non_max_suppression
from jax_slim.detection.suppression import non_max_suppression as non_max_suppression
