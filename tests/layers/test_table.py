"""What every layer does alike: the rows of `table` through one set of tests."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_slim as slim
from layers import table

KEY = jax.random.key(0)


def rows(condition=lambda row: True):
    """The rows that a test is about, named after their layers: 'pool', 'pool-2', ..."""
    seen = {}
    for row in table.ROWS:
        seen[row.name] = seen.get(row.name, 0) + 1
        if condition(row):
            yield pytest.param(row, id=row.name if seen[row.name] == 1 else f"{row.name}-{seen[row.name]}")


def every(condition=lambda row: True):
    return pytest.mark.parametrize("row", list(rows(condition)))


def takes(row, argument):
    return row.call is None and argument in inspect.signature(row.layer).parameters


def scope_argument(row):
    return next((argument for argument in ("scope", "name") if takes(row, argument)), None)


def floating(row):
    return all(given.high is None for given in row.inputs)


def structs(row, dtype=None):
    """The inputs' shapes alone; floats in `dtype`."""
    return [
        jax.ShapeDtypeStruct(x.shape, dtype if dtype and given.high is None else x.dtype)
        for x, given in zip(row.make_inputs(), row.inputs, strict=True)
    ]


def run(row, inputs, variables=None, **more):
    """The result alone; batch_norm's updates are none of this file's business."""
    variables = row.make_variables() if variables is None else variables
    return row.model(**more).collect(variables, *inputs, rng=KEY)[0]


def close(found, expected, tolerance=1e-5):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        largest = float(np.abs(np.asarray(b, np.float32)).max(initial=1e-3))
        np.testing.assert_allclose(np.asarray(a, np.float32), np.asarray(b, np.float32), atol=tolerance * largest)


@every()
def test_names_and_shapes(row):
    model = row.model()
    specs = model.specs(*structs(row))
    assert {name: spec.shape for name, spec in specs.items()} == dict(row.created)
    assert list(specs) == list(row.created)
    outputs, _ = jax.eval_shape(functools.partial(model.collect, rng=KEY), row.make_variables(), *structs(row))
    shapes = [output.shape for output in jax.tree.leaves(outputs)]
    assert shapes == (row.output if isinstance(row.output, list) else [row.output])


@every()
def test_jit_and_grad(row):
    """Compiled, the layer gives what it gives step by step; its gradient is finite and not all zero."""
    inputs, variables = row.make_inputs(), row.make_variables()
    arrays = {**variables, **{f"input {i}": x for i, x in enumerate(inputs) if x.dtype == np.float32}}

    def loss(arrays):
        given = [arrays.get(f"input {i}", x) for i, x in enumerate(inputs)]
        outputs = run(row, given, {name: arrays[name] for name in variables})
        leaves = jax.tree.leaves(outputs)
        return sum(jnp.sum(leaf * np.cos(np.arange(leaf.size)).reshape(leaf.shape)) for leaf in leaves), outputs

    (_, outputs), grads = jax.jit(jax.value_and_grad(loss, has_aux=True))(arrays)
    close(outputs, run(row, inputs))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(outputs))
    assert all(np.isfinite(grad).all() for grad in grads.values())
    if row.smooth:
        frozen = {name for name, spec in row.model().specs(*inputs).items() if not spec.trainable}
        assert all(np.any(grad) for name, grad in grads.items() if name not in frozen)


@every(lambda row: not row.random)
def test_vmap(row):
    several = [row.make_inputs(seed) for seed in (0, 10, 20)]
    stacked = [np.stack(xs) for xs in zip(*several, strict=True)]
    mapped = jax.tree.map(np.asarray, jax.jit(jax.vmap(lambda *inputs: run(row, inputs)))(*stacked))
    for i, inputs in enumerate(several):
        close(jax.tree.map(lambda leaf, i=i: leaf[i], mapped), run(row, inputs))


@every(floating)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(row, dtype):
    """Half precision in, half precision variables, half precision out, with numbers near those of float32."""
    inputs = [x.astype(jnp.dtype(dtype)) for x in row.make_inputs()]
    wanted = jnp.dtype("float32" if row.exact_variables else dtype)
    assert {spec.dtype for spec in row.model().specs(*inputs).values()} <= {wanted, jnp.dtype("int32")}
    variables = {name: np.asarray(value).astype(wanted) for name, value in row.make_variables().items()}
    outputs = jax.jit(lambda *inputs: run(row, inputs, variables))(*inputs)
    assert all(leaf.dtype == dtype for leaf in jax.tree.leaves(outputs))
    if not row.random:
        close(outputs, run(row, row.make_inputs()), row.low_precision)


@every(floating)
def test_precision_by_scope(row):
    """Under `slim.precision`, variables and their gradients stay float32 and results are bfloat16."""

    def program(*inputs):
        with slim.precision(compute=jnp.bfloat16):
            return row.program()(*inputs)

    model = slim.Model(program)
    assert {spec.dtype for spec in model.specs(*structs(row)).values()} <= {jnp.dtype("float32"), jnp.dtype("int32")}
    run = functools.partial(model.collect, rng=KEY)
    outputs, _ = jax.eval_shape(run, row.make_variables(), *structs(row))
    expected = jnp.float32 if row.residual else jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(outputs)} == {jnp.dtype(expected)}

    def loss(variables, inputs):
        return sum(jnp.sum(leaf, dtype=jnp.float32) for leaf in jax.tree.leaves(run(variables, *inputs)[0]))

    grads = jax.eval_shape(jax.grad(loss, (0, 1)), row.make_variables(), structs(row))
    assert {grad.dtype for grad in jax.tree.leaves(grads)} == {jnp.dtype("float32")}


@every(lambda row: floating(row) and row.created)
def test_refuses_integers(row):
    """The variables would be integers too: without gradient, and zero."""
    inputs = [x.astype(np.int32) for x in row.make_inputs()]
    with pytest.raises(TypeError, match="must be floats, got int32"):
        row.model().specs(*inputs)


@every(lambda row: row.channels_first)
def test_channels_first(row):
    """Channels behind N: the same variables, the same numbers elsewhere."""
    inputs = row.make_inputs()
    first = [np.moveaxis(x, -1, 1) for x in inputs]
    assert {n: s.shape for n, s in row.model(**row.channels_first).specs(*first).items()} == dict(row.created)
    outputs = np.asarray(jax.jit(lambda *first: run(row, first, **row.channels_first))(*first))
    close(np.moveaxis(outputs, 1, -1) if row.first_moves else outputs, run(row, inputs))


@every(lambda row: row.created and takes(row, "reuse") and scope_argument(row))
def test_reuse(row):
    """A second call under the same scope shares the variables if it says so, and is refused if not."""
    named = {scope_argument(row): "shared"}

    def twice(*inputs, reuse):
        return row.program(**named)(*inputs), row.program(**named, reuse=reuse)(*inputs)

    model = slim.Model(twice)
    for reuse in (True, slim.AUTO_REUSE):
        assert len(model.specs(*structs(row), reuse=reuse)) == len(row.created)
    for reuse in (None, False):
        with pytest.raises(ValueError, match="already exists"):
            model.specs(*structs(row), reuse=reuse)
    with pytest.raises(ValueError, match="does not exist"):
        row.model(**named, reuse=True).specs(*structs(row))


@every(lambda row: row.created and not takes(row, "reuse") and scope_argument(row))
def test_reuse_by_variable_scope(row):
    named = {scope_argument(row): "shared"}

    def twice(*inputs):
        row.program(**named)(*inputs)
        with slim.variable_scope(slim.get_variable_scope(), reuse=True):
            return row.program(**named)(*inputs)

    assert len(slim.Model(twice).specs(*structs(row))) == len(row.created)


@every(lambda row: row.call is None and slim.has_arg_scope(row.layer))
def test_arg_scope_reaches_it(row):
    def scoped(**defaults):
        def program(*inputs):
            with slim.arg_scope([row.layer], **defaults):
                return row.program()(*inputs)

        return slim.Model(program)

    with pytest.raises(TypeError, match=r"got an unexpected argument 'no_such_argument' from an arg_scope"):
        scoped(no_such_argument=1).specs(*structs(row))
    if takes(row, "trainable") and row.created:
        assert not any(spec.trainable for spec in scoped(trainable=False).specs(*structs(row)).values())
    if takes(row, "outputs_collections"):
        model = scoped(outputs_collections="ends")
        _, collected = jax.eval_shape(functools.partial(model.collect, rng=KEY), row.make_variables(), *structs(row))
        assert len(collected.collections["ends"]) == 1


@every(lambda row: row.call is None and not slim.has_arg_scope(row.layer))
def test_arg_scope_refuses_it(row):
    with (
        pytest.raises(ValueError, match=r"is not decorated with @slim.add_arg_scope"),
        slim.arg_scope([row.layer], scope="x"),
    ):
        pass


@every(lambda row: row.created and takes(row, "trainable"))
def test_not_trainable(row):
    specs = row.model(trainable=False).specs(*structs(row))
    assert {name: spec.shape for name, spec in specs.items()} == dict(row.created)
    assert not any(spec.trainable or "trainable_variables" in spec.collections for spec in specs.values())


@every(lambda row: row.created and takes(row, "variables_collections"))
def test_variables_collections(row):
    specs = row.model(variables_collections=["mine", "yours"]).specs(*structs(row))
    assert all({"mine", "yours"} <= set(spec.collections) for spec in specs.values())
    specs = row.model(variables_collections={"weights": ["w"], "biases": "b"}).specs(*structs(row))
    for name, spec in specs.items():
        last = name.rsplit("/", 1)[-1]
        listed = {"w"} if last.endswith("weights") else {"b"} if last == "biases" else set()
        assert {"w", "b"} & set(spec.collections) == listed


@every(lambda row: takes(row, "outputs_collections"))
def test_outputs_collections(row):
    """The result is listed under the name of the scope, whatever that scope is inside of."""

    def program(*inputs):
        with slim.variable_scope("net"):
            return row.program(outputs_collections=["ends", "outs"], scope="here")(*inputs)

    variables = {name.replace(name.split("/")[0], "net/here", 1): v for name, v in row.make_variables().items()}
    outputs, collected = slim.Model(program).collect(variables, *row.make_inputs(), rng=KEY)
    assert list(collected.end_points) == ["net/here"]
    for collection in ("ends", "outs"):
        assert list(collected.collections[collection]) == ["net/here"]
        assert collected.collections[collection]["net/here"] is outputs


@every(lambda row: takes(row, "scope"))
def test_default_scopes_are_made_unique(row):
    def twice(*inputs):
        return row.program()(*inputs), row.program()(*inputs)

    specs = slim.Model(twice).specs(*structs(row))
    first = [name.split("/", 1) for name in row.created]
    assert list(specs) == list(row.created) + [f"{scope}_1/{rest}" for scope, rest in first]


@every()
def test_outside_of_a_program(row):
    """What has no variables is a plain function; what has some says what to do."""
    if row.created:
        with pytest.raises(slim.ProgramError, match=r"model = slim.Model\(function\)"):
            row.program()(*row.make_inputs())
    elif not row.random:
        close(row.program()(*row.make_inputs()), run(row, row.make_inputs()))


def refusals():
    for row in rows():
        for number, refusal in enumerate(row.values[0].refused, 1):
            yield pytest.param(row.values[0], *refusal, id=f"{row.id}-{number}")


@pytest.mark.parametrize(("row", "inputs", "kwargs", "kind", "message"), list(refusals()))
def test_refuses(row, inputs, kwargs, kind, message):
    with pytest.raises(kind, match=message):
        row.model(**kwargs).specs(*[given.make() for given in inputs])


def test_every_row_refuses_something():
    assert not [row.name for row in table.ROWS if not row.refused]
