"""Writes the records of a data set and its labels.txt: all of them, or nothing."""

import contextlib
import errno
import itertools
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

from jax_slim.data.parallel_reader import shard_names
from jax_slim.data.record_writing import TFRecordWriter
from jax_slim.datasets.dataset_utils import LABELS_FILENAME, label_lines
from jax_slim.datasets.record_files import record_files

_numbers = itertools.count()


class RecordSet:
    """Files of records that appear in a folder all at once, with `labels.txt`.

        with RecordSet("convert", folder, "flowers", class_names, overwrite=False) as records:
            records.write("train", examples, count, num_shards=5)

    Until the `with` ends well, they are in a hidden folder inside (or, where the folder is new, beside) it, which goes
    away where it ends otherwise.

    Args:
      function: for messages.
      folder: where they go.
      name: of the data set.
      class_names: the name of each label.
      overwrite: whether records of that name, and another labels.txt, may be replaced.

    Attributes:
      files: the paths of the files.

    Raises:
      FileExistsError: there are such records or labels already.
      NotADirectoryError: `folder` is a file.
    """

    def __init__(self, function: str, folder: Path, name: str, class_names: Mapping[int, str], overwrite: bool):
        self.files: list[str] = []
        self._function, self._folder, self._name = function, folder, name
        self._labels = label_lines(class_names)
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(f"{function}: output_dir must be a folder, got the file {str(folder)!r}.")
        self._old = self._checked(overwrite)
        self._new_folder = not folder.exists()
        place = folder.parent if self._new_folder else folder
        self._hidden = place / f".{folder.name}.{os.getpid()}.{next(_numbers)}.partial"

    def _checked(self, overwrite: bool) -> list[str]:
        """What is to be replaced."""
        found = record_files(self._folder) if self._folder.is_dir() else None
        old = [file for part in (found.parts.get(self._name, {}) if found else {}).values() for file in part]
        labels = self._folder / LABELS_FILENAME
        if old and not overwrite:
            raise FileExistsError(
                f"{self._function}: output_dir must not hold records of {self._name!r} yet, got {old[0]!r}. "
                "Choose another folder or name, or pass overwrite=True."
            )
        if labels.is_file() and not overwrite and labels.read_text(encoding="utf-8", errors="replace") != self._labels:
            raise FileExistsError(
                f"{self._function}: output_dir must not hold the labels of other data, got {str(labels)!r} with other "
                "classes. Choose another folder, or pass overwrite=True."
            )
        return old

    def __enter__(self) -> "RecordSet":
        with self._explained():
            self._hidden.mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                with self._explained():
                    self._publish()
        finally:
            shutil.rmtree(self._hidden, ignore_errors=True)

    def write(self, part: str, records: Iterator[bytes | None], count: int, num_shards: int | None) -> int:
        """Writes a part.

        Args:
          part: "train" or the like.
          records: the serialized examples; None for one that is left out.
          count: how many there are, with those.
          num_shards: into how many files; None means one, without a number in its name.

        Returns:
          How many were written.
        """
        names = [f"{self._name}_{part}.tfrecord"]
        if num_shards is not None:  # as TF-Slim's scripts called them: flowers_train_00000-of-00005.tfrecord
            names = [f"{self._name}_{part}_{ending[1:]}.tfrecord" for ending in shard_names("", num_shards)]
        written = 0
        with self._explained():
            for number, name in enumerate(names):
                begin, end = (count * edge // len(names) for edge in (number, number + 1))
                with TFRecordWriter(self._hidden / name) as writer:
                    for record in itertools.islice(records, end - begin):
                        if record is not None:
                            writer.write(record)
                            written += 1
        self.files += [str(self._folder / name) for name in names]
        return written

    def _publish(self) -> None:
        """Gives the files their place."""
        with (self._hidden / LABELS_FILENAME).open("w", encoding="utf-8", newline="\n") as file:
            file.write(self._labels)
            file.flush()
            os.fsync(file.fileno())
        if self._new_folder and not self._folder.exists():
            self._hidden.rename(self._folder)
            return
        new = {os.path.basename(file) for file in self.files}
        aside: list[tuple[Path, Path]] = []
        moved: list[Path] = []
        try:
            labels = self._folder / LABELS_FILENAME
            for old in [*map(Path, self._old), *([labels] if labels.is_file() else [])]:
                away = self._hidden / f"old-{old.name}"
                old.rename(away)
                aside.append((away, old))
            for name in (*sorted(new), LABELS_FILENAME):
                (self._hidden / name).rename(self._folder / name)
                moved.append(self._folder / name)
        except BaseException:
            for path in moved:
                path.unlink(missing_ok=True)
            for away, old in aside:
                away.rename(old)
            raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Says of a disk that is full what was written to, and that nothing of it remains."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                why = f"{error.strerror}: {self._function} must have room for the records; nothing was written"
                raise OSError(error.errno, why, str(self._folder)) from None
            raise


def serialized(make: Callable[[int], bytes], numbers: list[int]) -> Generator[bytes | Exception, None, None]:
    """What `make` gives for each number, in order, made by threads a little ahead; what it raises is given too.

    Only `DataLossError` and `OSError`, what files can be at fault for; all else is raised. Whoever does not take all
    must close it: left to the garbage collector, it would wait for its threads wherever that runs, and in a thread that
    is just starting this is for ever.
    """
    from collections import deque
    from concurrent.futures import ThreadPoolExecutor

    from jax_slim.data.errors import DataLossError

    workers = min(8, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        waiting = deque(pool.submit(make, number) for number in numbers[: 4 * workers])
        rest = iter(numbers[4 * workers :])
        try:
            while waiting:
                try:
                    yield waiting.popleft().result()
                except (DataLossError, OSError) as error:
                    yield error
                for number in itertools.islice(rest, 1):
                    waiting.append(pool.submit(make, number))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
