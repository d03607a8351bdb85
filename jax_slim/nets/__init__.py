"""The model zoo: one file a family; a net reads like the table in its paper."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jax_slim.nets import alexnet as alexnet
    from jax_slim.nets import cifarnet as cifarnet
    from jax_slim.nets import conv_blocks as conv_blocks
    from jax_slim.nets import convnext as convnext
    from jax_slim.nets import cyclegan as cyclegan
    from jax_slim.nets import dcgan as dcgan
    from jax_slim.nets import deeplab as deeplab
    from jax_slim.nets import deeplab_inference as deeplab_inference
    from jax_slim.nets import densenet as densenet
    from jax_slim.nets import efficientnet as efficientnet
    from jax_slim.nets import i3d as i3d
    from jax_slim.nets import i3d_utils as i3d_utils
    from jax_slim.nets import inception as inception
    from jax_slim.nets import inception_resnet_v2 as inception_resnet_v2
    from jax_slim.nets import inception_utils as inception_utils
    from jax_slim.nets import inception_v1 as inception_v1
    from jax_slim.nets import inception_v2 as inception_v2
    from jax_slim.nets import inception_v3 as inception_v3
    from jax_slim.nets import inception_v4 as inception_v4
    from jax_slim.nets import lenet as lenet
    from jax_slim.nets import mobilenet as mobilenet
    from jax_slim.nets import mobilenet_v1 as mobilenet_v1
    from jax_slim.nets import mobilenet_v2 as mobilenet_v2
    from jax_slim.nets import mobilenet_v3 as mobilenet_v3
    from jax_slim.nets import mobilenet_v4 as mobilenet_v4
    from jax_slim.nets import nasnet as nasnet
    from jax_slim.nets import nasnet_utils as nasnet_utils
    from jax_slim.nets import nets_factory as nets_factory
    from jax_slim.nets import overfeat as overfeat
    from jax_slim.nets import pix2pix as pix2pix
    from jax_slim.nets import pnasnet as pnasnet
    from jax_slim.nets import resnet_utils as resnet_utils
    from jax_slim.nets import resnet_v1 as resnet_v1
    from jax_slim.nets import resnet_v1_beta as resnet_v1_beta
    from jax_slim.nets import resnet_v2 as resnet_v2
    from jax_slim.nets import resnext as resnext
    from jax_slim.nets import s3dg as s3dg
    from jax_slim.nets import se_resnet as se_resnet
    from jax_slim.nets import ssd as ssd
    from jax_slim.nets import ssd_vgg as ssd_vgg
    from jax_slim.nets import vgg as vgg
    from jax_slim.nets import vit as vit
    from jax_slim.nets import xception as xception
    from jax_slim.nets import xception_deeplab as xception_deeplab
    from jax_slim.nets.class_maps import grad_cam as grad_cam
    from jax_slim.nets.creation import NetModel as NetModel
    from jax_slim.nets.creation import create_model as create_model
    from jax_slim.nets.feature_models import FeatureModel as FeatureModel
    from jax_slim.nets.feature_models import features as features
    from jax_slim.nets.model_names import list_models as list_models
    from jax_slim.nets.pretrained import list_pretrained as list_pretrained
else:  # loaded when it is first named
    from jax_slim.core.first_use import on_first_use

    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "grad_cam": "class_maps",
            "NetModel": "creation",
            "create_model": "creation",
            "FeatureModel": "feature_models",
            "features": "feature_models",
            "list_models": "model_names",
            "list_pretrained": "pretrained",
        },
    )
