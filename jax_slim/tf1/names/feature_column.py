"""`tf.feature_column`."""

_COLUMNS = (
    "numeric_column bucketized_column categorical_column_with_hash_bucket categorical_column_with_vocabulary_list "
    "categorical_column_with_vocabulary_file categorical_column_with_identity crossed_column weighted_categorical_column indicator_column "
    "embedding_column shared_embedding_columns make_parse_example_spec"
)
NAMES = {f"feature_column.{_name}": f"python.feature_column_makers:{_name}" for _name in _COLUMNS.split()}
NAMES |= {f"feature_column.{_name}": f"python.feature_layers:{_name}" for _name in ("input_layer", "linear_model")}
