"""Graphs, tensors, types, shapes, collections, name scopes and errors."""

NAMES: dict[str, str] = {
    "Graph": "graph.graphs:Graph",
    "GraphKeys": "graph.collections:GraphKeys",
    "Operation": "graph.tensors:Operation",
    "Tensor": "graph.tensors:Tensor",
    "TensorShape": "graph.shapes:TensorShape",
    "Dimension": "graph.shapes:Dimension",
    "dimension_value": "graph.shapes:dimension_value",
    "DType": "graph.dtypes:DType",
    "as_dtype": "graph.dtypes:as_dtype",
    "bool": "graph.dtypes:bool_",
    "half": "graph.dtypes:float16",
    "double": "graph.dtypes:float64",
    "QUANTIZED_DTYPES": "graph.dtypes:QUANTIZED_DTYPES",
    "name_scope": "graph.graphs:name_scope",
    "op_scope": "python.framework:op_scope",
    "container": "python.framework:container",
    "is_tensor": "python.framework:is_tensor",
    "contrib.framework.is_tensor": "python.framework:is_tensor",
    "contrib.framework.get_name_scope": "python.framework:get_name_scope",
    "contrib.util.constant_value": "python.array:constant_value",
    "contrib.util.make_tensor_proto": "graph.tensor_protos:make_tensor_proto",
    "contrib.util.make_ndarray": "graph.tensor_protos:make_ndarray",
    "get_static_value": "python.framework:get_static_value",
    "make_tensor_proto": "graph.tensor_protos:make_tensor_proto",
    "make_ndarray": "graph.tensor_protos:make_ndarray",
    "strip_name_scope": "python.framework:strip_name_scope",
    "prepend_name_scope": "python.framework:prepend_name_scope",
    "convert_to_tensor": "graph.conversion:convert_to_tensor",
    "convert_to_tensor_or_sparse_tensor": "graph.composites:convert_to_tensor_or_sparse_tensor",
    "convert_to_tensor_or_indexed_slices": "graph.composites:convert_to_tensor_or_indexed_slices",
    "register_tensor_conversion_function": "graph.conversion:register_tensor_conversion_function",
}
NAMES["dtypes.as_dtype"], NAMES["dtypes.DType"] = NAMES["as_dtype"], NAMES["DType"]
NAMES["compat.dimension_value"] = NAMES["dimension_value"]

for _name in (
    "float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex64 complex128 string resource variant qint8 "
    "quint8 qint16 quint16 qint32"
).split():  # fmt: skip
    NAMES[_name] = NAMES[f"dtypes.{_name}"] = f"graph.dtypes:{_name}"
NAMES["dtypes.bool"] = NAMES["bool"]
for _name in "SparseTensor SparseTensorValue IndexedSlices IndexedSlicesValue".split():
    NAMES[_name] = f"graph.composites:{_name}"
NAMES["sparse.SparseTensor"] = NAMES["SparseTensor"]
for _name in (
    "device control_dependencies colocate_with add_to_collection add_to_collections get_collection get_collection_ref "
    "get_all_collection_keys get_default_graph reset_default_graph"
).split():  # fmt: skip
    NAMES[_name] = f"graph.graphs:{_name}"
for _name in (
    "OpError CancelledError UnknownError InvalidArgumentError DeadlineExceededError NotFoundError AlreadyExistsError PermissionDeniedError "
    "ResourceExhaustedError FailedPreconditionError AbortedError OutOfRangeError UnimplementedError InternalError UnavailableError "
    "DataLossError UnauthenticatedError OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS "
    "PERMISSION_DENIED UNAUTHENTICATED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE "
    "DATA_LOSS error_code_from_exception_type exception_type_from_error_code OperatorNotAllowedInGraphError"
).split():  # fmt: skip
    NAMES[f"errors.{_name}"] = f"graph.errors:{_name}"
NAMES["OpError"] = "graph.errors:OpError"
