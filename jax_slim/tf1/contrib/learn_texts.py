"""`tf.contrib.learn.preprocessing`: texts as rows of word ids or bytes."""

import collections
import pickle
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from jax_slim.tf1.python import gfile

# Words, parts of CamelCase and abbreviations.
_WORDS = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\'\w\-]+", re.UNICODE)


def tokenizer(iterator: Iterable[str]) -> Iterator[list[str]]:
    """The words of each text: letters, digits, apostrophes, hyphens; capitals inside of a word begin another one."""
    for text in iterator:
        yield _WORDS.findall(text)


class CategoricalVocabulary:
    """Ids of categories, in the order in which they are first asked for; 0 is the unknown one.

    Args:
      unknown_token: what 0 stands for.
      support_reverse: keep what is needed to find a category by its id.
    """

    def __init__(self, unknown_token: str = "<UNK>", support_reverse: bool = True) -> None:
        self._unknown_token, self._support_reverse, self._freeze = unknown_token, support_reverse, False
        self._freq: dict[Any, int] = collections.defaultdict(int)
        self._start()

    def _start(self) -> None:
        self._mapping: dict[Any, int] = {self._unknown_token: 0}
        self._reverse_mapping: list[Any] = [self._unknown_token]

    def __len__(self) -> int:
        return len(self._mapping)

    def freeze(self, freeze: bool = True) -> None:
        """From now on what is not known has the id 0."""
        self._freeze = freeze

    def get(self, category: Any) -> int:
        """The id of a category; a new one for a new category, unless the vocabulary is frozen: then 0."""
        if category not in self._mapping:
            if self._freeze:
                return 0
            self._mapping[category] = len(self._mapping)
            self._reverse_mapping.append(category)
        return self._mapping[category]

    def add(self, category: Any, count: int = 1) -> None:
        """Counts a category `count` times more often."""
        if self.get(category) > 0:
            self._freq[category] += count

    def trim(self, min_frequency: int, max_frequency: int = -1) -> None:
        """Keeps what was counted more often than `min_frequency`, and less often than `max_frequency` if that is positive.

        Ids are given anew: the most frequent first, equally frequent ones in alphabetical order.
        """
        ordered = sorted(self._freq.items(), key=lambda item: (-item[1], isinstance(item[0], str), item[0]))
        kept = [(c, n) for c, n in ordered if n > min_frequency and not 0 < max_frequency <= n]
        self._start()
        self._freq = collections.defaultdict(int, kept)
        for category, _ in kept:
            self._mapping[category] = len(self._mapping)
            self._reverse_mapping.append(category)

    def reverse(self, class_id: int) -> Any:
        """The category of an id."""
        if not self._support_reverse:
            raise ValueError("This vocabulary wasn't initialized with support_reverse to support reverse() function.")
        return self._reverse_mapping[class_id]


class VocabularyProcessor:
    """Texts as rows of `max_document_length` word ids; what is missing is 0, what is more is cut off.

    Args:
      max_document_length: how many ids a row has.
      min_frequency: words counted as often or less are unknown, 0; all are kept by default.
      vocabulary: a `CategoricalVocabulary`; a new one by default, learnt by `fit`.
      tokenizer_fn: texts -> the words of each; `tokenizer` by default.

    Attributes:
      max_document_length, min_frequency: as given.
      vocabulary_: the vocabulary.
    """

    def __init__(
        self,
        max_document_length: int,
        min_frequency: int = 0,
        vocabulary: Any = None,
        tokenizer_fn: Callable[[Iterable[str]], Iterable[Iterable[str]]] | None = None,
    ) -> None:
        self.max_document_length, self.min_frequency = max_document_length, min_frequency
        self.vocabulary_ = vocabulary if vocabulary else CategoricalVocabulary()
        self._tokenizer = tokenizer_fn or tokenizer

    def fit(self, raw_documents: Iterable[str], unused_y: Any = None) -> "VocabularyProcessor":
        """Learns the words of texts; then no more are learnt."""
        for words in self._tokenizer(raw_documents):
            for word in words:
                self.vocabulary_.add(word)
        if self.min_frequency > 0:
            self.vocabulary_.trim(self.min_frequency)
        self.vocabulary_.freeze()
        return self

    def fit_transform(self, raw_documents: Iterable[str], unused_y: Any = None) -> Iterator[np.ndarray]:
        """`fit`, then `transform`."""
        self.fit(raw_documents)
        return self.transform(raw_documents)

    def transform(self, raw_documents: Iterable[str]) -> Iterator[np.ndarray]:
        """An int64 row of ids for each text."""
        for words in self._tokenizer(raw_documents):
            row = np.zeros(self.max_document_length, np.int64)
            for place, word in zip(range(self.max_document_length), words, strict=False):
                row[place] = self.vocabulary_.get(word)
            yield row

    def reverse(self, documents: Iterable[Iterable[int]]) -> Iterator[str]:
        """A text for each row of ids: the words with spaces between."""
        for row in documents:
            yield " ".join(self.vocabulary_.reverse(class_id) for class_id in row)

    def save(self, filename: str) -> None:
        """Pickles the processor into a file."""
        with gfile.GFile(filename, "wb") as file:
            file.write(pickle.dumps(self))

    @classmethod
    def restore(cls, filename: str) -> "VocabularyProcessor":
        """The processor that was saved in a file. Only for files that one trusts: they are pickles."""
        with gfile.GFile(filename, "rb") as file:
            return pickle.loads(file.read())


class ByteProcessor:
    """Texts as rows of `max_document_length` bytes of UTF-8; what is missing is 0, what is more is cut off."""

    def __init__(self, max_document_length: int) -> None:
        self.max_document_length = max_document_length

    def fit(self, x: Any) -> "ByteProcessor":
        """Nothing is learnt."""
        return self

    def fit_transform(self, x: Iterable[Any]) -> Iterator[np.ndarray]:
        """`transform`."""
        return self.transform(x)

    def transform(self, x: Iterable[Any]) -> Iterator[np.ndarray]:
        """An uint8 row for each text."""
        for text in x:
            found = np.frombuffer(text if isinstance(text, bytes) else text.encode("utf-8"), np.uint8)
            row = np.zeros(self.max_document_length, np.uint8)
            row[: len(found)] = found[: self.max_document_length]
            yield row

    @staticmethod
    def reverse(x: Iterable[Any]) -> Iterator[str]:
        """The text of each row, without the zeros at its end."""
        for row in x:
            yield np.asarray(row, np.uint8).tobytes().rstrip(b"\0").decode("utf-8", "ignore")
