"""`timeline.Timeline`: the times of a run in the format that chrome://tracing and Perfetto show."""

import json
import re
from typing import Any

_LABEL = re.compile(r"^(.*) = ([^(]+)\((.*)\)$", re.DOTALL)


class Timeline:
    """What `RunMetadata.step_stats` holds, as a trace. Compiled programs are one entry: JAX's profiler shows what is inside."""

    def __init__(self, step_stats: Any, graph: Any = None) -> None:
        self._stats = step_stats

    def generate_chrome_trace_format(self, show_dataflow: bool = True, show_memory: bool = False) -> str:
        """The trace as JSON text: an event for each entry, with its operation's type as the name and its inputs beside it."""
        events: list[dict[str, Any]] = []
        for pid, device in enumerate(self._stats.dev_stats):
            events.append({"name": "process_name", "ph": "M", "pid": pid, "args": {"name": f"{device.device} Compute"}})
            for node in device.node_stats:
                label = _LABEL.match(node.timeline_label)
                name, kind, inputs = label.groups() if label else (node.node_name, node.node_name, "")
                arguments = {"name": name, "op": kind}
                arguments.update({f"input{i}": text for i, text in enumerate(inputs.split(", ")) if text})
                length = max(node.all_end_rel_micros, 1)
                events.append(
                    {
                        "name": kind,
                        "cat": "Op",
                        "ph": "X",
                        "ts": node.all_start_micros,
                        "dur": length,
                        "pid": pid,
                        "tid": 0,
                        "args": arguments,
                    }
                )
        return json.dumps({"traceEvents": events}, indent=4)
