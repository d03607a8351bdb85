"""Names of ragged tensors."""

NAMES = {
    "RaggedTensor": "python.ragged:RaggedTensor",
    "ragged.RaggedTensorValue": "python.ragged:RaggedTensorValue",
    "ragged.constant": "python.ragged:constant",
    "ragged.map_flat_values": "python.ragged:map_flat_values",
    "ragged.range": "python.ragged:ragged_range",
    "ragged.row_splits_to_segment_ids": "python.ragged:row_splits_to_segment_ids",
    "ragged.segment_ids_to_row_splits": "python.ragged:segment_ids_to_row_splits",
}
