"""`tf.feature_column.input_layer` and `linear_model`: what columns become in a net."""

from typing import Any

from jax_slim.tf1.graph import building, dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, initializers, joining, linalg, math, nn_embedding, variable_scope
from jax_slim.tf1.python.feature_columns import CategoricalColumn, Column, DenseColumn, EmbeddingColumn, Features


def _sorted(feature_columns: Any, kinds: Any, wish: str) -> list[Any]:
    columns = (
        list(feature_columns)
        if isinstance(feature_columns, list | tuple | set) or hasattr(feature_columns, "__iter__")
        else [feature_columns]
    )
    if not columns:
        raise ValueError("feature_columns must not be empty.")
    for column in columns:
        if not isinstance(column, kinds):
            raise ValueError(f"Items of feature_columns must be a {wish}. Given: {column}")
    names = [c.name for c in columns]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise ValueError(
            f"Duplicate feature column name found for columns: {twice}. This usually means that these columns refer to same base feature."
        )
    return sorted(columns, key=lambda c: c.name)


def _collections(weight_collections: Any) -> list[Any]:
    found = list(weight_collections or [])
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES):
        if key not in found:
            found.append(key)
    return found


def input_layer(features: dict[str, Any], feature_columns: Any, weight_collections: Any = None, trainable: bool = True, cols_to_vars: Any = None,
                cols_to_output_tensors: Any = None) -> Tensor:  # fmt: skip
    """Columns side by side, by name: [batch, numbers].

    Args:
      features: name -> tensor.
      feature_columns: numbers, buckets, indicators, embeddings.
      weight_collections: collections for its variables, beside the usual ones.
      cols_to_vars, cols_to_output_tensors: dictionaries that are filled.

    Raises:
      ValueError: columns of ids alone, names twice.
    """
    columns = _sorted(
        feature_columns,
        DenseColumn,
        "DenseColumn. You can wrap a CategoricalColumn with an embedding_column or indicator_column",
    )
    kept, made = Features(features), []
    collections = _collections(weight_collections)
    with variable_scope.variable_scope(None, default_name="input_layer", values=features.values()):
        for column in columns:
            scope_name = column.scope_name if isinstance(column, EmbeddingColumn) else column.name
            with variable_scope.variable_scope(None, default_name=scope_name):
                before = len(graphs.get_collection(GraphKeys.GLOBAL_VARIABLES))
                found = column.dense(kept, trainable, collections)
                size = 1
                for s in column.variable_shape:
                    size *= s
                found = array.reshape(found, shape=(array.shape(found)[0], size))
                made.append(found)
                if cols_to_vars is not None:
                    cols_to_vars[column] = graphs.get_collection(GraphKeys.GLOBAL_VARIABLES)[before:]
                if cols_to_output_tensors is not None:
                    cols_to_output_tensors[column] = found
        return joining.concat(made, 1)


def linear_model(features: dict[str, Any], feature_columns: Any, units: int = 1, sparse_combiner: str = "sum", weight_collections: Any = None,
                 trainable: bool = True, cols_to_vars: Any = None) -> Tensor:  # fmt: skip
    """The sum of columns times weights, and a bias: [batch, units]. Ids choose their weights.

    Raises:
      ValueError: embeddings and indicators of ids are refused by name alone where they are no numbers; names twice.
    """
    columns = _sorted(feature_columns, Column, "DenseColumn or CategoricalColumn")
    for column in columns:
        if not isinstance(column, DenseColumn | CategoricalColumn):
            raise ValueError(
                f"Items of feature_columns must be either a DenseColumn or CategoricalColumn. Given: {column}"
            )
    kept, made = Features(features), []
    collections = _collections(weight_collections)
    with variable_scope.variable_scope(None, default_name="linear_model", values=features.values()):
        for column in columns:
            with variable_scope.variable_scope(None, default_name=column.name):
                categorical = isinstance(column, CategoricalColumn)
                size = column.num_buckets if categorical else 1
                if not categorical:
                    for s in column.variable_shape:
                        size *= s
                weights = variable_scope.get_variable("weights", shape=[size, units], initializer=initializers.Zeros(), trainable=trainable,
                                                      collections=collections)  # fmt: skip
                made.append(_weighted(column, kept, weights, sparse_combiner, size, trainable, collections))
                if cols_to_vars is not None:
                    cols_to_vars[column] = list(weights) if hasattr(weights, "_get_variable_list") else [weights]
        total = building.make("AddN", made, name="weighted_sum_no_bias") if len(made) > 1 else made[0]
        bias = variable_scope.get_variable(
            "bias_weights",
            shape=[units],
            initializer=initializers.Zeros(),
            trainable=trainable,
            collections=collections,
        )
        if cols_to_vars is not None:
            cols_to_vars["bias"] = [bias]
        return building.make("BiasAdd", total, bias, name="weighted_sum")


def _weighted(
    column: Any, features: Features, weights: Any, combiner: str, size: int, trainable: bool, collections: Any
) -> Tensor:
    if isinstance(column, CategoricalColumn):
        from jax_slim.tf1.python import sparse

        ids, amounts = column.sparse(features)
        lead = array.shape(ids)[0] if hasattr(ids, "op") else ids.dense_shape[0]
        ids = sparse.sparse_reshape(ids, [lead, -1])
        if amounts is not None:
            amounts = sparse.sparse_reshape(amounts, [amounts.dense_shape[0], -1])
        if ids.values.dtype != dtypes.int64:
            from jax_slim.tf1.graph.composites import SparseTensor

            ids = SparseTensor(ids.indices, math.cast(ids.values, dtypes.int64), ids.dense_shape)
        return nn_embedding.safe_embedding_lookup_sparse(weights, ids, amounts, combiner=combiner, name="weighted_sum")
    found = column.dense(features, trainable, collections)
    found = array.reshape(found, shape=(array.shape(found)[0], size))
    return linalg.matmul(found, weights, name="weighted_sum")
