"""`tf.train.Scaffold`: what a session needs to begin: initializers, what says that it is ready, summaries, a saver."""

from typing import Any

from jax_slim.tf1.graph import graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import (
    control_flow,
    logging,
    session_manager,
    summary,
    variable_initializers,
    variables,
)
from jax_slim.tf1.python import saver as savers


class Scaffold:
    """The parts of a training program's graph that sessions are begun with; those not given are found in collections or made.

    Args:
      init_op, init_feed_dict, init_fn: what initializes the model; `init_fn(scaffold, session)`.
      ready_op, ready_for_local_init_op: the names of what is not initialized.
      local_init_op, local_init_feed_dict: run in every session.
      summary_op: all summaries.
      saver: what saves.
      copy_from_scaffold: another one, whose parts these are by default.
    """

    def __init__(
        self,
        init_op: Any = None,
        init_feed_dict: Any = None,
        init_fn: Any = None,
        ready_op: Any = None,
        ready_for_local_init_op: Any = None,
        local_init_op: Any = None,
        summary_op: Any = None,
        saver: Any = None,
        copy_from_scaffold: Any = None,
        local_init_feed_dict: Any = None,
    ) -> None:
        other = copy_from_scaffold
        if other is not None and not isinstance(other, Scaffold):
            raise TypeError(f"copy_from_scaffold is not a Scaffold instance: {other}")

        def given(value: Any, name: str) -> Any:
            return value if value is not None or other is None else getattr(other, name)

        self._user_init_fn = init_fn
        if init_fn:
            self._init_fn: Any = lambda session: init_fn(self, session)
        elif other is not None and other._user_init_fn:
            self._user_init_fn = other._user_init_fn
            self._init_fn = lambda session: other._user_init_fn(self, session)
        else:
            self._init_fn = None
        self._init_op, self._init_feed_dict = given(init_op, "init_op"), given(init_feed_dict, "init_feed_dict")
        self._ready_op, self._ready_for_local_init_op = (
            given(ready_op, "ready_op"),
            given(ready_for_local_init_op, "ready_for_local_init_op"),
        )
        self._local_init_op = given(local_init_op, "local_init_op")
        self._local_init_feed_dict = given(local_init_feed_dict, "local_init_feed_dict")
        self._summary_op, self._saver = given(summary_op, "summary_op"), given(saver, "saver")

    init_op = property(lambda self: self._init_op)
    init_fn = property(lambda self: self._init_fn)
    init_feed_dict = property(lambda self: self._init_feed_dict)
    ready_op = property(lambda self: self._ready_op)
    ready_for_local_init_op = property(lambda self: self._ready_for_local_init_op)
    local_init_op = property(lambda self: self._local_init_op)
    local_init_feed_dict = property(lambda self: self._local_init_feed_dict)
    summary_op = property(lambda self: self._summary_op)
    saver = property(lambda self: self._saver)

    def finalize(self) -> "Scaffold":
        """Finds or makes what was not given, and finalizes the default graph."""
        if self._init_op is None:
            self._init_op = self.get_or_default("init_op", GraphKeys.INIT_OP, _default_init)
        if self._ready_op is None:
            self._ready_op = self.get_or_default(
                "ready_op",
                GraphKeys.READY_OP,
                lambda: session_manager.joined(
                    [variable_initializers.report_uninitialized_variables(), session_manager.uninitialized_resources()]
                ),
            )
        if self._ready_for_local_init_op is None:
            self._ready_for_local_init_op = self.get_or_default(
                "ready_for_local_init_op",
                GraphKeys.READY_FOR_LOCAL_INIT_OP,
                lambda: session_manager.joined(
                    [
                        variable_initializers.report_uninitialized_variables(variables.global_variables()),
                        session_manager.uninitialized_resources(),
                    ]
                ),
            )
        if self._local_init_op is None:
            self._local_init_op = self.get_or_default(
                "local_init_op", GraphKeys.LOCAL_INIT_OP, self.default_local_init_op
            )
        if self._summary_op is None:
            self._summary_op = self.get_or_default("summary_op", GraphKeys.SUMMARY_OP, summary.merge_all)
        if self._saver is None:
            self._saver = _saver_or_default()
        self._saver.build()
        graphs.get_default_graph().finalize()
        logging.info("Graph was finalized.")
        return self

    @staticmethod
    def get_or_default(arg_name: str, collection_key: str, default_constructor: Any) -> Any:
        """The only item of a collection, or a new one that is added to it.

        Raises:
          RuntimeError: the collection has several.
        """
        found = graphs.get_collection(collection_key)
        if len(found) > 1:
            raise RuntimeError(
                f'More than one item in the collection "{collection_key}". Please indicate which one to use by passing it to the tf.Scaffold constructor as:  tf.Scaffold({arg_name}=item to use)'
            )
        if found:
            return found[0]
        made = default_constructor()
        if made is not None:
            graphs.add_to_collection(collection_key, made)
        return made

    @staticmethod
    def default_local_init_op() -> Any:
        """Initializes local variables and tables."""
        return control_flow.group(
            variable_initializers.local_variables_initializer(),
            session_manager.tables_initializer(),
            control_flow.no_op(name="init"),
        )


def _default_init() -> Any:
    return control_flow.group(variable_initializers.global_variables_initializer(), control_flow.no_op(name="init"))


def _saver_or_default() -> Any:
    found = graphs.get_collection(GraphKeys.SAVERS)
    if len(found) > 1:
        raise RuntimeError(
            f"More than one item in collection {GraphKeys.SAVERS}. Please indicate which one to use by passing it to the constructor."
        )
    if found:
        return found[0]
    made = savers.Saver(sharded=True, allow_empty=True)
    graphs.add_to_collection(GraphKeys.SAVERS, made)
    return made
