"""`list_models`: the names of the nets, without importing one."""

import fnmatch

from jax_slim.nets.registry import ROWS


def list_models(pattern: str = "*", pretrained: bool = False, task: str | None = None) -> list[str]:
    """The names of the nets that `create_model` and `get_network_fn` know, in order of the alphabet.

        slim.nets.list_models("resnet_v1*")     # ['resnet_v1_101', 'resnet_v1_152', 'resnet_v1_200', 'resnet_v1_50']

    Args:
      pattern: a shell pattern; '*' stands for any text.
      pretrained: whether to list only nets of which there are published weights, which `create_model` can fetch.
      task: list only nets for this: "classification", "detection" or "segmentation"; None lists all.

    Raises:
      ValueError: no net is for such a task.
    """
    known_tasks = sorted({row.task for row in ROWS.values()})
    if task is not None and task not in known_tasks:
        raise ValueError(f"list_models: task must be None or one of {', '.join(known_tasks)}, got {task!r}.")
    found = [
        name for name, row in ROWS.items() if fnmatch.fnmatchcase(name, pattern) and (task is None or row.task == task)
    ]
    if not pretrained:
        return found
    from jax_slim.nets.pretrained import list_pretrained

    return [name for name in found if list_pretrained(name)]
