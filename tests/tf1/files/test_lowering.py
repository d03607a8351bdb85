"""Functions of a GraphDef, put in where they are called."""

import pytest
from google.protobuf import text_format

import jax_slim.tf1 as tf
from jax_slim.tf1.files import lowering


def graph_of(text):
    return text_format.Parse(text, tf.GraphDef())


def function(name, takes, gives, nodes, ret, kind="DT_FLOAT"):
    args = "".join(f'input_arg {{ name: "{n}" type: {k} }} ' for n, k in takes)
    outs = "".join(f'output_arg {{ name: "{n}" type: {kind} }} ' for n in gives)
    rets = "".join(f'ret {{ key: "{n}" value: "{v}" }} ' for n, v in zip(gives, ret, strict=True))
    return f'function {{ signature {{ name: "{name}" {args}{outs}}} {nodes} {rets}}} '


def node(name, op, inputs, attrs='attr { key: "T" value { type: DT_FLOAT } }'):
    return f'node {{ name: "{name}" op: "{op}" {"".join(f"input: {i!r} " for i in inputs)} {attrs} }} '.replace(
        "'", '"'
    )


def body(name, op, inputs, attrs='attr { key: "T" value { type: DT_FLOAT } }'):
    return node(name, op, inputs, attrs).replace("node {", "node_def {", 1)


def placeholder(name, kind="DT_FLOAT"):
    return node(
        name,
        "Placeholder",
        [],
        f'attr {{ key: "dtype" value {{ type: {kind} }} }} attr {{ key: "shape" value {{ shape {{ }} }} }}',
    )


def call(name, inputs, of, op="PartitionedCall", outputs=1, more=""):
    kinds = "".join("type: DT_FLOAT " for _ in inputs)
    out = "".join("type: DT_FLOAT " for _ in range(outputs))
    return node(
        name, op, inputs,
        f'attr {{ key: "Tin" value {{ list {{ {kinds} }} }} }} attr {{ key: "Tout" value {{ list {{ {out} }} }} }} '
        f'attr {{ key: "f" value {{ func {{ name: "{of}" }} }} }}{more}',
    )  # fmt: skip


DOUBLE = function("double", [("v", "DT_FLOAT")], ["w"], body("add", "AddV2", ["v", "v"]), ["add:z:0"])
NEGATE = function("negate", [("v", "DT_FLOAT")], ["w"], body("neg", "Neg", ["v"]), ["neg:y:0"])
BRANCHES = f"library {{ {DOUBLE}{NEGATE} }}"


def branch(name, pred, value, kind="DT_BOOL"):
    return node(
        name, "StatelessIf", [pred, value],
        f'attr {{ key: "Tcond" value {{ type: {kind} }} }} attr {{ key: "Tin" value {{ list {{ type: DT_FLOAT }} }} }} '
        'attr { key: "Tout" value { list { type: DT_FLOAT } } } attr { key: "then_branch" '
        'value { func { name: "double" } } } attr { key: "else_branch" value { func { name: "negate" } } }',
    )  # fmt: skip


def run(graph, fetches, feeds):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph, name="")
        return session.run(fetches, feeds)


def test_a_graph_without_calls_is_left_as_it_is():
    graph = graph_of(placeholder("x"))
    assert lowering.lowered(graph) is graph


def test_calls_keep_their_names_and_may_be_below_each_other():
    twice = function(
        "twice", [("a", "DT_FLOAT")], ["b"],
        body("one", "double", ["a"], "") + body("two", "double", ["one:w:0"], ""), ["two:w:0"],
    )  # fmt: skip
    graph = graph_of(f"{placeholder('x')}{call('y', ['x'], 'twice')}library {{ {DOUBLE}{twice} }}")
    names = [n.name for n in lowering.lowered(graph).node]
    assert set(names) == {"x", "y", "y/one", "y/one/add", "y/two", "y/two/add"}
    assert run(graph, "y:0", {"x:0": 3.0}) == 12.0


def test_two_choices_by_one_predicate_stay_two():
    graph = graph_of(
        placeholder("p", "DT_BOOL") + placeholder("x") + branch("a", "p", "x") + branch("b", "p", "a") + BRANCHES
    )
    assert run(graph, ["a:0", "b:0"], {"p:0": True, "x:0": 3.0}) == [6.0, 12.0]
    assert run(graph, ["a:0", "b:0"], {"p:0": False, "x:0": 3.0}) == [-3.0, 3.0]


def test_a_number_decides_by_being_zero():
    graph = graph_of(placeholder("k", "DT_INT32") + placeholder("x") + branch("a", "k", "x", "DT_INT32") + BRANCHES)
    assert [run(graph, "a:0", {"k:0": k, "x:0": 3.0}) for k in (0, 2, -1)] == [-3.0, 6.0, 6.0]


def test_names_below_a_call_are_not_taken_twice():
    graph = graph_of(
        f"{placeholder('x')}{call('y', ['x'], 'double')}{node('y/add', 'Neg', ['y'])}library {{ {DOUBLE} }}"
    )
    assert run(graph, ["y:0", "y/add:0"], {"x:0": 3.0}) == [6.0, -6.0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (placeholder("x") + call("y", ["x"], "none"), "no function 'none'"),
        (placeholder("x") + call("y", ["x", "x"], "double") + f"library {{ {DOUBLE} }}", "takes 1 inputs, and 2 are"),
        (placeholder("x") + call("y", ["x"], "double", outputs=2) + f"library {{ {DOUBLE} }}", "has 2 outputs, and"),
        (
            placeholder("x") + call("y", ["x"], "me") + "library { "
            + function("me", [("v", "DT_FLOAT")], ["w"], body("again", "me", ["v"], ""), ["again:w:0"]) + "}",
            "'me' of the graph calls itself",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(text, says):
    with pytest.raises(ValueError, match=says):
        lowering.lowered(graph_of(text))


def test_functions_that_call_each_other_twice_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(lowering, "_MOST_NODES", 1000)
    library = DOUBLE
    for level in range(30):  # 2 ** 30 nodes
        below = f"f{level - 1}" if level else "double"
        nodes = body("one", below, ["v"], "") + body("two", below, ["one:w:0"], "")
        library += function(f"f{level}", [("v", "DT_FLOAT")], ["w"], nodes, ["two:w:0"])
    with pytest.raises(ValueError, match="more than 1000 nodes"):
        lowering.lowered(graph_of(f"{placeholder('x')}{call('y', ['x'], 'f29')}library {{ {library} }}"))


def test_what_a_call_waits_for_comes_before_it():
    with tf.Graph().as_default() as made:
        count = tf.get_variable("count", initializer=0.0, use_resource=True)
        tf.group(tf.assign_add(count, 1.0), name="counted")
    graph = made.as_graph_def()
    handle = next(n.name for n in graph.node if n.op == "VarHandleOp")
    read = function(
        "read", [("h", "DT_RESOURCE")], ["w"],
        body("value", "ReadVariableOp", ["h"], 'attr { key: "dtype" value { type: DT_FLOAT } }'), ["value:value:0"],
    )  # fmt: skip
    later = graph_of(
        call("y", [handle, "^counted"], "read").replace("type: DT_FLOAT", "type: DT_RESOURCE", 1)
        + f"library {{ {read} }}"
    )
    graph.node.extend(later.node)
    graph.library.CopyFrom(later.library)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph, name="")
        session.run("count/Assign")
        assert [session.run("y:0") for _ in range(2)] == [1.0, 2.0]
