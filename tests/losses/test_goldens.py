"""Every loss case of TF 1.15 (regularizers apart): values, gradients, names in the collections, refusals."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
import jax_slim as slim

losses = slim.losses
CASES = {name: case for name, case in golden.cases("losses").items() if case["fn"] != "case.regularize"}

# The beginnings of our messages, by what TF says.
REFUSALS = {
    r"hinge_loss\(\) got an unexpected keyword": r"hinge_loss: got an unexpected keyword argument 'weights'",
    r"weights can not be broadcast to values": r"\w+: weights must be a scalar or of rank \d, .*, got shape \(",
    r"Dimensions must be equal": r"\w+: weights must be a scalar or cover the leading axes of .*, got shape \(",
    r"Shapes .* are incompatible": r"\w+: \w+ and \w+ must be of one shape, got \(3, \d\) and \(3, \d\)",
    r"None values not supported": r"mean_squared_error: weights must be a number or an array, got None",
    r"You must specify 'axis'": r"cosine_distance: axis must be given, got None",
    r"Invalid Reduction Key": r"mean_squared_error: reduction must be one of none, .*, got 'BAD'",
    r"No weights to regularize": r"apply_regularization: weights_list must hold at least one array, got none",
    r"regularizer must return a scalar": r"regularizer of weights_list\[0\] must return a scalar or None, got shape \(",
    r"inputs must be a list of at least one Tensor": r"get_total_loss: there must be at least one loss, got none",
}


def two_losses_and_a_regularizer(predictions, labels):
    losses.mean_squared_error(predictions, labels)
    losses.absolute_difference(predictions, labels, weights=0.5)
    slim.model_variable("w", [3, 2], regularizer=slim.l2_regularizer(0.1))


def total_contrib(predictions, labels):
    two_losses_and_a_regularizer(predictions, labels)
    return losses.get_total_loss()


def total_tf(predictions, labels):
    two_losses_and_a_regularizer(predictions, labels)
    return losses.tf.get_total_loss()


def total_tf_noreg(predictions, labels):
    two_losses_and_a_regularizer(predictions, labels)
    return losses.tf.get_regularization_loss(), sum(losses.get_losses()), losses.tf.get_total_loss(False)


def total_contrib_noreg(predictions, labels):
    two_losses_and_a_regularizer(predictions, labels)
    return losses.get_total_loss(add_regularization_losses=False)


def total_none(predictions, labels):
    del predictions, labels
    return losses.get_total_loss()


def total_add_loss(predictions, labels):
    losses.add_loss(jnp.sum(predictions * labels), name="Sum")  # TF takes the name of the operation
    losses.mean_squared_error(predictions, labels)
    return losses.get_total_loss()


def total_scoped(predictions, labels):
    with slim.variable_scope("a"):
        losses.mean_squared_error(predictions, labels)
    with slim.variable_scope("b"):
        losses.absolute_difference(predictions, labels)
    return sum(losses.get_losses("a")), sum(losses.get_losses())


def bad_reg(weights):
    return weights * 2.0


def resolve(name):
    room, _, last = name.rpartition(".")
    if room == "case":
        return globals()[last]
    where = {"losses": losses, "tf.losses": losses.tf, "losses.metric_learning": losses.metric_learning, "slim": slim}
    return getattr(where[room], last)


def argument(value, inputs):
    if isinstance(value, list):
        return [argument(item, inputs) for item in value]
    if isinstance(value, dict):
        if "input" in value:
            return inputs[value["input"]]
        if "fn" in value:
            return resolve(value["fn"])
        return resolve(value["call"])(*value.get("args", []), **value.get("kwargs", {}))
    return value


def program(case):
    def run(inputs):
        args = [argument(value, inputs) for value in case["args"]]
        kwargs = {name: argument(value, inputs) for name, value in case["kwargs"].items()}
        outputs = resolve(case["fn"])(*args, **kwargs)
        names = case.get("regularization_losses", [])
        penalties = [losses.get_regularization_losses(f"{name}$") for name in names]
        assert len(losses.get_regularization_losses()) == len(names)
        return outputs, dict(zip(names, penalties, strict=True))

    return run


@pytest.mark.parametrize("case", [c for c in CASES.values() if "error" not in c], ids=lambda c: c["id"])
def test_values_names_and_gradients_of_tf(case):
    inputs = {name: golden.make_input(spec) for name, spec in case["inputs"].items()}
    stored = golden.case_arrays("losses", case["id"])
    variables = {spec["name"]: golden.det_value(spec["name"], spec["shape"]) for spec in case["variables"]}
    model = slim.Model(program(case))
    fixed = {name: value for name, value in inputs.items() if value.dtype.kind != "f"}

    listed = {}  # collection -> names; noted here, because what leaves a vjp has its names sorted

    def outputs_of(floats, variables):
        (outputs, penalties), collected = model.collect(variables, floats | fixed)
        listed.update({name: list(values) for name, values in collected.collections.items()})
        return jax.tree.leaves(outputs), penalties

    floats = {name: value for name, value in inputs.items() if name not in fixed}
    cotangents = [golden.cotangent(output["cotangent_seed"], output["shape"]) for output in case["outputs"]]

    @jax.jit  # one program to compile: operation by operation, the cases would be thousands
    def run(floats, variables, cotangents):
        outputs, pull, penalties = jax.vjp(outputs_of, floats, variables, has_aux=True)
        return outputs, penalties, pull(cotangents)

    outputs, penalties, (of_inputs, of_variables) = run(floats, variables, cotangents)
    for output, expected in zip(outputs, case["outputs"], strict=True):
        assert (list(output.shape), output.dtype.name) == (expected["shape"], expected["dtype"])
        np.testing.assert_allclose(output, stored[expected["key"]], rtol=1e-5, atol=1e-6)

    assert listed.get("losses", []) == case.get("losses_collection", [])
    if case["kwargs"].get("loss_collection"):
        assert listed[case["kwargs"]["loss_collection"]] == [case["outputs"][0]["name"].removesuffix(":0")]
    for name, (penalty,) in penalties.items():
        np.testing.assert_allclose(penalty, stored[f"reg/{name}"], rtol=1e-5)

    grads = {f"in/{name}": grad for name, grad in of_inputs.items()}
    grads |= {f"var/{name}": grad for name, grad in of_variables.items()}
    assert {grad["of"] for grad in case["grads"]} == set(grads)
    for grad in case["grads"]:
        expected = 0 if grad.get("none") else stored[f"grad/{grad['of']}"]
        np.testing.assert_allclose(grads[grad["of"]], expected, rtol=1e-5, atol=1e-5, err_msg=grad["of"])


@pytest.mark.parametrize("case", [c for c in CASES.values() if "error" in c], ids=lambda c: c["id"])
def test_refuses_what_tf_refuses(case):
    inputs = {name: golden.make_input(spec) for name, spec in case.get("inputs", {}).items()}
    (ours,) = (ours for theirs, ours in REFUSALS.items() if re.match(theirs, case["error"]["message"]))
    kind = {"ValueError": ValueError, "TypeError": TypeError}[case["error"]["type"]]
    with pytest.raises(kind, match=ours):
        slim.Model(program(case)).collect({}, inputs)
