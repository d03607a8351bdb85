"""Texts as rows of ids and bytes, as `tf.contrib.learn.preprocessing` makes them."""

import jax_slim.tf1 as tf

TEXTS = ["the CAMEL's camelCase rides", "ride the train-ride to the end of", "a train"]


def test_words_are_numbered_as_they_come(tmp_path):
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor(6)
    rows = list(processor.fit_transform(TEXTS))
    assert rows[0].dtype == "int64" and [r.tolist() for r in rows] == [
        [1, 2, 3, 4, 5, 0],
        [6, 1, 7, 8, 1, 9],
        [11, 12, 0, 0, 0, 0],
    ]
    assert len(processor.vocabulary_) == 13
    assert [r.tolist() for r in processor.transform(["the unknown train"])] == [[1, 0, 12, 0, 0, 0]]
    assert next(processor.reverse([[1, 0, 12]])) == "the <UNK> train"
    processor.save(str(tmp_path / "vocab"))
    kept = tf.contrib.learn.preprocessing.VocabularyProcessor.restore(str(tmp_path / "vocab"))
    assert list(map(list, kept.transform(TEXTS))) == list(map(list, rows))


def test_rare_words_are_left_out_and_frequent_ones_come_first():
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor(
        4, min_frequency=1, tokenizer_fn=lambda texts: map(str.split, texts)
    )
    rows = list(processor.fit_transform(["b a c", "a b d", "a e"]))
    assert [r.tolist() for r in rows] == [[2, 1, 0, 0], [1, 2, 0, 0], [1, 0, 0, 0]]


def test_bytes():
    processor = tf.contrib.learn.preprocessing.ByteProcessor(4)
    rows = list(processor.fit_transform(["é", "abcde"]))
    assert rows[0].tolist() == [0xC3, 0xA9, 0, 0] and bytes(rows[1]) == b"abcd"
    assert list(processor.reverse(rows)) == ["é", "abcd"]
