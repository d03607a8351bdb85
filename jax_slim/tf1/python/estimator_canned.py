"""Ready-made estimators: `tf.estimator.DNNClassifier`, `LinearRegressor`, `DNNLinearCombinedClassifier`, `BaselineClassifier`, ..."""

import math as numbers
from typing import Any

from jax_slim.tf1.graph import conversion, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import (
    array,
    constant_op,
    control_flow,
    estimator_heads,
    feature_layers,
    global_step,
    initializers,
    joining,
    layer_core,
    linalg,
    nn_activations,
    nn_normalization,
    optimizers_descent,
    optimizers_proximal,
    partitioned,
    state_ops,
    summary,
    variable_scope,
)
from jax_slim.tf1.python.estimator import Estimator
from jax_slim.tf1.python.estimator_specs import ModeKeys

_BY_NAME = {
    "Adagrad": optimizers_descent.AdagradOptimizer,
    "Adam": optimizers_descent.AdamOptimizer,
    "Ftrl": optimizers_proximal.FtrlOptimizer,
    "RMSProp": optimizers_descent.RMSPropOptimizer,
    "SGD": optimizers_descent.GradientDescentOptimizer,
}
_DNN_RATE, _LINEAR_RATE, _BASELINE_RATE = 0.05, 0.2, 0.3
_JOINT_DNN_RATE, _JOINT_LINEAR_RATE = 0.001, 0.005


def _optimizer(given: Any, rate: float) -> Any:
    """An optimizer, by its name, itself, or what a function gives.

    Raises:
      ValueError: there is none of that name.
    """
    if isinstance(given, str):
        if given not in _BY_NAME:
            raise ValueError(f"Unsupported optimizer name: {given}. Supported names are: {tuple(sorted(_BY_NAME))}")
        return _BY_NAME[given](learning_rate=rate)
    made = given() if callable(given) else given
    if not hasattr(made, "minimize"):
        raise ValueError(f"The given object is not an Optimizer instance. Given: {made}")
    return made


def _partitioner(config: Any, given: Any = None, slice_size: int = 256 << 10) -> Any:
    count = max(1, getattr(config, "num_ps_replicas", 0) or 0)
    return given or partitioned.min_max_variable_partitioner(max_partitions=count, min_slice_size=slice_size)


def _watch(value: Any, tag: str) -> None:
    summary.scalar(f"{tag}/fraction_of_zero_values", nn_normalization.zero_fraction(value))
    summary.histogram(f"{tag}/activation", value)


def _check_features(features: Any) -> None:
    if not isinstance(features, dict):
        raise ValueError(f"features should be a dictionary of `Tensor`s. Given type: {type(features)}")


def _dnn_logits(features: Any, mode: str, units: int, hidden_units: Any, columns: Any, activation: Any, dropout: Any, batch_norm: bool,
                input_partitioner: Any) -> Any:  # fmt: skip
    training = mode == ModeKeys.TRAIN
    with variable_scope.variable_scope(
        "input_from_feature_columns", values=features.values(), partitioner=input_partitioner
    ):
        net = feature_layers.input_layer(features, columns)
    for number, size in enumerate(hidden_units):
        with variable_scope.variable_scope(f"hiddenlayer_{number}", values=(net,)) as scope:
            net = layer_core.dense(
                net, units=size, activation=activation, kernel_initializer=initializers.GlorotUniform(), name=scope
            )
            if dropout is not None and training:
                net = layer_core.dropout(net, rate=dropout, training=True)
            if batch_norm:
                from jax_slim.tf1.python import layer_normalization

                net = layer_normalization.batch_normalization(
                    net, momentum=0.999, training=training, name=f"batchnorm_{number}"
                )
        _watch(net, scope.name)
    with variable_scope.variable_scope("logits", values=(net,)) as scope:
        logits = layer_core.dense(
            net, units=units, activation=None, kernel_initializer=initializers.GlorotUniform(), name=scope
        )
    _watch(logits, scope.name)
    return logits


def _linear_logits(features: Any, units: int, columns: Any, combiner: str) -> Any:
    made: dict[Any, Any] = {}
    logits = feature_layers.linear_model(features, columns, units=units, sparse_combiner=combiner, cols_to_vars=made)
    bias = conversion.convert_to_tensor(made["bias"][0])
    if units == 1:
        summary.scalar("bias", bias[0])
    return logits


def _dnn_model(
    head: Any,
    hidden_units: Any,
    columns: Any,
    optimizer: Any,
    activation: Any,
    dropout: Any,
    input_partitioner: Any,
    batch_norm: bool,
) -> Any:
    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        _check_features(features)
        chosen = _optimizer(optimizer, _DNN_RATE)
        with variable_scope.variable_scope("dnn", values=tuple(features.values()), partitioner=_partitioner(config)):
            inputs = _partitioner(config, input_partitioner, 64 << 20)
            logits = _dnn_logits(
                features, mode, head.logits_dimension, hidden_units, columns, activation, dropout, batch_norm, inputs
            )
            return head.spec(features, mode, labels, logits, lambda loss: _minimized(chosen, loss, batch_norm))

    return model_fn


def _minimized(optimizer: Any, loss: Any, with_updates: bool = False) -> Any:
    updates = graphs.get_collection(GraphKeys.UPDATE_OPS) if with_updates else []
    with graphs.control_dependencies(updates):
        return optimizer.minimize(loss, global_step=global_step.get_global_step())


def _linear_model(head: Any, columns: Any, optimizer: Any, partitioner: Any, combiner: str) -> Any:
    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        _check_features(features)
        rate = min(_LINEAR_RATE, 1.0 / numbers.sqrt(len(columns)))
        chosen = _optimizer(optimizer, rate)
        with variable_scope.variable_scope(
            "linear", values=tuple(features.values()), partitioner=_partitioner(config, partitioner, 64 << 20)
        ):
            logits = _linear_logits(features, head.logits_dimension, columns, combiner)
            return head.spec(features, mode, labels, logits, lambda loss: _minimized(chosen, loss))

    return model_fn


def _joint_model(head: Any, linear_columns: Any, linear_optimizer: Any, dnn_columns: Any, dnn_optimizer: Any, hidden_units: Any, activation: Any,
                 dropout: Any, input_partitioner: Any, batch_norm: bool, combiner: str) -> Any:  # fmt: skip
    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        _check_features(features)
        if not linear_columns and not dnn_columns:
            raise ValueError("Either linear_feature_columns or dnn_feature_columns must be defined.")
        parts, steps = [], []
        if dnn_columns:
            deep = _optimizer(dnn_optimizer, _JOINT_DNN_RATE)
            with variable_scope.variable_scope(
                "dnn", values=tuple(features.values()), partitioner=_partitioner(config)
            ) as scope:
                inputs = _partitioner(config, input_partitioner, 64 << 20)
                parts.append(
                    _dnn_logits(
                        features,
                        mode,
                        head.logits_dimension,
                        hidden_units,
                        dnn_columns,
                        activation,
                        dropout,
                        batch_norm,
                        inputs,
                    )
                )
            steps.append((deep, scope.name))
        if linear_columns:
            wide = _optimizer(linear_optimizer, min(_JOINT_LINEAR_RATE, 1.0 / numbers.sqrt(len(linear_columns))))
            with variable_scope.variable_scope(
                "linear", values=tuple(features.values()), partitioner=_partitioner(config, None, 64 << 20)
            ) as scope:
                parts.append(_linear_logits(features, head.logits_dimension, linear_columns, combiner))
            steps.append((wide, scope.name))
        logits = parts[0] if len(parts) == 1 else parts[0] + parts[1]

        def train_op(loss: Any) -> Any:
            made = [
                o.minimize(loss, var_list=graphs.get_collection(GraphKeys.TRAINABLE_VARIABLES, scope=name))
                for o, name in steps
            ]
            updates = graphs.get_collection(GraphKeys.UPDATE_OPS) if batch_norm else []
            with graphs.control_dependencies([control_flow.group(*made, *updates)]):
                return state_ops.assign_add(global_step.get_global_step(), 1).op

        return head.spec(features, mode, labels, logits, train_op)

    return model_fn


def _baseline_model(head: Any, optimizer: Any) -> Any:
    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        _check_features(features)
        chosen = _optimizer(optimizer, _BASELINE_RATE)
        with variable_scope.variable_scope("baseline", values=tuple(features.values())):
            first = conversion.convert_to_tensor(next(iter(features[k] for k in sorted(features))))
            bias = variable_scope.get_variable("bias", initializer=initializers.Zeros(), shape=[head.logits_dimension])
            ones = constant_op.ones(joining.stack([array.shape(first)[0], 1]))
            logits = linalg.matmul(ones, array.reshape(bias, [1, head.logits_dimension]))

        return head.spec(features, mode, labels, logits, lambda loss: _minimized(chosen, loss))

    return model_fn


def _columns(feature_columns: Any) -> tuple[Any, ...]:
    return tuple(feature_columns) if isinstance(feature_columns, list | tuple | set) else (feature_columns,)


class DNNClassifier(Estimator):
    """A net of dense layers for classes.

    Args:
      hidden_units: the sizes of the hidden layers.
      feature_columns: numbers, indicators, embeddings.
      n_classes, label_vocabulary: how many classes, and their words where labels are texts.
      weight_column: the feature with a weight for each example.
      optimizer: an optimizer, its name, or a function that makes one; Adagrad with a rate of 0.05 by default.
      activation_fn, dropout, batch_norm: of the hidden layers.
      loss_reduction: the sum over a batch by default.
    """

    def __init__(self, hidden_units: Any, feature_columns: Any, model_dir: Any = None, n_classes: int = 2, weight_column: Any = None, label_vocabulary: Any = None,
                 optimizer: Any = "Adagrad", activation_fn: Any = nn_activations.relu, dropout: Any = None, input_layer_partitioner: Any = None, config: Any = None,
                 warm_start_from: Any = None, loss_reduction: str = "weighted_sum", batch_norm: bool = False) -> None:  # fmt: skip
        head = estimator_heads.classes(n_classes, weight_column, label_vocabulary, loss_reduction)
        model = _dnn_model(
            head,
            hidden_units,
            _columns(feature_columns),
            optimizer,
            activation_fn,
            dropout,
            input_layer_partitioner,
            batch_norm,
        )
        super().__init__(model, model_dir, config, warm_start_from=warm_start_from)


class DNNRegressor(Estimator):
    """A net of dense layers for numbers: `label_dimension` of them. The other arguments are `DNNClassifier`'s."""

    def __init__(self, hidden_units: Any, feature_columns: Any, model_dir: Any = None, label_dimension: int = 1, weight_column: Any = None, optimizer: Any = "Adagrad",
                 activation_fn: Any = nn_activations.relu, dropout: Any = None, input_layer_partitioner: Any = None, config: Any = None, warm_start_from: Any = None,
                 loss_reduction: str = "weighted_sum", batch_norm: bool = False) -> None:  # fmt: skip
        head = estimator_heads.RegressionHead(
            label_dimension, weight_column=weight_column, loss_reduction=loss_reduction
        )
        model = _dnn_model(
            head,
            hidden_units,
            _columns(feature_columns),
            optimizer,
            activation_fn,
            dropout,
            input_layer_partitioner,
            batch_norm,
        )
        super().__init__(model, model_dir, config, warm_start_from=warm_start_from)


class LinearClassifier(Estimator):
    """A linear model for classes, trained by Ftrl with a rate of min(0.2, 1 / sqrt(number of columns)) by default."""

    def __init__(self, feature_columns: Any, model_dir: Any = None, n_classes: int = 2, weight_column: Any = None, label_vocabulary: Any = None,
                 optimizer: Any = "Ftrl", config: Any = None, partitioner: Any = None, warm_start_from: Any = None, loss_reduction: str = "weighted_sum",
                 sparse_combiner: str = "sum") -> None:  # fmt: skip
        head = estimator_heads.classes(n_classes, weight_column, label_vocabulary, loss_reduction)
        model = _linear_model(head, _columns(feature_columns), optimizer, partitioner, sparse_combiner)
        super().__init__(model, model_dir, config, warm_start_from=warm_start_from)


class LinearRegressor(Estimator):
    """A linear model for numbers."""

    def __init__(self, feature_columns: Any, model_dir: Any = None, label_dimension: int = 1, weight_column: Any = None, optimizer: Any = "Ftrl", config: Any = None,
                 partitioner: Any = None, warm_start_from: Any = None, loss_reduction: str = "weighted_sum", sparse_combiner: str = "sum") -> None:  # fmt: skip
        head = estimator_heads.RegressionHead(
            label_dimension, weight_column=weight_column, loss_reduction=loss_reduction
        )
        model = _linear_model(head, _columns(feature_columns), optimizer, partitioner, sparse_combiner)
        super().__init__(model, model_dir, config, warm_start_from=warm_start_from)


class DNNLinearCombinedClassifier(Estimator):
    """A linear model and a net whose logits are added, each with an optimizer of its own, for classes."""

    def __init__(self, model_dir: Any = None, linear_feature_columns: Any = None, linear_optimizer: Any = "Ftrl", dnn_feature_columns: Any = None,
                 dnn_optimizer: Any = "Adagrad", dnn_hidden_units: Any = None, dnn_activation_fn: Any = nn_activations.relu, dnn_dropout: Any = None,
                 n_classes: int = 2, weight_column: Any = None, label_vocabulary: Any = None, input_layer_partitioner: Any = None, config: Any = None,
                 warm_start_from: Any = None, loss_reduction: str = "weighted_sum", batch_norm: bool = False, linear_sparse_combiner: str = "sum") -> None:  # fmt: skip
        head = estimator_heads.classes(n_classes, weight_column, label_vocabulary, loss_reduction)
        model = _joint_model(head, _columns(linear_feature_columns or ()), linear_optimizer, _columns(dnn_feature_columns or ()), dnn_optimizer, dnn_hidden_units,
                             dnn_activation_fn, dnn_dropout, input_layer_partitioner, batch_norm, linear_sparse_combiner)  # fmt: skip
        super().__init__(model, model_dir, config, warm_start_from=warm_start_from)


class DNNLinearCombinedRegressor(Estimator):
    """A linear model and a net whose outputs are added, for numbers."""

    def __init__(self, model_dir: Any = None, linear_feature_columns: Any = None, linear_optimizer: Any = "Ftrl", dnn_feature_columns: Any = None,
                 dnn_optimizer: Any = "Adagrad", dnn_hidden_units: Any = None, dnn_activation_fn: Any = nn_activations.relu, dnn_dropout: Any = None,
                 label_dimension: int = 1, weight_column: Any = None, input_layer_partitioner: Any = None, config: Any = None, warm_start_from: Any = None,
                 loss_reduction: str = "weighted_sum", batch_norm: bool = False, linear_sparse_combiner: str = "sum") -> None:  # fmt: skip
        head = estimator_heads.RegressionHead(
            label_dimension, weight_column=weight_column, loss_reduction=loss_reduction
        )
        model = _joint_model(head, _columns(linear_feature_columns or ()), linear_optimizer, _columns(dnn_feature_columns or ()), dnn_optimizer, dnn_hidden_units,
                             dnn_activation_fn, dnn_dropout, input_layer_partitioner, batch_norm, linear_sparse_combiner)  # fmt: skip
        super().__init__(model, model_dir, config, warm_start_from=warm_start_from)


class BaselineClassifier(Estimator):
    """The classes' shares, whatever the features are."""

    def __init__(self, model_dir: Any = None, n_classes: int = 2, weight_column: Any = None, label_vocabulary: Any = None, optimizer: Any = "Ftrl",
                 config: Any = None, loss_reduction: str = "weighted_sum") -> None:  # fmt: skip
        head = estimator_heads.classes(n_classes, weight_column, label_vocabulary, loss_reduction)
        super().__init__(_baseline_model(head, optimizer), model_dir, config)


class BaselineRegressor(Estimator):
    """The labels' mean, whatever the features are."""

    def __init__(self, model_dir: Any = None, label_dimension: int = 1, weight_column: Any = None, optimizer: Any = "Ftrl", config: Any = None,
                 loss_reduction: str = "weighted_sum") -> None:  # fmt: skip
        head = estimator_heads.RegressionHead(
            label_dimension, weight_column=weight_column, loss_reduction=loss_reduction
        )
        super().__init__(_baseline_model(head, optimizer), model_dir, config)
