"""Recurrent nets: `tf.nn.rnn_cell`, `tf.nn.dynamic_rnn`, `tf.contrib.rnn`, `tf.contrib.legacy_seq2seq`, `tf.contrib.seq2seq`."""

NAMES: dict[str, str] = {
    "contrib.seq2seq.sequence_loss": "contrib.seq2seq:sequence_loss",
    "nn.raw_rnn": "python.rnn_raw:raw_rnn",
    "contrib.rnn.transpose_batch_time": "python.rnn:transpose_batch_time",
    "contrib.rnn.best_effort_input_batch_size": "python.rnn:best_effort_input_batch_size",
    "contrib.rnn.LayerRNNCell": "python.rnn_cell_base:LayerRNNCell",
    "python.ops.rnn_cell_impl.assert_like_rnncell": "python.rnn_cell_base:assert_like_rnncell",
    "python.ops.rnn_cell_impl.LayerRNNCell": "python.rnn_cell_base:LayerRNNCell",
    "python.ops.rnn_cell_impl._zero_state_tensors": "python.rnn_cell_base:zero_state_tensors",
    "python.ops.rnn._transpose_batch_time": "python.rnn:transpose_batch_time",
}
_CELLS = {
    "python.rnn_cell_base": "RNNCell LSTMStateTuple",
    "python.rnn_cells": "BasicRNNCell GRUCell BasicLSTMCell LSTMCell",
    "python.rnn_wrappers": "MultiRNNCell DropoutWrapper ResidualWrapper DeviceWrapper",
}
_CONTRIB = {
    "contrib.rnn_stacks": "stack_bidirectional_dynamic_rnn stack_bidirectional_rnn HighwayWrapper AttentionCellWrapper",
    "contrib.rnn_linear": "OutputProjectionWrapper InputProjectionWrapper EmbeddingWrapper",
    "contrib.rnn_cells": (
        "UGRNNCell IntersectionRNNCell NASCell LayerNormBasicLSTMCell LSTMBlockCell GRUBlockCell GRUBlockCellV2 CoupledInputForgetGateLSTMCell "
        "ConvLSTMCell Conv1DLSTMCell Conv2DLSTMCell Conv3DLSTMCell"
    ),
}
for _file, _names in _CELLS.items():
    for _name in _names.split():
        NAMES[f"nn.rnn_cell.{_name}"] = NAMES[f"contrib.rnn.{_name}"] = f"{_file}:{_name}"
for _file, _names in _CONTRIB.items():
    for _name in _names.split():
        NAMES[f"contrib.rnn.{_name}"] = f"{_file}:{_name}"
for _name in [
    "dynamic_rnn",
    "bidirectional_dynamic_rnn",
    "static_rnn",
    "static_bidirectional_rnn",
    "static_state_saving_rnn",
]:
    NAMES[f"nn.{_name}"] = f"python.rnn:{_name}"
for _name in ["static_rnn", "static_bidirectional_rnn", "static_state_saving_rnn"]:
    NAMES[f"contrib.rnn.{_name}"] = f"python.rnn:{_name}"
for _name in ["rnn_decoder", "basic_rnn_seq2seq", "tied_rnn_seq2seq", "embedding_rnn_decoder", "embedding_rnn_seq2seq", "attention_decoder", "embedding_attention_decoder", "embedding_attention_seq2seq", "sequence_loss_by_example", "sequence_loss", "model_with_buckets"]:  # fmt: skip
    NAMES[f"contrib.legacy_seq2seq.{_name}"] = f"contrib.legacy_seq2seq:{_name}"
for _file, _names in {
    "contrib.seq2seq_decoders": (
        "Helper CustomHelper TrainingHelper GreedyEmbeddingHelper SampleEmbeddingHelper InferenceHelper Decoder BasicDecoder BasicDecoderOutput dynamic_decode"
    ),
    "contrib.seq2seq_attention": "AttentionMechanism LuongAttention BahdanauAttention AttentionWrapper AttentionWrapperState tile_batch",
}.items():
    NAMES.update({f"contrib.seq2seq.{_name}": f"{_file}:{_name}" for _name in _names.split()})
