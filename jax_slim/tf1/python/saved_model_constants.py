"""Names in SavedModels: files, tags, signatures."""

SAVED_MODEL_FILENAME_PB, SAVED_MODEL_FILENAME_PBTXT, SAVED_MODEL_SCHEMA_VERSION = (
    "saved_model.pb",
    "saved_model.pbtxt",
    1,
)
VARIABLES_DIRECTORY, VARIABLES_FILENAME, ASSETS_DIRECTORY = "variables", "variables", "assets"
ASSETS_KEY, MAIN_OP_KEY, LEGACY_INIT_OP_KEY = "saved_model_assets", "saved_model_main_op", "legacy_init_op"

SERVING, TRAINING, EVAL, GPU, TPU = "serve", "train", "eval", "gpu", "tpu"

DEFAULT_SERVING_SIGNATURE_DEF_KEY = "serving_default"
CLASSIFY_INPUTS, CLASSIFY_METHOD_NAME = "inputs", "tensorflow/serving/classify"
CLASSIFY_OUTPUT_CLASSES, CLASSIFY_OUTPUT_SCORES = "classes", "scores"
PREDICT_INPUTS, PREDICT_METHOD_NAME, PREDICT_OUTPUTS = "inputs", "tensorflow/serving/predict", "outputs"
REGRESS_INPUTS, REGRESS_METHOD_NAME, REGRESS_OUTPUTS = "inputs", "tensorflow/serving/regress", "outputs"
