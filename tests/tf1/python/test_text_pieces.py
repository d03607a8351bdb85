"""Texts in pieces. The values are those of TensorFlow 2.21's compat.v1."""

import pytest

import jax_slim.tf1 as tf
from tf1 import ragged_cases

CASES = [
    ("tf.strings.split(['a b c','','d e'],result_type='RaggedTensor')", [[b'a', b'b', b'c'], [], [b'd', b'e']]),
    ("tf.strings.split([['a b','c'],['d','e f g']],result_type='RaggedTensor')",
     [[[b'a', b'b'], [b'c']], [[b'd'], [b'e', b'f', b'g']]]),
    ("tf.strings.bytes_split('ab')", [b'a', b'b']),
    ("tf.strings.bytes_split(tf.ragged.constant([['ab'],['c','d']]))", [[[b'a', b'b']], [[b'c'], [b'd']]]),
    ("tf.strings.unicode_decode(['hä','','x'],'UTF-8')", [[104, 228], [], [120]]),
    ("tf.strings.unicode_split(['hä','x'],'UTF-8')", [[b'h', b'\xc3\xa4'], [b'x']]),
    ("tf.strings.unicode_decode_with_offsets(['hä€','x'],'UTF-8')", [[[104, 228, 8364], [120]], [[0, 1, 3], [0]]]),
    ("tf.strings.unicode_encode([[104,228],[120,121]],'UTF-8')", [b'h\xc3\xa4', b'xy']),
    ("tf.strings.unicode_encode(tf.ragged.constant([[104,228],[],[120]]),'UTF-16-BE')",
     [b'\x00h\x00\xe4', b'', b'\x00x']),
    ("tf.strings.unicode_encode([104,228],'UTF-32-BE')", b'\x00\x00\x00h\x00\x00\x00\xe4'),
    ("tf.strings.ngrams(tf.ragged.constant([['a','b','c'],['d']]),2)", [[b'a b', b'b c'], []]),
    ("tf.strings.ngrams(['a','b','c'],[1,2],separator='|')", [b'a', b'b', b'c', b'a|b', b'b|c']),
    ("tf.strings.ngrams(tf.ragged.constant([['a','b','c'],['d']]),3,pad_values=('L','R'))",
     [[b'L L a', b'L a b', b'a b c', b'b c R', b'c R R'], [b'L L d', b'L d R', b'd R R']]),
    ("tf.strings.ngrams(tf.ragged.constant([['a','b'],[]]),3,pad_values='P',padding_width=1)",
     [[b'P a b', b'a b P'], []]),
    ("tf.strings.ngrams(tf.ragged.constant([['a','b'],['c','d','e']]),4,preserve_short_sequences=True)",
     [[b'a b'], [b'c d e']]),
]  # fmt: skip


def test_values_are_those_of_tensorflow():
    ragged_cases.check(CASES)


def test_texts_that_are_none_are_replaced_left_out_or_refused():
    with tf.Graph().as_default(), tf.Session() as session:
        broken = [b"a\xffb", b"\xe2\x82", b"\x01"]
        decode = tf.strings.unicode_decode_with_offsets
        found = session.run(
            [decode(broken, "UTF-8"), decode(broken, "UTF-8", "ignore", replace_control_characters=True)]
        )
        assert [[part.to_list() for part in pair] for pair in found] == [
            [[[97, 65533, 98], [65533], [1]], [[0, 1, 2], [0], [0]]],
            [[[97, 98], [], [65533]], [[0, 2], [], [0]]],
        ]
        with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid formatting"):
            session.run(decode(broken, "UTF-8", "strict"))
        with pytest.raises(ValueError, match="result_type must be"):
            tf.strings.split(["a"], result_type="list")
        with pytest.raises(ValueError, match="padding_width must be greater than 0"):
            tf.strings.ngrams(["a"], 2, pad_values="x", padding_width=0)
