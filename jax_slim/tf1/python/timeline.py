"""`timeline.Timeline`: the traces of runs in the format that chrome://tracing shows."""

import json
from typing import Any


class Timeline:
    """What `RunMetadata.step_stats` holds, as a trace. Compiled programs are one entry: JAX's profiler shows what is inside."""

    def __init__(self, step_stats: Any, graph: Any = None) -> None:
        self._stats = step_stats

    def generate_chrome_trace_format(self, show_dataflow: bool = True, show_memory: bool = False) -> str:
        """The trace as JSON text."""
        events: list[dict[str, Any]] = []
        for pid, device in enumerate(self._stats.dev_stats):
            events.append({"name": "process_name", "ph": "M", "pid": pid, "args": {"name": device.device}})
            for node in device.node_stats:
                start, length = node.all_start_micros, max(node.all_end_rel_micros, 1)
                events.append(
                    {
                        "name": node.node_name,
                        "cat": "Op",
                        "ph": "X",
                        "ts": start,
                        "dur": length,
                        "pid": pid,
                        "tid": 0,
                        "args": {"name": node.node_name},
                    }
                )
        return json.dumps({"traceEvents": events}, indent=4)
