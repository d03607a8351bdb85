"""Messages as text that hold an `Any` of TensorFlow's."""

import pytest
from google.protobuf import text_format

from jax_slim.tf1.files import protos

TEXT = """collection_def { key: "saved_model_assets" value { any_list { value {
  [type.googleapis.com/tensorflow.AssetFileDef] { tensor_info { name: "path:0" } filename: "words.txt" }
} } } }"""


@pytest.mark.parametrize("kind", ["MetaGraphDef", "SavedModel"])
def test_assets_are_read_with_the_type_that_tensorflow_gives_them(kind):
    message = getattr(protos, kind)()
    protos.merge_text(TEXT if kind == "MetaGraphDef" else f"meta_graphs {{ {TEXT} }}", message)
    meta = message if kind == "MetaGraphDef" else message.meta_graphs[0]
    (packed,) = meta.collection_def["saved_model_assets"].any_list.value
    assert packed.type_url == "type.googleapis.com/tensorflow.AssetFileDef"
    assert protos.AssetFileDef.FromString(packed.value).filename == "words.txt"


def test_says_what_is_no_text():
    with pytest.raises(text_format.ParseError):
        protos.merge_text("node {", protos.GraphDef())
