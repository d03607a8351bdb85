"""`tf.train.SyncReplicasOptimizer`: for one worker, which needs to wait for no other."""

from typing import Any

from jax_slim.tf1.graph import graphs
from jax_slim.tf1.python import control_flow, logging, variable_initializers
from jax_slim.tf1.python.hook_base import SessionRunHook
from jax_slim.tf1.python.optimizers import Optimizer


class SyncReplicasOptimizer(Optimizer):
    """An optimizer that averages the gradients of several workers before it applies them.

    Here one process is all there is: gradients are applied as they come.
    """

    def __init__(
        self,
        opt: Optimizer,
        replicas_to_aggregate: int,
        total_num_replicas: int | None = None,
        variable_averages: Any = None,
        variables_to_average: Any = None,
        use_locking: bool = False,
        name: str = "sync_replicas",
    ) -> None:
        super().__init__(use_locking, name)
        self._opt, self._replicas_to_aggregate = opt, replicas_to_aggregate
        self._total_num_replicas = total_num_replicas or replicas_to_aggregate
        self._variable_averages, self._variables_to_average = variable_averages, variables_to_average
        self._gradients_applied = False
        self.local_step_init_op = self.chief_init_op = self.ready_for_local_init_op = None
        logging.info(
            "SyncReplicasV2: replicas_to_aggregate=%s; total_num_replicas=%s",
            replicas_to_aggregate,
            self._total_num_replicas,
        )

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        if not grads_and_vars:
            raise ValueError("Must supply at least one variable")
        if global_step is None:
            raise ValueError("Global step is required to check staleness")
        applied = self._opt.apply_gradients(grads_and_vars, global_step, name=name)
        self.local_step_init_op = self.chief_init_op = control_flow.no_op()
        self.ready_for_local_init_op = variable_initializers.report_uninitialized_variables()
        self._gradients_applied = True
        if self._variable_averages is None:
            return applied
        with graphs.control_dependencies([applied]):
            return self._variable_averages.apply(self._variables_to_average)

    def _check(self) -> None:
        if not self._gradients_applied:
            raise ValueError("Should be called after apply_gradients().")

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.get_slot(*args, **kwargs)

    def variables(self) -> list[Any]:
        return self._opt.variables()

    def get_slot_names(self, *args: Any, **kwargs: Any) -> list[str]:
        return self._opt.get_slot_names(*args, **kwargs)

    def get_chief_queue_runner(self) -> Any:
        """A queue runner with nothing to do."""
        from jax_slim.tf1.python import queue_runners, queues

        self._check()
        return queue_runners.QueueRunner(queues.FIFOQueue(1, ["int64"], shapes=[[]], name="sync_token_q"), [])

    def get_init_tokens_op(self, num_tokens: int = -1) -> Any:
        """Nothing to do."""
        self._check()
        return control_flow.no_op(name="no_init_tokens")

    def make_session_run_hook(self, is_chief: bool, num_tokens: int = -1) -> SessionRunHook:
        """A hook with nothing to do."""
        return SessionRunHook()
