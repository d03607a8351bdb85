"""How Keras's models are trained: `compile`, `fit`, `evaluate`, `predict` and their kin."""

import sys
from typing import Any, NamedTuple

import numpy as np

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import (
    array,
    keras_backend,
    keras_base,
    keras_batches,
    keras_callbacks,
    keras_losses,
    keras_optimizers,
    keras_sessions,
    math,
    reductions,
)


class _Compiled(NamedTuple):
    """What `compile` has made: tensors to fetch, placeholders to feed."""

    targets: list[Tensor]
    weights: list[Tensor]
    total: Tensor
    losses: list[Tensor]
    metrics: list[Tensor]


class Training:
    """What models have for training."""

    # What the classes of models bring.
    inputs: Any
    outputs: Any
    input_names: Any
    output_names: Any
    losses: Any
    updates: Any
    trainable_weights: Any
    _call_on: Any

    def _begin_training(self) -> None:
        self.optimizer: Any = None
        self.stop_training = False
        self._compiled_with: dict[str, Any] = {}
        self._made: Any = None
        self._train_op: Any = None
        self._metric_names: list[str] = []
        self.history: Any = None

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None, loss_weights: Any = None, sample_weight_mode: Any = None,
                weighted_metrics: Any = None, target_tensors: Any = None, **kwargs: Any) -> None:  # fmt: skip
        """Says how the net is trained.

        Args:
          optimizer: of `tf.keras.optimizers` or `tf.train`, or a name.
          loss, metrics: functions of (y_true, y_pred), objects or names; lists or dictionaries for several outputs.
          loss_weights: what the outputs' losses are multiplied by.

        Raises:
          ValueError: no such optimizer or loss; what is not there (`sample_weight_mode`, `target_tensors`).
        """
        for name, value in (("sample_weight_mode", sample_weight_mode), ("target_tensors", target_tensors)):
            if value is not None:
                raise ValueError(f"Model.compile: {name} must be None here, got {value!r}.")
        self.optimizer = keras_optimizers.get(optimizer)
        self.loss = loss
        self._compiled_with = {
            "loss": loss,
            "metrics": metrics,
            "loss_weights": loss_weights,
            "weighted": weighted_metrics,
        }
        self._made = self._train_op = None
        if self.outputs is not None:
            self._make()

    @property
    def metrics_names(self) -> list[str]:
        """What `evaluate` gives, by name."""
        return ["loss", *self._metric_names]

    def _spread(self, given: Any, default: Any = None) -> list[Any]:
        """What `compile` was given, one for each output."""
        names = self.output_names
        if isinstance(given, dict):
            unknown = set(given) - set(names)
            if unknown:
                raise ValueError(f'Unknown entry in the dictionary for the outputs {names}: "{sorted(unknown)[0]}".')
            return [given.get(n, default) for n in names]
        if isinstance(given, list | tuple) and len(given) == len(names):
            return list(given)
        return [given if given is not None else default] * len(names)

    def _make(self) -> Any:
        if self._made is not None:
            return self._made
        if self.optimizer is None:
            raise RuntimeError(
                "You must compile your model before training/testing. Use `model.compile(optimizer, loss)`."
            )
        losses = [keras_losses.get(f) for f in self._spread(self._compiled_with["loss"])]
        factors = self._spread(self._compiled_with["loss_weights"], 1.0)
        targets, weights, values, total = [], [], [], None
        several = len(self.output_names) > 1
        self._metric_names = (
            [f"{n}_loss" for n, f in zip(self.output_names, losses, strict=True) if f is not None] if several else []
        )
        self._target_places = [place for place, f in enumerate(losses) if f is not None]
        for name, output, function, factor in zip(self.output_names, self.outputs, losses, factors, strict=True):
            if function is None:
                continue
            kind = (
                dtypes.int64 if function is keras_backend.sparse_categorical_crossentropy else output.dtype.base_dtype
            )
            with graphs.get_default_graph().name_scope(None):
                targets.append(array.placeholder(kind, [None] * (output.shape.ndims or 2), name=f"{name}_target"))
                weights.append(
                    array.placeholder_with_default(np.ones((1,), "float32"), [None], name=f"{name}_sample_weights")
                )
            with graphs.name_scope(f"loss/{name}_loss"):
                value = _weighted(function, targets[-1], output, weights[-1])
            values.append(value)
            scaled = value if factor == 1.0 else value * factor
            total = scaled if total is None else total + scaled
        for loss in self.losses:
            total = loss if total is None else total + loss
        if total is None:
            raise ValueError("The model cannot be compiled because it has no loss to optimize.")
        metrics = self._make_metrics(targets, losses, several)
        self._made = _Compiled(
            targets, weights, conversion.convert_to_tensor(total), values if several else [], metrics
        )
        return self._made

    def _make_metrics(self, targets: list[Tensor], losses: list[Any], several: bool) -> list[Tensor]:
        given = self._compiled_with["metrics"] or []
        if several and isinstance(given, list | tuple) and not any(isinstance(g, list | tuple) for g in given):
            chosen = [list(given)] * len(losses)
        elif several or isinstance(given, dict):
            chosen = [c if isinstance(c, list | tuple) else [c] if c else [] for c in self._spread(given, [])]
        else:
            chosen = [list(given)]
        made, place = [], 0
        for name, output, function, ones in zip(self.output_names, self.outputs, losses, chosen, strict=True):
            if function is None:
                continue
            for one in ones:
                title, metric = keras_losses.metric(
                    one, self._spread(self._compiled_with["loss"])[self.output_names.index(name)], output
                )
                title = f"{name}_{title}" if several else title
                self._metric_names.append(title)
                with graphs.name_scope(f"metrics/{title}"):
                    made.append(reductions.reduce_mean(math.cast(metric(targets[place], output), dtypes.float32)))
            place += 1
        return made

    def _make_train_op(self) -> Any:
        made = self._make()
        if self._train_op is None:
            params = self.trainable_weights
            if not params:
                raise ValueError("Model: there must be trainable variables to fit, got none.")
            with graphs.get_default_graph().name_scope(None), graphs.name_scope("training"):
                steps = self.optimizer.get_updates(made.total, params)
            self._train_op = [*steps, *_reached(self.updates, self.inputs)]
        return self._train_op

    # Runs.

    def _feed(self, xs: list[Any], ys: list[Any], weights: list[Any], training: bool) -> dict[Any, Any]:
        made = self._make() if ys else None
        feed = dict(zip(self.inputs, xs, strict=True))
        if made is not None:
            ys = [ys[i] for i in self._target_places] if len(ys) > len(made.targets) else ys
            if len(ys) != len(made.targets):
                raise ValueError(f"Model: there must be {len(made.targets)} arrays of targets, got {len(ys)}.")
            for placeholder, values in zip(made.targets, ys, strict=True):
                values = np.asarray(values)
                feed[placeholder] = values[:, None] if values.ndim == 1 and placeholder.shape.ndims == 2 else values
            feed.update(zip(made.weights, weights, strict=False))
        phase = keras_base.learning_phase()
        if isinstance(phase, Tensor):
            feed[phase] = training
        return feed

    def _step(self, xs: list[Any], ys: list[Any], weights: list[Any], training: bool) -> list[float]:
        self._call_on(xs)
        made = self._make()
        fetches: list[Any] = [[made.total, *made.losses, *made.metrics]]
        fetches += [self._make_train_op()] if training else []
        session = keras_sessions.get_session()
        return [float(v) for v in session.run(fetches, self._feed(xs, ys, weights, training))[0]]

    def _answers(self, values: list[float]) -> Any:
        return values[0] if len(values) == 1 else values

    def _arrays(self, given: Any, names: list[str] | None) -> list[Any]:
        if given is None:
            return []
        if isinstance(given, dict):
            return [np.asarray(given[n]) for n in (names or sorted(given))]
        if (
            names is not None
            and isinstance(given, list)
            and all(isinstance(g, np.ndarray) for g in given)
            and len(names) != len(given)
        ):
            raise ValueError(f"Model: there must be {len(names)} arrays for {names}, got {len(given)}.")
        if (
            isinstance(given, list | tuple)
            and len(given)
            and not np.isscalar(given[0])
            and (names is None or len(names) == len(given))
        ):
            return [np.asarray(g) for g in given]
        return [np.asarray(given)]

    def _weights(self, sample_weight: Any, class_weight: Any, ys: list[Any], count: int) -> list[Any]:
        weights = [np.asarray(w, "float32") for w in sample_weight] if isinstance(sample_weight, list) else (
            [] if sample_weight is None else [np.asarray(sample_weight, "float32")])  # fmt: skip
        if class_weight is not None:
            labels = np.asarray(ys[0])
            labels = labels.argmax(-1) if labels.ndim > 1 and labels.shape[-1] > 1 else labels.reshape(-1)
            factors = np.asarray([class_weight[int(c)] for c in labels], "float32")
            weights = [factors * weights[0]] if weights else [factors]
        for values in weights:
            if len(values) != count:
                raise ValueError(f"Model.fit: sample_weight must have {count} entries, got {len(values)}.")
        return weights

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, reset_metrics: bool = True
    ) -> Any:
        """A step with one batch: the loss, or a list of it and the metrics."""
        xs, ys = (
            self._arrays(x, self.input_names or None),
            self._arrays(y, None if self.outputs is None else self.output_names),
        )
        return self._answers(self._step(xs, ys, self._weights(sample_weight, class_weight, ys, len(xs[0])), True))

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, reset_metrics: bool = True) -> Any:
        """The loss and the metrics of one batch."""
        xs, ys = (
            self._arrays(x, self.input_names or None),
            self._arrays(y, None if self.outputs is None else self.output_names),
        )
        return self._answers(self._step(xs, ys, self._weights(sample_weight, None, ys, len(xs[0])), False))

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch."""
        xs = self._arrays(x, self.input_names or None)
        self._call_on(xs)
        found = keras_sessions.get_session().run(self.outputs, self._feed(xs, [], [], False))
        return found[0] if len(found) == 1 else found

    def fit(self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1, verbose: int = 1, callbacks: Any = None,
            validation_split: float = 0.0, validation_data: Any = None, shuffle: Any = True, class_weight: Any = None, sample_weight: Any = None,
            initial_epoch: int = 0, steps_per_epoch: int | None = None, validation_steps: int | None = None, validation_freq: int = 1,
            **kwargs: Any) -> Any:  # fmt: skip
        """Trains.

        Args:
          x, y: arrays (lists or dictionaries of them for several inputs, outputs); or a `tf.data` set or iterator, or a Python
            generator or sequence, of (x, y) or (x, y, weights), in the place of both.
          batch_size: 32 by default.
          validation_split: the share at the end of the arrays that is held back.
          validation_data: (x, y) or (x, y, weights), or what `x` may be.
          shuffle: arrays in a new order in each epoch, by NumPy's own generator.
          steps_per_epoch, validation_steps: how many batches are an epoch, of what has no end.

        Returns:
          A History: `history.history["loss"]` has a number for each epoch.
        """
        streamed = keras_batches.is_stream(x)
        xs: Any = []
        ys: Any = []
        weights: Any = []
        count = 0
        if not streamed:
            xs, ys = (
                self._arrays(x, self.input_names or None),
                self._arrays(y, None if self.outputs is None else self.output_names),
            )
            count = len(xs[0])
            if any(len(a) != count for a in (*xs, *ys)):
                raise ValueError(
                    f"All input arrays (x) should have the same number of samples. Got array shapes: {[a.shape for a in (*xs, *ys)]}"
                )
            weights = self._weights(sample_weight, class_weight, ys, count)
            if validation_split and validation_data is None:
                cut = int(count * (1.0 - validation_split))
                validation_data = tuple(
                    part for part in ([a[cut:] for a in xs], [a[cut:] for a in ys], [a[cut:] for a in weights])
                )
                xs, ys, weights, count = [a[:cut] for a in xs], [a[:cut] for a in ys], [a[:cut] for a in weights], cut
            self._call_on(xs)
        calls = keras_callbacks.CallbackList(
            callbacks, self, {"epochs": epochs, "batch_size": batch_size or 32, "verbose": verbose}
        )
        stream = keras_batches.Stream(x) if streamed else None
        calls.call("on_train_begin", {})
        self.stop_training = False
        for epoch in range(initial_epoch, epochs):
            calls.call("on_epoch_begin", epoch, {})
            if streamed:
                assert stream is not None
                batches: Any = stream.batches(steps_per_epoch)
            else:
                order = np.arange(count)
                if shuffle:
                    np.random.shuffle(order)
                batches = keras_batches.slices(xs, ys, weights, order, batch_size or 32)
            logs = self._named(self._pass(batches, True, calls, class_weight if streamed else None))
            if validation_data is not None and (epoch + 1) % validation_freq == 0:
                found = self._validated(validation_data, batch_size, validation_steps)
                logs.update({f"val_{n}": v for n, v in self._named(found).items()})
            if verbose:
                _print(f"Epoch {epoch + 1}/{epochs}", logs)
            calls.call("on_epoch_end", epoch, logs)
            if self.stop_training:
                break
        calls.call("on_train_end", {})
        self.history = calls.history
        return self.history

    def _named(self, values: list[float]) -> dict[str, float]:
        return dict(zip(self.metrics_names, values, strict=True))

    def _pass(self, batches: Any, training: bool, calls: Any = None, class_weight: Any = None) -> list[float]:
        """Goes through batches: the means of losses and metrics over all examples."""
        total: Any = 0.0
        counts: Any = 0.0
        for number, (xs, ys, weights) in enumerate(batches):
            xs = self._arrays(xs, self.input_names or None)
            ys = self._arrays(ys, None if self.outputs is None else self.output_names)
            size = len(xs[0])
            if class_weight is not None:
                weights = self._weights(weights or None, class_weight, ys, size)
            if calls is not None:
                calls.call("on_batch_begin", number, {"batch": number, "size": size})
            values = self._step(xs, ys, weights, training)
            if calls is not None:
                calls.call("on_batch_end", number, {"batch": number, "size": size, **self._named(values)})
            # The losses of single outputs are means over batches, as Keras's.
            assert self._made is not None
            share = np.full(len(values), float(size))
            share[1 : 1 + len(self._made.losses)] = 1.0
            total, counts = total + np.asarray(values) * share, counts + share
            if calls is not None and self.stop_training:
                break
        if not np.any(counts):
            raise ValueError("Model: there must be at least one batch, got none.")
        return [float(v) for v in total / counts]

    def _validated(self, given: Any, batch_size: int | None, steps: int | None) -> list[float]:
        if keras_batches.is_stream(given):
            return self._pass(keras_batches.Stream(given).batches(steps), False)
        x, y, weights = (*given, None)[:3]
        xs, ys = self._arrays(x, self.input_names), self._arrays(y, self.output_names)
        weights = weights if isinstance(weights, list) else self._weights(weights, None, ys, len(xs[0]))
        return self._pass(keras_batches.slices(xs, ys, weights, np.arange(len(xs[0])), batch_size or 32), False)

    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: int = 1, sample_weight: Any = None,
                 steps: int | None = None, callbacks: Any = None, **kwargs: Any) -> Any:  # fmt: skip
        """The loss, or a list of it and the metrics (`metrics_names`), over all examples."""
        if not keras_batches.is_stream(x):
            self._call_on(self._arrays(x, None))
        found = self._validated(x if keras_batches.is_stream(x) else (x, y, sample_weight), batch_size, steps)
        if verbose:
            _print("", self._named(found))
        return self._answers(found)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int = 0,
        steps: int | None = None,
        callbacks: Any = None,
        **kwargs: Any,
    ) -> Any:
        """The outputs for all examples, joined."""
        if keras_batches.is_stream(x):
            found = [self.predict_on_batch(xs) for xs, _, _ in keras_batches.Stream(x).batches(steps)]
        else:
            xs, size = self._arrays(x, self.input_names or None), batch_size or 32
            found = [self.predict_on_batch([a[i : i + size] for a in xs]) for i in range(0, len(xs[0]), size)]
        if isinstance(found[0], list):
            return [np.concatenate(parts) for parts in zip(*found, strict=True)]
        return np.concatenate(found)

    def fit_generator(self, generator: Any, steps_per_epoch: int | None = None, epochs: int = 1, verbose: int = 1, callbacks: Any = None,
                      validation_data: Any = None, validation_steps: int | None = None, class_weight: Any = None, initial_epoch: int = 0,
                      **kwargs: Any) -> Any:  # fmt: skip
        """`fit` with a generator."""
        return self.fit(generator, epochs=epochs, verbose=verbose, callbacks=callbacks, validation_data=validation_data, class_weight=class_weight,
                        steps_per_epoch=steps_per_epoch, validation_steps=validation_steps, initial_epoch=initial_epoch)  # fmt: skip

    def evaluate_generator(self, generator: Any, steps: int | None = None, **kwargs: Any) -> Any:
        """`evaluate` with a generator."""
        return self.evaluate(generator, steps=steps, verbose=0)

    def predict_generator(self, generator: Any, steps: int | None = None, **kwargs: Any) -> Any:
        """`predict` with a generator."""
        return self.predict(generator, steps=steps)

    def save_weights(self, filepath: str, overwrite: bool = True, save_format: str | None = None) -> None:
        """Writes the variables, the optimizer's too, as a checkpoint of TensorFlow's form.

        Raises:
          NotImplementedError: Keras's HDF5 is asked for, by `save_format="h5"` or a path that ends in .h5 or .keras.
        """
        from jax_slim.tf1.python import trackables

        if save_format == "h5" or (save_format is None and str(filepath).endswith((".h5", ".keras", ".hdf5"))):
            raise NotImplementedError(
                f"Model.save_weights: HDF5 is not there, got {filepath!r}. A path without .h5 writes a checkpoint of TensorFlow's form."
            )
        trackables.save(self, str(filepath), keras_sessions.get_session())

    def load_weights(self, filepath: str, by_name: bool = False) -> Any:
        """Reads what `save_weights` has written, here or by TensorFlow."""
        from jax_slim.tf1.python import trackables

        if str(filepath).endswith((".h5", ".keras", ".hdf5")) or by_name:
            raise NotImplementedError(
                f"Model.load_weights: HDF5 is not there, got {filepath!r}. Checkpoints of TensorFlow's form can be read."
            )
        status = trackables.restore(self, str(filepath))
        status.run_restore_ops(keras_sessions.get_session())
        return status


def _weighted(function: Any, target: Tensor, output: Tensor, weights: Tensor) -> Tensor:
    """The mean over all elements of what a loss gives for each, times the example's weight."""
    value = function(target, output)
    if value.shape.ndims is None or value.shape.ndims > 0:
        rank = value.shape.ndims or 1
        value = value * array.reshape(weights, [-1] + [1] * (rank - 1))
        return reductions.reduce_mean(value)
    return value


def _reached(updates: list[Any], inputs: list[Tensor]) -> list[Any]:
    """The updates that depend on these inputs, not on another call of the same layers."""
    starts, answers = {t.op for t in inputs}, {}

    def of(op: Any) -> tuple[bool, bool]:
        """Whether an operation depends on an input, and on any placeholder."""
        stack = [op]
        while stack:
            top = stack[-1]
            before = [t.op for t in top._inputs if t.op not in answers]
            if top in starts or not before:
                stack.pop()
                found = [answers[t.op] for t in top._inputs] if top not in starts else []
                mine = (top in starts, top in starts or top.type == "Placeholder")
                answers[top] = (any([mine[0], *(f[0] for f in found)]), any([mine[1], *(f[1] for f in found)]))
            else:
                stack.extend(before)
        return answers[op]

    chosen = []
    for update in updates:
        mine, any_ = of(update.op if isinstance(update, Tensor) else update)
        if mine or not any_:
            chosen.append(update)
    return chosen


def _print(title: str, logs: dict[str, float]) -> None:
    text = " - ".join(f"{name}: {value:.4f}" for name, value in logs.items())
    sys.stdout.write((f"{title} - {text}" if title else text) + "\n")
