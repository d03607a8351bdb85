"""Names of texts."""

_BOTH = {
    "reduce_join": "reduce_join", "regex_replace": "regex_replace", "as_string": "as_string", "substr": "substr",
    "unsorted_segment_join": "unsorted_segment_join",
}  # fmt: skip

_PIECES = ("bytes_split", "ngrams", "unicode_decode", "unicode_decode_with_offsets", "unicode_encode", "unicode_split",
           "unicode_split_with_offsets")  # fmt: skip

NAMES = {
    **{name: f"python.strings:{found}" for name, found in _BOTH.items()},
    **{f"strings.{name}": f"python.strings:{found}" for name, found in _BOTH.items()},
    "string_split": "python.text_pieces:string_split",
    "strings.split": "python.text_pieces:split",
    **{f"strings.{name}": f"python.text_pieces:{name}" for name in _PIECES},
    "string_join": "python.strings:string_join",
    "string_strip": "python.strings:string_strip",
    "string_to_number": "python.strings:string_to_number",
    "string_to_hash_bucket": "python.strings:string_to_hash_bucket",
    "string_to_hash_bucket_fast": "python.strings:string_to_hash_bucket_fast",
    "string_to_hash_bucket_strong": "python.strings:string_to_hash_bucket_strong",
    "encode_base64": "python.strings:encode_base64",
    "decode_base64": "python.strings:decode_base64",
    "io.encode_base64": "python.strings:encode_base64",
    "io.decode_base64": "python.strings:decode_base64",
    "strings.join": "python.strings:string_join",
    "strings.strip": "python.strings:string_strip",
    "strings.length": "python.strings:string_length",
    "strings.lower": "python.strings:string_lower",
    "strings.upper": "python.strings:string_upper",
    "strings.format": "python.strings:string_format",
    "strings.regex_full_match": "python.strings:regex_full_match",
    "strings.to_number": "python.strings:string_to_number",
    "strings.to_hash_bucket": "python.strings:string_to_hash_bucket",
    "strings.to_hash_bucket_fast": "python.strings:string_to_hash_bucket_fast",
    "strings.to_hash_bucket_strong": "python.strings:string_to_hash_bucket_strong",
    "strings.unicode_script": "python.strings:unicode_script",
    "strings.unicode_transcode": "python.strings:unicode_transcode",
}
