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
    "keras.activations.get": "python.layer_core:activation_of",
}
for _name in "l1 l2 l1_l2".split():
    NAMES[f"keras.regularizers.{_name}"] = f"python.keras_layers:{_name}"
for _name in (
    "Layer Dense Flatten Dropout BatchNormalization Conv1D Conv2D Conv3D SeparableConv1D SeparableConv2D Conv2DTranspose Conv3DTranspose MaxPooling1D "
    "MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D MaxPool2D AvgPool2D Activation ReLU LeakyReLU Reshape "
    "GlobalAveragePooling2D GlobalMaxPooling2D ZeroPadding2D Embedding Lambda Concatenate Add"
).split():  # fmt: skip
    NAMES[f"keras.layers.{_name}"] = f"python.keras_layers:{_name}"
