"""From photographs to what a net takes: TF 1.15's image functions, and research/slim's preprocessing on them.

The functions compute with NumPy on NumPy arrays, in the workers that load data, and with JAX on JAX arrays: what is not
random can be traced, for instance into an exported model. Random ones draw from the `numpy.random.Generator` passed as
`rng` and take NumPy arrays; `mixup` and `cutmix` take a JAX key, too. `on_device` is preprocessing in two parts: one
for the workers, one for the training step.
"""

from jax_slim.preprocessing import cifarnet_preprocessing as cifarnet_preprocessing
from jax_slim.preprocessing import deeplab_preprocessing as deeplab_preprocessing
from jax_slim.preprocessing import imagenet_preprocessing as imagenet_preprocessing
from jax_slim.preprocessing import inception_preprocessing as inception_preprocessing
from jax_slim.preprocessing import lenet_preprocessing as lenet_preprocessing
from jax_slim.preprocessing import masks as masks
from jax_slim.preprocessing import preprocessing_factory as preprocessing_factory
from jax_slim.preprocessing import vgg_preprocessing as vgg_preprocessing
from jax_slim.preprocessing.boxes import sample_distorted_bounding_box as sample_distorted_bounding_box
from jax_slim.preprocessing.color import adjust_brightness as adjust_brightness
from jax_slim.preprocessing.color import adjust_contrast as adjust_contrast
from jax_slim.preprocessing.color import adjust_gamma as adjust_gamma
from jax_slim.preprocessing.color import adjust_hue as adjust_hue
from jax_slim.preprocessing.color import adjust_saturation as adjust_saturation
from jax_slim.preprocessing.color import grayscale_to_rgb as grayscale_to_rgb
from jax_slim.preprocessing.color import hsv_to_rgb as hsv_to_rgb
from jax_slim.preprocessing.color import random_brightness as random_brightness
from jax_slim.preprocessing.color import random_contrast as random_contrast
from jax_slim.preprocessing.color import random_hue as random_hue
from jax_slim.preprocessing.color import random_saturation as random_saturation
from jax_slim.preprocessing.color import rgb_to_grayscale as rgb_to_grayscale
from jax_slim.preprocessing.color import rgb_to_hsv as rgb_to_hsv
from jax_slim.preprocessing.cropping import central_crop as central_crop
from jax_slim.preprocessing.cropping import crop_to_bounding_box as crop_to_bounding_box
from jax_slim.preprocessing.cropping import pad_to_bounding_box as pad_to_bounding_box
from jax_slim.preprocessing.cropping import random_crop as random_crop
from jax_slim.preprocessing.cropping import resize_image_with_crop_or_pad as resize_image_with_crop_or_pad
from jax_slim.preprocessing.device_preprocessing import DevicePreprocessing as DevicePreprocessing
from jax_slim.preprocessing.device_preprocessing import on_device as on_device
from jax_slim.preprocessing.element_types import convert_image_dtype as convert_image_dtype
from jax_slim.preprocessing.flipping import flip_left_right as flip_left_right
from jax_slim.preprocessing.flipping import flip_up_down as flip_up_down
from jax_slim.preprocessing.flipping import random_flip_left_right as random_flip_left_right
from jax_slim.preprocessing.flipping import random_flip_up_down as random_flip_up_down
from jax_slim.preprocessing.flipping import rot90 as rot90
from jax_slim.preprocessing.flipping import transpose_image as transpose_image
from jax_slim.preprocessing.mixing import cutmix as cutmix
from jax_slim.preprocessing.mixing import mixup as mixup
from jax_slim.preprocessing.preprocessing_factory import get_preprocessing as get_preprocessing
from jax_slim.preprocessing.randaugment import rand_augment as rand_augment
from jax_slim.preprocessing.resizing import ResizeMethod as ResizeMethod
from jax_slim.preprocessing.resizing import resize_area as resize_area
from jax_slim.preprocessing.resizing import resize_bicubic as resize_bicubic
from jax_slim.preprocessing.resizing import resize_bilinear as resize_bilinear
from jax_slim.preprocessing.resizing import resize_image_with_pad as resize_image_with_pad
from jax_slim.preprocessing.resizing import resize_images as resize_images
from jax_slim.preprocessing.resizing import resize_nearest_neighbor as resize_nearest_neighbor
from jax_slim.preprocessing.standardization import per_image_standardization as per_image_standardization

# tf.image's other names of the same functions.
resize = resize_images
resize_with_crop_or_pad = resize_image_with_crop_or_pad
transpose = transpose_image
