"""Names of files, records, nested structures, texts as bytes, lookup tables, and hyperparameters."""

_GFILE = (
    "GFile", "FastGFile", "Open", "Exists", "IsDirectory", "Remove", "Copy", "Rename", "MkDir", "MakeDirs", "DeleteRecursively",
    "ListDirectory", "Glob", "Walk", "Stat",
)  # fmt: skip
_IO_GFILE = {
    "GFile": "GFile", "copy": "Copy", "exists": "Exists", "glob": "Glob", "isdir": "IsDirectory", "listdir": "ListDirectory",
    "makedirs": "MakeDirs", "mkdir": "MkDir", "remove": "Remove", "rename": "Rename", "rmtree": "DeleteRecursively", "stat": "Stat",
    "walk": "walk_v2", "join": "join",
}  # fmt: skip
_FILE_IO = (
    "FileIO", "read_file_to_string", "write_string_to_file", "recursive_create_dir", "file_exists", "get_matching_files",
    "list_directory", "delete_file", "delete_recursively", "is_directory", "create_dir", "rename", "copy", "stat",
)  # fmt: skip
_RECORDS = ("TFRecordWriter", "TFRecordOptions", "TFRecordCompressionType", "tf_record_iterator")
_NEST = ("assert_same_structure", "flatten", "is_nested", "map_structure", "pack_sequence_as")
_MORE_NEST = (
    "is_sequence", "assert_shallow_structure", "flatten_up_to", "map_structure_up_to", "yield_flattened_paths", "flatten_dict_items",
    "flatten_with_tuple_paths", "flatten_with_joined_string_paths", "map_structure_with_paths", "list_to_tuple",
)  # fmt: skip
_COMPAT = (
    "as_bytes", "as_text", "as_str", "as_str_any", "path_to_str", "integral_types", "real_types", "complex_types",
    "bytes_or_text_types", "forward_compatible",
)  # fmt: skip
_LOOKUP = (
    "HashTable", "StaticHashTable", "StaticHashTableV1", "StaticVocabularyTable", "MutableHashTable", "MutableDenseHashTable",
    "KeyValueTensorInitializer", "TextFileInitializer", "TextFileStringTableInitializer", "TextFileIdTableInitializer", "TextFileIndex",
    "IdTableWithHashBuckets", "index_table_from_tensor", "index_table_from_file", "index_to_string_table_from_tensor",
    "index_to_string_table_from_file", "index_to_string", "string_to_index", "HasherSpec", "FastHashSpec", "StrongHashSpec",
    "LookupInterface", "InitializableLookupTableBase", "TableInitializerBase", "tables_initializer",
)  # fmt: skip

NAMES = {
    **{f"gfile.{name}": f"python.gfile:{name}" for name in _GFILE},
    **{f"io.gfile.{name}": f"python.gfile:{found}" for name, found in _IO_GFILE.items()},
    **{f"python.lib.io.file_io.{name}": f"python.gfile:{name}" for name in _FILE_IO},
    **{f"python_io.{name}": f"python.python_io:{name}" for name in _RECORDS},
    **{f"io.{name}": f"python.python_io:{name}" for name in _RECORDS},
    **{
        f"{prefix}{name}": f"python.files:{name}"
        for name in ("read_file", "write_file", "matching_files")
        for prefix in ("", "io.")
    },
    **{f"nest.{name}": f"python.nest:{name}" for name in _NEST},
    **{f"contrib.framework.nest.{name}": f"python.nest:{name}" for name in _NEST + _MORE_NEST},
    **{f"python.util.nest.{name}": f"python.nest:{name}" for name in _NEST + _MORE_NEST},
    **{f"compat.{name}": f"python.compat:{name}" for name in _COMPAT},
    **{f"contrib.lookup.{name}": f"python.lookup:{name}" for name in _LOOKUP},
    "lookup.StaticHashTable": "python.lookup:StaticHashTable",
    "lookup.StaticVocabularyTable": "python.lookup:StaticVocabularyTable",
    "lookup.KeyValueTensorInitializer": "python.lookup:KeyValueTensorInitializer",
    "lookup.TextFileInitializer": "python.lookup:TextFileInitializer",
    "lookup.TextFileIndex": "python.lookup:TextFileIndex",
    "lookup.experimental.DenseHashTable": "python.lookup:MutableDenseHashTable",
    "tables_initializer": "python.lookup:tables_initializer",
    "initializers.tables_initializer": "python.lookup:tables_initializer",
    "initialize_all_tables": "python.lookup:initialize_all_tables",
    "contrib.training.HParams": "contrib.hyperparameters:HParams",
    "contrib.training.parse_values": "contrib.hyperparameters:parse_values",
}
