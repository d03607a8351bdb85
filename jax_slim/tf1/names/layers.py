"""`tf.layers`, and `smart_cond`."""

NAMES: dict[str, str] = {
    "layers.Layer": "python.layer_base:Layer",
    "layers.InputSpec": "python.layer_base:InputSpec",
}
_PLACES = {
    "layer_core": "Dense dense Dropout dropout Flatten flatten",
    "layer_convolutional": "Conv1D conv1d Conv2D conv2d Conv3D conv3d",
    "layer_transposed": "Conv2DTranspose conv2d_transpose Conv3DTranspose conv3d_transpose SeparableConv1D separable_conv1d SeparableConv2D separable_conv2d",
    "layer_pooling": (
        "AveragePooling1D average_pooling1d MaxPooling1D max_pooling1d AveragePooling2D average_pooling2d MaxPooling2D max_pooling2d "
        "AveragePooling3D average_pooling3d MaxPooling3D max_pooling3d"
    ),
    "layer_normalization": "BatchNormalization batch_normalization",
}
for _file, _names in _PLACES.items():
    for _name in _names.split():
        NAMES[f"layers.{_name}"] = f"python.{_file}:{_name}"
for _old, _new in {"Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "Convolution3D": "Conv3D", "convolution1d": "conv1d", "convolution2d": "conv2d",
                   "convolution3d": "conv3d", "SeparableConvolution2D": "SeparableConv2D", "Convolution2DTranspose": "Conv2DTranspose",
                   "Deconvolution2D": "Conv2DTranspose", "BatchNorm": "BatchNormalization", "batch_norm": "batch_normalization"}.items():  # fmt: skip
    NAMES[f"python.layers.{_old}"] = NAMES[f"layers.{_new}"]
