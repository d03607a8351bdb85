"""`tf.contrib.slim` (and the package `tf_slim`): the layers, variables, scopes, losses and nets of the other tables under its names."""

from jax_slim.tf1.names import contrib_layers, losses, metrics

NAMES: dict[str, str] = {}
_PREFIX = "contrib.slim."


def _copy(table: dict[str, str], source: str, *targets: str) -> None:
    for name, place in table.items():
        if name.startswith(source):
            for target in targets:
                NAMES[target + name[len(source) :]] = place


_copy(contrib_layers.NAMES, "contrib.layers.utils.", _PREFIX + "utils.")
_copy(
    {n: p for n, p in contrib_layers.NAMES.items() if n.count(".") == 2},
    "contrib.layers.",
    _PREFIX,
    _PREFIX + "layers.",
)
_copy(
    contrib_layers.NAMES,
    "contrib.framework.",
    _PREFIX,
    _PREFIX + "variables.",
    _PREFIX + "ops.variables.",
    _PREFIX + "ops.arg_scope.",
)
_copy(losses.NAMES, "contrib.losses.", _PREFIX + "losses.")
_copy(metrics.NAMES, "contrib.metrics.", _PREFIX + "metrics.")
for _name in "l1_regularizer l2_regularizer l1_l2_regularizer sum_regularizer".split():
    NAMES[f"{_PREFIX}regularizers.{_name}"] = f"python.regularizers:{_name}"
for _name in "xavier_initializer xavier_initializer_conv2d variance_scaling_initializer".split():
    NAMES[f"{_PREFIX}initializers.{_name}"] = f"contrib.layers_initializers:{_name}"
for _name in "smart_cond constant_value".split():
    NAMES[f"{_PREFIX}utils.{_name}"] = f"python.smart:{_name}"
for _name in "analyze_ops analyze_vars tensor_description".split():
    NAMES[f"{_PREFIX}model_analyzer.{_name}"] = f"contrib.slim_model_analyzer:{_name}"
for _name in (
    "add_histogram_summary add_image_summary add_scalar_summary add_zero_fraction_summary add_histogram_summaries add_image_summaries "
    "add_scalar_summaries add_zero_fraction_summaries"
).split():  # fmt: skip
    NAMES[f"{_PREFIX}summaries.{_name}"] = f"contrib.layers_summaries:{_name}"
for (
    _name
) in "vgg alexnet overfeat inception inception_v1 inception_v2 inception_v3 resnet_utils resnet_v1 resnet_v2".split():
    NAMES[f"{_PREFIX}nets.{_name}"] = NAMES[f"{_PREFIX}python.slim.nets.{_name}"] = f"contrib.nets.{_name}:"
