"""Lookup tables as nodes that fill them."""

import numpy as np

import jax_slim.tf1 as tf
from jax_slim.graphs import filled_tables


def test_tables_of_each_kind_are_filled_by_one_node():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        words = tf.contrib.lookup.HashTable(tf.contrib.lookup.KeyValueTensorInitializer(["a", "b"], [5, 7]), -1)
        numbers = tf.contrib.lookup.MutableHashTable(tf.int64, tf.float32, -1.0)
        session.run(words.init)
        session.run(numbers.insert(tf.constant([3], tf.int64), [2.5]))
        tf.identity(words.lookup(tf.constant(["b", "c"])), name="of_words")
        tf.identity(numbers.lookup(tf.constant([3, 4], tf.int64)), name="of_numbers")
        held = {key[2].decode(): table for key, table in session.resources.items() if key[0] == "table"}
    definition = graph.as_graph_def()
    nodes = {
        node.attr["shared_name"].s.decode() or node.name: node.name for node in filled_tables.table_nodes(definition)
    }
    name = filled_tables.add_filling(definition, {nodes[shared]: table for shared, table in held.items()})
    with tf.Graph().as_default() as again, tf.Session() as session:
        tf.import_graph_def(definition, name="")
        session.run(again.get_operation_by_name(name))
        found = session.run(["of_words:0", "of_numbers:0"])
    np.testing.assert_array_equal(found[0], [7, -1])
    np.testing.assert_array_equal(found[1], [2.5, -1])
    assert filled_tables.add_filling(graph.as_graph_def(), {}) is None
