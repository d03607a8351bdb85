"""The process of one library and one net: makes the net, then runs timed blocks of steps as it is told to.

    python worker.py '{"module": "torch_nets", "net": "lenet", "size": 28, "batch": 8, ...}'

It reads requests and answers them, a line of JSON each, on stdin and what was stdout; whatever the library prints goes
to stderr. A library's file has a class `Peer(config)` with `parameters`, `versions`, `train(steps)` and
`forward(steps)`; both run so many steps, wait until they are done, and return a number that depends on them.
Read by Python 3.7, too.
"""

import importlib
import json
import os
import sys
import time
import traceback


def status(name):
    """A line of /proc/self/status, in MiB; None where there is none."""
    try:
        with open("/proc/self/status") as lines:  # noqa: PTH123
            for line in lines:
                if line.startswith(name + ":"):
                    return int(line.split()[1]) / 1024.0
    except IOError:  # noqa: UP024
        pass
    return None


def forget_peak():
    try:
        with open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123
            file.write("5")
    except IOError:  # noqa: UP024
        pass


def block(peer, step, count):
    """As `timed`, after a step that warms up: others ran before."""
    getattr(peer, step)(1)
    return timed(peer, step, count)


def timed(peer, step, count):
    """Runs `count` steps; seconds of wall clock and of processor."""
    before, start = time.process_time(), time.perf_counter()
    value = getattr(peer, step)(count)
    seconds, processor = time.perf_counter() - start, time.process_time() - before
    return {"seconds": seconds, "processor": processor, "value": float(value), "count": count}


def prepare(peer, step):
    """The first steps: what compiling takes beyond running, and the peak of memory with and without it."""
    forget_peak()
    first = timed(peer, step, 1)
    with_compiler = status("VmHWM")
    since_start = time.process_time()
    forget_peak()
    second = timed(peer, step, 1)
    return {
        "compile_seconds": max(0.0, first["seconds"] - second["seconds"]),
        "compile_processor_seconds": max(0.0, first["processor"] - second["processor"]),
        "step_seconds": second["seconds"],
        "processor_since_start": since_start,
        "peak_mib": status("VmHWM"),
        "peak_with_compiler_mib": with_compiler,
        "value": second["value"],
    }


def answer(state, request):
    what = request["do"]
    if what == "load":  # its imports, while others still use the device
        importlib.import_module("peers." + state["config"]["module"])
        return {}
    if what == "make":
        module = importlib.import_module("peers." + state["config"]["module"])
        start = time.perf_counter()
        peer = state["peer"] = module.Peer(state["config"])
        made = {"parameters": peer.parameters, "versions": peer.versions}
        made.update({"make_seconds": time.perf_counter() - start, "resident_mib": status("VmRSS")})
        return made
    peer = state["peer"]
    if what == "prepare":
        return prepare(peer, request["step"])
    if what == "block":
        return block(peer, request["step"], request["count"])
    return getattr(peer, what)()


def main():
    config = json.loads(sys.argv[1])
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if config.get("threads") and hasattr(os, "sched_setaffinity"):
        # XLA has no other way to be told; for the others it is the same.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: config["threads"]])
    state = {"config": config}
    for line in iter(sys.stdin.readline, ""):
        try:
            reply = answer(state, json.loads(line))
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {str(error).strip()[:2000]}"}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
