"""Names of what reads examples, CSV and bytes, and of the messages that hold examples."""

_FEATURES = ("FixedLenFeature", "FixedLenSequenceFeature", "VarLenFeature", "SparseFeature")
_FUNCTIONS = (
    "parse_example", "parse_single_example", "parse_single_sequence_example", "parse_tensor", "serialize_tensor", "decode_csv",
    "decode_raw", "decode_compressed", "decode_json_example",
)  # fmt: skip
_MESSAGES = (
    "Example",
    "SequenceExample",
    "Feature",
    "Features",
    "FeatureList",
    "FeatureLists",
    "BytesList",
    "FloatList",
    "Int64List",
)

NAMES = {
    **{name: f"python.parsing:{name}" for name in _FEATURES + _FUNCTIONS},
    **{f"io.{name}": f"python.parsing:{name}" for name in _FEATURES + _FUNCTIONS},
    **{f"train.{name}": f"files.protos:{name}" for name in _MESSAGES},
}
