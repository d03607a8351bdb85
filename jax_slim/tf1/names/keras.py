"""`tf.keras` inside of graphs: layers, regularizers, activations, a few losses."""

NAMES: dict[str, str] = {
    "keras.layers.InputSpec": "python.layer_base:InputSpec",
    "keras.backend.one_hot": "python.keras_layers:one_hot",
    "keras.backend.learning_phase": "python.keras_layers:learning_phase",
    "keras.losses.categorical_crossentropy": "python.keras_layers:categorical_crossentropy",
    "keras.losses.mean_squared_error": "python.keras_layers:mean_squared_error",
    "keras.losses.mse": "python.keras_layers:mean_squared_error",
    "keras.activations.softmax": "python.keras_layers:softmax",
    "keras.activations.relu": "python.nn_activations:relu",
    "keras.activations.elu": "python.nn_activations:elu",
    "keras.activations.selu": "python.nn_activations:selu",
    "keras.activations.softplus": "python.nn_activations:softplus",
    "keras.activations.softsign": "python.nn_activations:softsign",
    "keras.activations.tanh": "python.math:tanh",
    "keras.activations.sigmoid": "python.math:sigmoid",
    "keras.activations.exponential": "python.keras_families:exponential",
}
for _name in "l1 l2 l1_l2".split():
    NAMES[f"keras.regularizers.{_name}"] = f"python.keras_regularizers:{_name}"
for _name in (
    "Layer Dense Flatten Dropout BatchNormalization Conv1D Conv2D Conv3D SeparableConv1D SeparableConv2D Conv2DTranspose Conv3DTranspose MaxPooling1D "
    "MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D MaxPool2D AvgPool2D Activation ReLU LeakyReLU Reshape "
    "GlobalAveragePooling2D GlobalMaxPooling2D ZeroPadding2D Embedding Lambda Concatenate Add"
).split():  # fmt: skip
    NAMES[f"keras.layers.{_name}"] = f"python.keras_layers:{_name}"
for _name in (
    "Multiply Subtract Average Maximum Minimum add multiply subtract average maximum concatenate Permute RepeatVector UpSampling2D Cropping2D "
    "GlobalAveragePooling1D GlobalMaxPooling1D SpatialDropout2D GaussianNoise PReLU ELU ThresholdedReLU Softmax DepthwiseConv2D"
).split():  # fmt: skip
    NAMES[f"keras.layers.{_name}"] = f"python.keras_layers_more:{_name}"
for _old, _new in {"Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "Convolution3D": "Conv3D", "GlobalAvgPool2D": "GlobalAveragePooling2D",
                   "GlobalMaxPool2D": "GlobalMaxPooling2D", "Convolution2DTranspose": "Conv2DTranspose", "SeparableConvolution2D": "SeparableConv2D"}.items():  # fmt: skip
    NAMES[f"keras.layers.{_old}"] = NAMES[f"keras.layers.{_new}"]
for _name in "epsilon floatx image_data_format int_shape mean sum max concatenate hard_sigmoid switch".split():
    NAMES[f"keras.backend.{_name}"] = f"python.keras_backend:{_name}"
for _name, _place in {"square": "math:square", "abs": "math:abs", "exp": "math:exp", "log": "math:log", "sqrt": "math:sqrt", "maximum": "math:maximum",
                      "minimum": "math:minimum", "sigmoid": "math:sigmoid", "tanh": "math:tanh", "cast": "math:cast",                       "reshape": "array:reshape", "expand_dims": "array:expand_dims", "shape": "array:shape", "stop_gradient": "array:stop_gradient",
                      "equal": "math:equal", "greater": "math:greater", "less": "math:less", "clip": "clip_ops:clip_by_value"}.items():  # fmt: skip
    NAMES[f"keras.backend.{_name}"] = f"python.{_place}"
for _name in "binary_crossentropy sparse_categorical_crossentropy mean_absolute_error".split():
    NAMES[f"keras.losses.{_name}"] = f"python.keras_backend:{_name}"
NAMES |= {
    "keras.losses.mae": "python.keras_backend:mean_absolute_error",
    "keras.activations.linear": "python.keras_backend:linear",
    "keras.activations.hard_sigmoid": "python.keras_backend:hard_sigmoid",
    "keras.utils.to_categorical": "python.keras_backend:to_categorical",
}
for _place, _file in {"regularizers": "keras_regularizers", "constraints": "keras_constraints", "initializers": "initializers", "optimizers": "keras_optimizers"}.items():  # fmt: skip
    for _name in ("serialize", "deserialize", "get"):
        NAMES[f"keras.{_place}.{_name}"] = f"python.{_file}:{_name}"
for _name in ("serialize", "deserialize"):
    NAMES[f"keras.losses.{_name}"] = NAMES[f"keras.metrics.{_name}"] = f"python.keras_losses:{_name}"
    NAMES[f"keras.layers.{_name}"] = f"python.keras_families:{_name}_layer"
for _name in ("serialize", "deserialize", "get"):
    NAMES[f"keras.activations.{_name}"] = f"python.keras_families:{_name}_activation"
for _name in ("Regularizer", "L1L2"):
    NAMES[f"keras.regularizers.{_name}"] = f"python.keras_regularizers:{_name}"
for _name in ("Constraint", "MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm"):
    NAMES[f"keras.constraints.{_name}"] = f"python.keras_constraints:{_name}"
for _old, _new in {
    "max_norm": "MaxNorm",
    "non_neg": "NonNeg",
    "unit_norm": "UnitNorm",
    "min_max_norm": "MinMaxNorm",
}.items():
    NAMES[f"keras.constraints.{_old}"] = NAMES[f"keras.constraints.{_new}"]
for _name in "get_custom_objects register_keras_serializable custom_object_scope serialize_keras_object deserialize_keras_object".split():
    NAMES[f"keras.utils.{_name}"] = f"python.keras_configurations:{_name}"
NAMES["keras.utils.CustomObjectScope"] = "python.keras_configurations:custom_object_scope"
