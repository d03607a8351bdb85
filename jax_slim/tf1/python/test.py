"""`tf.test`: a test case with sessions and comparisons of arrays, and gradients checked by differences."""

import contextlib
import os
import random
import re
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock  # noqa: F401

import numpy as np
from absl.testing import absltest

from jax_slim.tf1.graph import errors, gradients, graphs
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import structures
from jax_slim.tf1.python.random import set_random_seed
from jax_slim.tf1.running.session import Session

_folder: str | None = None


def get_temp_dir() -> str:
    """A folder for files of the tests of this process."""
    global _folder
    if _folder is None:
        _folder = os.environ.get("TEST_TMPDIR") or tempfile.mkdtemp(prefix="tf_test_")
    return _folder


def test_src_dir_path(relative_path: str) -> str:
    """Where a file of TF's own tests would be."""
    return str(Path(os.environ.get("TEST_SRCDIR", "")) / "org_tensorflow/tensorflow" / relative_path)


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether JAX has a GPU."""
    import jax

    return any(d.platform == "gpu" for d in jax.devices())


def is_built_with_cuda() -> bool:
    """False: JAX brings what GPUs need."""
    return False


def is_built_with_gpu_support() -> bool:
    """Whether JAX has a GPU."""
    return is_gpu_available()


def gpu_device_name() -> str:
    """The name of the first GPU, or ''."""
    return "/device:GPU:0" if is_gpu_available() else ""


def main(argv: Any = None) -> None:
    """Runs the tests of the program."""
    from jax_slim.tf1.python import app

    app.FLAGS(sys.argv, known_only=True)
    unittest.main(argv=argv)


class StubOutForTesting:
    """Replaces attributes until `UnsetAll`."""

    def __init__(self) -> None:
        self._kept: list[tuple[Any, str, Any]] = []

    def Set(self, parent: Any, child_name: str, new_child: Any) -> None:
        self._kept.append((parent, child_name, getattr(parent, child_name)))
        setattr(parent, child_name, new_child)

    SmartSet = Set

    def UnsetAll(self) -> None:
        for parent, name, value in reversed(self._kept):
            setattr(parent, name, value)
        self._kept.clear()

    CleanUp = SmartUnsetAll = UnsetAll


class TestCase(absltest.TestCase):
    """absl's test case with a fresh graph for each test, sessions, and comparisons of nested arrays."""

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self._cached: Any = None
        self._tempdir: str | None = None

    def setUp(self) -> None:
        self._cached = None
        random.seed(87654321)
        np.random.seed(87654321)
        graphs._graphs().clear()
        graphs.reset_default_graph()
        graphs.get_default_graph().seed = 87654321
        set_random_seed(87654321)

    def tearDown(self) -> None:
        if self._cached is not None:
            self._cached.close()
            self._cached = None

    def get_temp_dir(self) -> str:
        """A folder of this test's own."""
        if self._tempdir is None:
            self._tempdir = tempfile.mkdtemp(dir=get_temp_dir())
        return self._tempdir

    @contextlib.contextmanager
    def session(self, graph: Any = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False) -> Any:
        """A new session, the default one inside. What is made inside is on the CPU, unless `use_gpu`."""
        with Session(graph=graph, config=config) as session, _device(session.graph, use_gpu, force_gpu):
            yield session

    @contextlib.contextmanager
    def cached_session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False
    ) -> Any:
        """One session for the whole test. What is made inside is on the CPU, unless `use_gpu`."""
        if self._cached is None:
            self._cached = Session(graph=graph, config=config)
        elif graph is not None and self._cached.graph is not graph:
            raise ValueError(
                "The graph used to get the cached session is different than the one that was used to create the session."
            )
        place = _device(self._cached.graph, use_gpu, force_gpu)
        with self._cached.graph.as_default(), self._cached.as_default(), place:
            yield self._cached

    def test_session(
        self, graph: Any = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False
    ) -> Any:
        """`cached_session` of the default graph, a new session of another one."""
        if self.id().endswith(".test_session"):  # its name makes unittest run it
            self.skipTest("Not a test.")
        kind = self.cached_session if graph is None else self.session
        return kind(graph, config, use_gpu, force_gpu)

    def evaluate(self, tensors: Any) -> Any:
        """The values of tensors in the default session, or the test's."""
        session = graphs.get_default_session()
        if session is None:
            with self.test_session() as session:
                return session.run(tensors)
        return session.run(tensors)

    def checkedThread(self, target: Any, args: Any = None, kwargs: Any = None) -> Any:
        """A thread whose exception `join` raises."""
        return _CheckedThread(target, args or (), kwargs or {})

    # Comparisons.

    def _array(self, value: Any) -> np.ndarray:
        if isinstance(value, Tensor) or hasattr(value, "_as_graph_element"):
            value = self.evaluate(value)
        return value if isinstance(value, np.ndarray) else np.array(value)

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Nested structures of arrays are equal within `atol + rtol * |b|`."""
        if isinstance(a, dict) or (
            structures.is_nested(a)
            and any(structures.is_nested(x) or isinstance(x, np.ndarray) for x in structures.children(a))
        ):
            if isinstance(a, dict) != isinstance(b, dict):
                raise ValueError(f"Can't compare dict to non-dict: {a!r} and {b!r}.")
            keys = sorted(a) if isinstance(a, dict) else range(len(a))
            self.assertEqual(len(a), len(b), msg)
            try:
                array_a, array_b = np.array(a, dtype=float), np.array(b, dtype=float)
            except (TypeError, ValueError):
                for key in keys:
                    self.assertAllClose(a[key], b[key], rtol, atol, msg)
                return
            a, b = array_a, array_b
        a, b = self._array(a), self._array(b)
        self.assertEqual(a.shape, b.shape, f"Shape mismatch: expected {a.shape}, got {b.shape}. {msg or ''}")
        if not np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True):
            np.testing.assert_allclose(
                a, b, rtol=rtol, atol=atol, err_msg=f"Not equal to tolerance rtol={rtol}, atol={atol}. {msg or ''}"
            )

    def assertAllCloseAccordingToType(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, float_rtol: float = 1e-6, float_atol: float = 1e-6,
                                      half_rtol: float = 1e-3, half_atol: float = 1e-3, bfloat16_rtol: float = 1e-2, bfloat16_atol: float = 1e-2, msg: Any = None) -> None:  # fmt: skip
        """`assertAllClose` with tolerances for narrow types."""
        kinds = {str(self._array(a).dtype), str(self._array(b).dtype)}
        if "float32" in kinds or "complex64" in kinds:
            rtol, atol = max(rtol, float_rtol), max(atol, float_atol)
        if "float16" in kinds:
            rtol, atol = max(rtol, half_rtol), max(atol, half_atol)
        self.assertAllClose(a, b, rtol, atol, msg)

    def assertNotAllClose(self, a: Any, b: Any, **kwargs: Any) -> None:
        """`assertAllClose` would fail."""
        try:
            self.assertAllClose(a, b, **kwargs)
        except AssertionError:
            return
        raise AssertionError("The two values are close at all elements")

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Arrays have equal shapes and elements; NaN equals NaN."""
        a, b = self._array(a), self._array(b)
        if a.dtype.kind in "SOU" or b.dtype.kind in "SOU":
            a, b = _as_bytes(a), _as_bytes(b)
        self.assertEqual(a.shape, b.shape, f"Shape mismatch: expected {a.shape}, got {b.shape}. {msg or ''}")
        same = a == b
        if a.dtype.kind in "fc":
            same = np.logical_or(same, np.logical_and(np.isnan(a), np.isnan(b)))
        if not np.all(same):
            np.testing.assert_array_equal(a, b, err_msg=msg or "")

    def assertNotAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """`assertAllEqual` would fail."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        raise AssertionError(f"The two values are equal at all elements. {msg or ''}")

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        self.assertGreater(np.min(self._array(a)), comparison_target)

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        self.assertLess(np.max(self._array(a)), comparison_target)

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        self.assertGreaterEqual(np.min(self._array(a)), comparison_target)

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        self.assertLessEqual(np.max(self._array(a)), comparison_target)

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        """All elements are between the bounds."""
        values = self._array(target)
        low = values > lower_bound if open_lower_bound else values >= lower_bound
        high = values < upper_bound if open_upper_bound else values <= upper_bound
        self.assertTrue(
            bool(np.all(low & high)), f"Some values are not in the range from {lower_bound} to {upper_bound}: {values}"
        )

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        self.assertLessEqual(set(self._array(target).reshape(-1).tolist()), set(expected_set))

    def assertArrayNear(self, farray1: Any, farray2: Any, err: float, msg: str | None = None) -> None:
        self.assertEqual(len(farray1), len(farray2), msg)
        for a, b in zip(farray1, farray2, strict=True):
            self.assertNear(float(a), float(b), err, msg)

    def assertNear(self, f1: float, f2: float, err: float, msg: str | None = None) -> None:
        self.assertTrue(f1 == f2 or abs(f1 - f2) <= err, f"{f1!r} != {f2!r} +/- {err!r} {msg or ''}")

    def assertNDArrayNear(self, ndarray1: Any, ndarray2: Any, err: float, msg: str | None = None) -> None:
        self.assertLess(float(np.linalg.norm(np.asarray(ndarray1) - np.asarray(ndarray2))), err, msg)

    def assertShapeEqual(self, np_array: Any, tf_tensor: Any, msg: str | None = None) -> None:
        """An array's shape is a tensor's static one."""
        self.assertAllEqual(list(np_array.shape), tf_tensor.get_shape().as_list(), msg)

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        self.assertEqual(self._array(target).dtype, np.dtype(expected_dtype))

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: str | None = None) -> None:
        from jax_slim.tf1.graph import devices

        self.assertEqual(devices.canonical_name(device1), devices.canonical_name(device2), msg)

    def assertStartsWith(self, actual: str, expected_start: str, msg: str | None = None) -> None:
        if not actual.startswith(expected_start):
            self.fail(msg or f"{actual!r} does not start with {expected_start!r}")

    def assertProtoEquals(self, expected_message_maybe_ascii: Any, message: Any, msg: str | None = None) -> None:
        """A protocol buffer equals another one, or a text."""
        from google.protobuf import text_format

        expected = expected_message_maybe_ascii
        if isinstance(expected, str):
            expected = text_format.Merge(expected, type(message)())
        self.assertEqual(str(expected), str(message), msg)

    def assertProtoEqualsVersion(self, expected: Any, actual: Any, **unused: Any) -> None:
        """A GraphDef equals a text, but for versions."""
        from google.protobuf import text_format

        wanted = text_format.Merge(expected, type(actual)()) if isinstance(expected, str) else expected
        self.assertEqual(list(wanted.node), list(actual.node))

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(self, exception_type: Any, expected_err_re_or_predicate: Any) -> Any:
        """An exception is raised whose text a regular expression finds, or of which a function is true."""

        def matches(error: BaseException) -> bool:
            if not isinstance(expected_err_re_or_predicate, str):
                return bool(expected_err_re_or_predicate(error))
            text = error.message if isinstance(error, errors.OpError) else str(error)
            op = error.op if isinstance(error, errors.OpError) else None
            text += f"\nCaused by op: {op.name}" if op is not None else ""
            return re.search(expected_err_re_or_predicate, text) is not None

        try:
            yield
        except exception_type as error:
            if not matches(error):
                raise AssertionError(f"Exception of type {type(error)}: {error}") from error
        else:
            self.fail(f"{exception_type.__name__} not raised")

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> Any:
        return self.assertRaisesWithPredicateMatch(errors.OpError, expected_err_re_or_predicate)

    def assertRaisesIncompatibleShapesError(self, exception_type: Any = errors.InvalidArgumentError) -> Any:
        return self.assertRaisesWithPredicateMatch(exception_type, r".*")

    assertRaisesRegexp = assertRaisesWithRegexpMatch = unittest.TestCase.assertRaisesRegex
    assertItemsEqual: Any = unittest.TestCase.assertCountEqual
    assertEquals = unittest.TestCase.assertEqual
    assertRegexpMatches = unittest.TestCase.assertRegex
    assertNotEquals = unittest.TestCase.assertNotEqual
    assertAlmostEquals = unittest.TestCase.assertAlmostEqual
    assert_ = unittest.TestCase.assertTrue


def _device(graph: Any, use_gpu: bool, force_gpu: bool) -> Any:
    if force_gpu and gpu_device_name():
        return graph.device(gpu_device_name())
    return contextlib.nullcontext() if use_gpu or force_gpu else graph.device("/device:CPU:0")


def _as_bytes(array: np.ndarray) -> np.ndarray:
    result = np.empty(array.shape, object)
    for index, value in np.ndenumerate(array):
        result[index] = value.encode() if isinstance(value, str) else value
    return result


class _CheckedThread:
    def __init__(self, target: Any, args: Any, kwargs: Any) -> None:
        import threading

        self._error: BaseException | None = None

        def run() -> None:
            try:
                target(*args, **kwargs)
            except BaseException as error:
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()
        if self._error is not None:
            raise AssertionError(f"Error in the thread: {self._error}") from self._error

    def is_alive(self) -> bool:
        return self._thread.is_alive()


# Gradients.


def compute_gradient(
    x: Any,
    x_shape: Any,
    y: Any,
    y_shape: Any,
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Any = None,
    extra_feed_dict: Any = None,
) -> Any:
    """The Jacobian of y with respect to x, by tf.gradients and by differences: (theoretical, numerical), [size of x, size of y]."""
    if isinstance(x, list):
        given = x_init_value or [None] * len(x)
        return [
            compute_gradient(a, s, y, y_shape, i, delta, init_targets, extra_feed_dict)
            for a, s, i in zip(x, x_shape, given, strict=True)
        ]
    feeds = dict(extra_feed_dict or {})
    if init_targets is not None:
        for target in init_targets if isinstance(init_targets, list | tuple) else [init_targets]:
            target.run() if isinstance(target, Operation) else target.eval()
    session = graphs.get_default_session()
    kind = x.dtype.as_numpy_dtype
    values = np.asarray(
        x_init_value if x_init_value is not None else np.random.random_sample(tuple(x_shape)), dtype=kind
    )
    count_x, count_y = int(np.prod(x_shape)), int(np.prod(y_shape))
    with x.graph.as_default():
        from jax_slim.tf1.graph import building

        along = building.make("Placeholder", dtype=y.dtype.base_dtype, shape=list(y_shape))
        gradient = gradients.gradients(y, x, along)[0]
    theoretical = np.zeros((count_x, count_y), kind)
    for place in range(count_y):
        direction = np.zeros(count_y, y.dtype.as_numpy_dtype)
        direction[place] = 1
        if gradient is not None:
            theoretical[:, place] = session.run(
                gradient, {**feeds, x: values, along: direction.reshape(tuple(y_shape))}
            ).reshape(-1)
    numerical = np.zeros((count_x, count_y), kind)
    for place in range(count_x):
        both = []
        for sign in (1, -1):
            moved = values.copy().reshape(-1)
            moved[place] += sign * delta
            both.append(session.run(y, {**feeds, x: moved.reshape(values.shape)}).reshape(-1))
        numerical[place] = (both[0] - both[1]) / (2 * delta)
    return theoretical, numerical


def compute_gradient_error(
    x: Any,
    x_shape: Any,
    y: Any,
    y_shape: Any,
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Any = None,
    extra_feed_dict: Any = None,
) -> float:
    """The largest difference between the gradient and differences."""
    found = compute_gradient(x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict)
    pairs = found if isinstance(found, list) else [found]
    return max((float(np.abs(a - b).max()) for a, b in pairs if a.size), default=0.0)


def assert_equal_graph_def(actual: Any, expected: Any, checkpoint_v2: bool = False) -> None:
    """Two GraphDefs have the same nodes, in any order."""
    nodes = [{n.name: n for n in g.node} for g in (actual, expected)]
    if nodes[0] != nodes[1]:
        differing = sorted(set(nodes[0]) ^ set(nodes[1])) or [n for n in nodes[0] if nodes[0][n] != nodes[1][n]]
        raise AssertionError(f"The graphs differ at: {differing[:10]}")


class Benchmark:
    """`tf.test.Benchmark`: there to be subclassed; nothing runs it."""
