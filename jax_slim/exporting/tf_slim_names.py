"""What TF-Slim's own exports call the outputs of its nets, where the scopes alone do not give the same name."""

import fnmatch

_LOGITS = {
    "alexnet_v2": "{net}/fc8/squeezed",
    "i3d": "InceptionV1/Logits/SpatialSqueeze",
    "inception_v1": "InceptionV1/Logits/SpatialSqueeze",
    "inception_v2": "InceptionV2/Logits/SpatialSqueeze",
    "inception_v3": "InceptionV3/Logits/SpatialSqueeze",
    "mobilenet_edgetpu*": "MobilenetEdgeTPU/Logits/output",
    "mobilenet_v1*": "MobilenetV1/Logits/SpatialSqueeze",
    "mobilenet_v2*": "MobilenetV2/Logits/output",
    "mobilenet_v3*": "MobilenetV3/Logits/output",
    "overfeat": "{net}/fc8/squeezed",
    "resnet_v?_*": "{net}/SpatialSqueeze",
    "s3dg": "InceptionV1/Logits/SpatialSqueeze",
    "vgg_*": "{net}/fc8/squeezed",
}
_PROBABILITIES = {
    "cifarnet": "Predictions/Reshape_1",
    "inception_resnet_v2": "InceptionResnetV2/Logits/Predictions",
    "inception_v1": "InceptionV1/Logits/Predictions/Reshape_1",
    "inception_v2": "InceptionV2/Predictions/Reshape_1",
    "inception_v3": "InceptionV3/Predictions/Reshape_1",
    "inception_v4": "InceptionV4/Logits/Predictions",
    "lenet": "Predictions/Reshape_1",
    "nasnet_*": "final_layer/predictions",
    "pnasnet_*": "final_layer/predictions",
    "resnet_v?_*": "{net}/predictions/Reshape_1",
}


def output_names(net: str) -> dict[str, str]:
    """The names of the nodes of a net's 'logits' and 'probabilities', where they have to be said.

    output_names("inception_v4")        # {"probabilities": "InceptionV4/Logits/Predictions"}
    """
    found = {}
    for result, table in (("logits", _LOGITS), ("probabilities", _PROBABILITIES)):
        for pattern, name in table.items():
            if fnmatch.fnmatchcase(net, pattern):
                found[result] = name.format(net=net)
    return found
