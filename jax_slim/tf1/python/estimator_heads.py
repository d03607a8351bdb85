"""What ready-made estimators make of logits: losses, predictions, metrics, what is served."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.python import (
    array,
    estimator_export,
    feature_columns,
    joining,
    lookup,
    losses,
    math,
    metrics_counts,
    metrics_means,
    nn_activations,
    nn_losses,
    reductions,
    strings,
)
from jax_slim.tf1.python.estimator_specs import EstimatorSpec, ModeKeys


class Head:
    """A kind of labels.

    Args:
      weight_column: the feature, or numeric column, with a weight for each example.
      loss_reduction: how the loss of a batch follows from its examples': their sum by default.

    Attributes:
      logits_dimension: how many numbers the net gives for an example.
    """

    logits_dimension = 1

    def __init__(
        self, weight_column: Any = None, loss_reduction: str = "weighted_sum", name: str | None = None
    ) -> None:
        self._weight_column, self._reduction, self._name = weight_column, loss_reduction, name

    def spec(self, features: Any, mode: str, labels: Any, logits: Any, train_op_fn: Any) -> EstimatorSpec:
        """The EstimatorSpec; `train_op_fn(loss)` gives the training step.

        Raises:
          ValueError: logits of another size, no labels where they are needed.
        """
        logits = math.cast(logits, dtypes.float32)
        with graphs.name_scope(self._name, "head"):
            predictions = self._predictions(logits)
            if mode == ModeKeys.PREDICT:
                return EstimatorSpec(mode, predictions=predictions, export_outputs=self._exports(predictions))
            if labels is None:
                raise ValueError(
                    "You must provide a labels Tensor. Given: None. Suggested troubleshooting steps: Check that your data contain your label feature. Check that your input_fn properly parses and returns labels."
                )
            labels = self._labels(labels, logits)
            weights = self._weights(features)
            each = self._losses(labels, logits)
            reduction = {"weighted_sum": "weighted_sum", "sum": "weighted_sum"}.get(self._reduction, self._reduction)
            loss = losses.compute_weighted_loss(each, weights=weights, reduction=reduction)
            penalties = losses.get_regularization_losses()
            total = loss if not penalties else math.add_n([loss, math.add_n(penalties)])
            if mode == ModeKeys.EVAL:
                metrics = {"average_loss": metrics_means.mean(each, weights=weights, name="average_loss")}
                metrics.update(self._metrics(labels, logits, predictions, weights))
                return EstimatorSpec(mode, predictions=predictions, loss=total, eval_metric_ops=metrics)
        return EstimatorSpec(mode, predictions=predictions, loss=total, train_op=train_op_fn(total))

    def _weights(self, features: Any) -> Any:
        if self._weight_column is None:
            return 1.0
        column = self._weight_column
        if isinstance(column, str):
            from jax_slim.tf1.python import feature_column_makers

            column = feature_column_makers.numeric_column(column, shape=(1,))
        return feature_columns.Features(features).get(column)

    def _labels(self, labels: Any, logits: Any) -> Any:
        """Labels as [batch, numbers].

        Raises:
          ValueError: sparse labels, or of another shape than logits.
        """
        if isinstance(labels, SparseTensor):
            raise ValueError(
                "SparseTensor labels are not supported. labels must be a Tensor of shape [D0, D1, ..., DN, 1]."
            )
        labels = conversion.convert_to_tensor(labels)
        if labels.shape.ndims is not None and labels.shape.ndims < (logits.shape.ndims or 2):
            labels = array.expand_dims(labels, -1)
        return labels

    def _predictions(self, logits: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _losses(self, labels: Any, logits: Any) -> Any:
        raise NotImplementedError

    def _metrics(self, labels: Any, logits: Any, predictions: Any, weights: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _exports(self, predictions: Any) -> dict[str, Any]:
        raise NotImplementedError


class _Classes(Head):
    """Labels that are classes: numbers, or words of a vocabulary."""

    def __init__(self, n_classes: int, label_vocabulary: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if label_vocabulary is not None and not isinstance(label_vocabulary, list | tuple):
            raise ValueError(f"label_vocabulary should be a list or a tuple. Given type: {type(label_vocabulary)}")
        self._n_classes, self._words = n_classes, label_vocabulary

    def _numbers(self, labels: Any) -> Any:
        if self._words:
            if labels.dtype != dtypes.string:
                raise ValueError(
                    f"Labels dtype should be string since there is a vocabulary. Instead got {labels.dtype}."
                )
            return lookup.index_table_from_tensor(list(self._words), name="class_id_lookup").lookup(labels)
        if not labels.dtype.is_integer and not labels.dtype.is_floating:
            raise ValueError(f"Labels dtype should be integer. Instead got {labels.dtype}.")
        return labels

    def _class_words(self, ids: Any) -> Any:
        if self._words:
            return lookup.index_to_string_table_from_tensor(list(self._words), name="class_string_lookup").lookup(ids)
        return strings.as_string(ids, name="str_classes")

    def _all_classes(self, logits: Any) -> tuple[Any, Any]:
        """The numbers and the words of all classes, for each example."""
        from jax_slim.tf1.python import constant_op

        batch = array.shape(logits)[0]
        ids = array.tile(array.expand_dims(constant_op.range(self._n_classes), 0), joining.stack([batch, 1]))
        words = conversion.constant(list(self._words or [str(i) for i in range(self._n_classes)]))
        return ids, array.tile(array.expand_dims(words, 0), joining.stack([batch, 1]))

    def _exports(self, predictions: Any) -> dict[str, Any]:
        classes = estimator_export.ClassificationOutput(
            scores=predictions["probabilities"], classes=predictions["all_classes"]
        )
        found: dict[str, Any] = {"serving_default": classes, "classification": classes}
        if "logistic" in predictions:
            found["regression"] = estimator_export.RegressionOutput(value=predictions["logistic"])
        return {**found, "predict": estimator_export.PredictOutput(predictions)}


class MultiClassHead(_Classes):
    """Three classes or more: softmax."""

    def __init__(self, n_classes: int, label_vocabulary: Any = None, **kwargs: Any) -> None:
        super().__init__(n_classes, label_vocabulary, **kwargs)
        self.logits_dimension = n_classes

    def _predictions(self, logits: Any) -> dict[str, Any]:
        ids = array.expand_dims(reductions.argmax(logits, axis=-1, name="class_ids"), -1)
        every, words = self._all_classes(logits)
        return {
            "logits": logits, "probabilities": nn_activations.softmax(logits, name="probabilities"), "class_ids": ids,
            "classes": self._class_words(ids), "all_class_ids": every, "all_classes": words,
        }  # fmt: skip

    def _losses(self, labels: Any, logits: Any) -> Any:
        ids = array.squeeze(math.cast(self._numbers(labels), dtypes.int64), [-1])
        found = nn_losses.sparse_softmax_cross_entropy_with_logits(labels=ids, logits=logits)
        return array.expand_dims(found, -1)

    def _metrics(self, labels: Any, logits: Any, predictions: Any, weights: Any) -> dict[str, Any]:
        ids = self._numbers(labels)
        return {"accuracy": metrics_means.accuracy(ids, predictions["class_ids"], weights=weights, name="accuracy")}


class BinaryHead(_Classes):
    """Two classes: the logistic function of one number."""

    def __init__(self, label_vocabulary: Any = None, **kwargs: Any) -> None:
        super().__init__(2, label_vocabulary, **kwargs)

    def _predictions(self, logits: Any) -> dict[str, Any]:
        both = joining.concat((constant_like(logits), logits), axis=-1)
        ids = array.expand_dims(reductions.argmax(both, axis=-1, name="class_ids"), -1)
        every, words = self._all_classes(logits)
        return {
            "logits": logits, "logistic": math.sigmoid(logits, name="logistic"),
            "probabilities": nn_activations.softmax(both, name="probabilities"), "class_ids": ids, "classes": self._class_words(ids),
            "all_class_ids": every, "all_classes": words,
        }  # fmt: skip

    def _losses(self, labels: Any, logits: Any) -> Any:
        wanted = math.cast(self._numbers(labels), dtypes.float32)
        return nn_losses.sigmoid_cross_entropy_with_logits(labels=wanted, logits=logits)

    def _metrics(self, labels: Any, logits: Any, predictions: Any, weights: Any) -> dict[str, Any]:
        wanted = math.cast(self._numbers(labels), dtypes.float32)
        logistic, ids = predictions["logistic"], predictions["class_ids"]
        label_mean = metrics_means.mean(wanted, weights=weights, name="label/mean")
        options: dict[str, Any] = {"labels": wanted, "weights": weights}
        return {
            "accuracy": metrics_means.accuracy(predictions=ids, name="accuracy", **options),
            "precision": metrics_counts.precision(predictions=ids, name="precision", **options),
            "recall": metrics_counts.recall(predictions=ids, name="recall", **options),
            "prediction/mean": metrics_means.mean(logistic, weights=weights, name="prediction/mean"),
            "label/mean": label_mean,
            "accuracy_baseline": tuple(math.maximum(m, 1.0 - m) for m in label_mean),
            "auc": metrics_counts.auc(predictions=logistic, curve="ROC", name="auc", **options),
            "auc_precision_recall": metrics_counts.auc(
                predictions=logistic, curve="PR", name="auc_precision_recall", **options
            ),
        }


class RegressionHead(Head):
    """Labels that are numbers: squared errors."""

    def __init__(self, label_dimension: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if label_dimension < 1:
            raise ValueError(f"Invalid label_dimension {label_dimension}.")
        self.logits_dimension = label_dimension

    def _predictions(self, logits: Any) -> dict[str, Any]:
        return {"predictions": logits}

    def _losses(self, labels: Any, logits: Any) -> Any:
        return math.squared_difference(logits, math.cast(labels, dtypes.float32))

    def _metrics(self, labels: Any, logits: Any, predictions: Any, weights: Any) -> dict[str, Any]:
        return {
            "prediction/mean": metrics_means.mean(logits, weights=weights, name="prediction/mean"),
            "label/mean": metrics_means.mean(math.cast(labels, dtypes.float32), weights=weights, name="label/mean"),
        }

    def _exports(self, predictions: Any) -> dict[str, Any]:
        values = estimator_export.RegressionOutput(value=predictions["predictions"])
        return {"serving_default": values, "regression": values, "predict": estimator_export.PredictOutput(predictions)}


def constant_like(values: Any) -> Any:
    """Zeros of the same shape."""
    return building.make("ZerosLike", values)


def classes(n_classes: int, weight_column: Any, label_vocabulary: Any, loss_reduction: str) -> Head:
    """The head for so many classes.

    Raises:
      ValueError: fewer than two.
    """
    if not isinstance(n_classes, int) or n_classes < 2:
        raise ValueError(f"n_classes must be > 1 for classification: {n_classes}.")
    options = {"label_vocabulary": label_vocabulary, "weight_column": weight_column, "loss_reduction": loss_reduction}
    return BinaryHead(**options) if n_classes == 2 else MultiClassHead(n_classes, **options)
