"""`tf.saved_model`."""

_PLACE = "python.saved_model"
_CONSTANTS = "python.saved_model_constants"

NAMES = {}
for _scope, _names in {
    "saved_model.": "build_tensor_info build_signature_def predict_signature_def classification_signature_def regression_signature_def "
    "is_valid_signature get_tensor_from_tensor_info simple_save load maybe_saved_model_directory main_op_with_restore",
    "saved_model.signature_def_utils.": "build_signature_def predict_signature_def classification_signature_def regression_signature_def is_valid_signature",
    "saved_model.utils.": "build_tensor_info get_tensor_from_tensor_info",
    "saved_model.loader.": "load maybe_saved_model_directory",
    "saved_model.main_op.": "main_op main_op_with_restore",
}.items():  # fmt: skip
    NAMES.update({_scope + _name: f"{_PLACE}:{_name}" for _name in _names.split()})
NAMES |= {
    "saved_model.builder.SavedModelBuilder": f"{_PLACE}:SavedModelBuilder",
    "saved_model.Builder": f"{_PLACE}:SavedModelBuilder",
    "saved_model.contains_saved_model": f"{_PLACE}:maybe_saved_model_directory",
    "contrib.predictor.from_saved_model": f"{_PLACE}:Predictor",
    "python.saved_model.loader_impl.parse_saved_model": f"{_PLACE}:parse_saved_model",
}
for _scope, _names in {
    "tag_constants": "SERVING TRAINING EVAL GPU TPU",
    "constants": "ASSETS_DIRECTORY ASSETS_KEY LEGACY_INIT_OP_KEY MAIN_OP_KEY SAVED_MODEL_FILENAME_PB SAVED_MODEL_FILENAME_PBTXT "
    "SAVED_MODEL_SCHEMA_VERSION VARIABLES_DIRECTORY VARIABLES_FILENAME",
    "signature_constants": "DEFAULT_SERVING_SIGNATURE_DEF_KEY CLASSIFY_INPUTS CLASSIFY_METHOD_NAME CLASSIFY_OUTPUT_CLASSES CLASSIFY_OUTPUT_SCORES "
    "PREDICT_INPUTS PREDICT_METHOD_NAME PREDICT_OUTPUTS REGRESS_INPUTS REGRESS_METHOD_NAME REGRESS_OUTPUTS",
}.items():  # fmt: skip
    for _name in _names.split():
        NAMES[f"saved_model.{_scope}.{_name}"] = NAMES[f"python.saved_model.{_scope}.{_name}"] = f"{_CONSTANTS}:{_name}"
        NAMES[f"saved_model.{_name}"] = f"{_CONSTANTS}:{_name}"
