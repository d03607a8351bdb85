"""`tf.contrib.slim` (and the package `tf_slim`): the layers, variables, scopes, losses and nets of the other tables under its names."""

from jax_slim.tf1.names import contrib_layers, contrib_training, losses, metrics

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
    _PREFIX + "ops.framework_ops.",
)
# The files of the package `tf_slim`, which programs import too.
for _file in (
    "layers",
    "utils",
    "initializers",
    "regularizers",
    "optimizers",
    "feature_column",
    "normalization",
    "sparse_ops",
    "summaries",
):
    _copy(
        contrib_layers.NAMES,
        "contrib.layers.utils." if _file == "utils" else "contrib.layers.",
        f"{_PREFIX}layers.{_file}.",
    )
for _file in ("training", "evaluation"):
    _copy(contrib_training.NAMES, "contrib.training.", f"{_PREFIX}training.{_file}.", f"{_PREFIX}training.")
_copy(losses.NAMES, "contrib.losses.", _PREFIX + "losses.", _PREFIX + "losses.loss_ops.")
_copy(losses.NAMES, "contrib.losses.metric_learning.", _PREFIX + "losses.metric_learning.")
_copy(
    metrics.NAMES,
    "contrib.metrics.",
    *(f"{_PREFIX}metrics.{f}" for f in ("", "metric_ops.", "classification.", "histogram_ops.")),
)
for _name in "l1_regularizer l2_regularizer l1_l2_regularizer sum_regularizer".split():
    NAMES[f"{_PREFIX}regularizers.{_name}"] = f"python.regularizers:{_name}"
for _name in "xavier_initializer xavier_initializer_conv2d variance_scaling_initializer".split():
    NAMES[f"{_PREFIX}initializers.{_name}"] = f"contrib.layers_initializers:{_name}"
for _name in "analyze_ops analyze_vars tensor_description".split():
    NAMES[f"{_PREFIX}model_analyzer.{_name}"] = f"contrib.slim_model_analyzer:{_name}"
for _name in (
    "add_histogram_summary add_image_summary add_scalar_summary add_zero_fraction_summary add_histogram_summaries add_image_summaries "
    "add_scalar_summaries add_zero_fraction_summaries"
).split():  # fmt: skip
    NAMES[f"{_PREFIX}summaries.{_name}"] = f"contrib.layers_summaries:{_name}"
_INCEPTION = {n: f"{n} {n}_base {n}_arg_scope trunc_normal" for n in ("inception_v1", "inception_v2", "inception_v3")}
_RESNETS = {
    n: f"{n} {n}_50 {n}_101 {n}_152 {n}_200 {n}_block bottleneck resnet_arg_scope" for n in ("resnet_v1", "resnet_v2")
}
_NETS = {
    "vgg": "vgg_arg_scope vgg_a vgg_16 vgg_19 vgg_d vgg_e",
    "alexnet": "alexnet_v2_arg_scope alexnet_v2 trunc_normal",
    "overfeat": "overfeat_arg_scope overfeat trunc_normal",
    **_INCEPTION,
    **_RESNETS,
    "inception": " ".join(_INCEPTION.values()).replace(" trunc_normal", ""),
    "resnet_utils": "Block subsample conv2d_same stack_blocks_dense resnet_arg_scope",
}
for _net, _names in _NETS.items():
    for _place in (f"{_PREFIX}nets.{_net}", f"{_PREFIX}python.slim.nets.{_net}"):
        NAMES[_place] = f"contrib.nets.{_net}:"
        for _name in _names.split():
            NAMES[f"{_place}.{_name}"] = f"contrib.nets.{_net}:{_name}"
