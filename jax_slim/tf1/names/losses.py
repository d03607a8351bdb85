"""`tf.losses` and `tf.contrib.losses`."""

_LOSSES = (
    "absolute_difference compute_weighted_loss cosine_distance hinge_loss log_loss mean_pairwise_squared_error mean_squared_error sigmoid_cross_entropy "
    "softmax_cross_entropy sparse_softmax_cross_entropy add_loss get_losses get_regularization_losses get_total_loss"
)
NAMES: dict[str, str] = {"losses.Reduction": "python.losses:Reduction"}
for _name in f"{_LOSSES} huber_loss get_regularization_loss".split():
    NAMES[f"losses.{_name}"] = f"python.losses:{_name}"
for _name in _LOSSES.split():
    NAMES[f"contrib.losses.{_name}"] = f"contrib.losses:{_name}"
for _name in "contrastive_loss triplet_semihard_loss npairs_loss npairs_loss_multilabel lifted_struct_loss pairwise_distance".split():
    NAMES[f"contrib.losses.metric_learning.{_name}"] = f"contrib.metric_learning:{_name}"
