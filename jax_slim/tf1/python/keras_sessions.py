"""The sessions that Keras makes by itself, and the variables that get their first values in them without being asked."""

import weakref
from typing import Any

from jax_slim.tf1.graph import graphs
from jax_slim.tf1.python import state_ops

_VARIABLES = ("keras_variables",)
_sessions: Any = weakref.WeakKeyDictionary()  # graph -> the session that Keras has made for it
_begun: Any = weakref.WeakKeyDictionary()  # session -> the variables that have got their first values there


def get_session(op_input_list: Any = ()) -> Any:
    """The default session, or one of Keras's own for the default graph. Variables of layers get their first values in it."""
    graph = graphs.get_default_graph()
    found = graphs.get_default_session()
    if found is None:
        found = _sessions.get(graph)
        if found is None or found._closed:
            from jax_slim.tf1.running.session import Session

            found = _sessions[graph] = Session(graph=graph)
    _begin(found)
    return found


def set_session(session: Any) -> None:
    """Has Keras use a session for its graph."""
    _sessions[session.graph] = session


def clear_session() -> None:
    """Begins anew: an empty default graph, no session, first names."""
    _sessions.pop(graphs.get_default_graph(), None)
    graphs.reset_default_graph()


def _begin(session: Any) -> None:
    known = _begun.setdefault(session, set())
    new = [v for v in noted_variables(session.graph) if v.op.name not in known]
    if not new:
        return
    known.update(v.op.name for v in new)
    with session.graph.as_default():
        there = session.run([state_ops.is_variable_initialized(v) for v in new])
        session.run([v.initializer for v, has in zip(new, there, strict=True) if not has])


def note_variable(variable: Any) -> None:
    """Has Keras's own session give the variable its first value."""
    graphs.add_to_collection(_VARIABLES, variable)


def noted_variables(graph: Any) -> list[Any]:
    """The variables that Keras has made in a graph."""
    return graph.get_collection(_VARIABLES)
