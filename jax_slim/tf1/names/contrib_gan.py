"""`tf.contrib.gan`: models, losses, training, features, pictures. The scores that need a downloaded net are not there."""

NAMES: dict[str, str] = {}
for _file, _inner, _names in (
    ("gan_models", ("namedtuples",), "GANModel InfoGANModel ACGANModel CycleGANModel GANLoss CycleGANLoss GANTrainOps GANTrainSteps"),
    ("gan_models", ("train",), "gan_model infogan_model acgan_model cyclegan_model"),
    ("gan_training", ("train",), "gan_loss cyclegan_loss gan_train_ops gan_train get_sequential_train_hooks get_joint_train_hooks get_sequential_train_steps RunTrainOpsHook"),
):  # fmt: skip
    for _name in _names.split():
        for _place in (
            "contrib.gan",
            *(f"contrib.gan.{_i}" for _i in _inner),
            *(f"contrib.gan.python.{_i}" for _i in _inner),
        ):
            NAMES[f"{_place}.{_name}"] = f"contrib.{_file}:{_name}"
_LOSSES = (
    "wasserstein_generator_loss wasserstein_discriminator_loss wasserstein_gradient_penalty modified_generator_loss modified_discriminator_loss "
    "minimax_generator_loss minimax_discriminator_loss least_squares_generator_loss least_squares_discriminator_loss mutual_information_penalty "
    "acgan_discriminator_loss acgan_generator_loss cycle_consistency_loss"
)
for _name in _LOSSES.split():
    NAMES[f"contrib.gan.losses.{_name}"] = f"contrib.gan_losses:model_{_name}"
    for _place in ("contrib.gan.losses.wargs", "contrib.gan.python.losses.python.losses_impl"):
        NAMES[f"{_place}.{_name}"] = f"contrib.gan_losses:{_name}"
NAMES["contrib.gan.losses.combine_adversarial_loss"] = "contrib.gan_losses:combine_adversarial_loss"
NAMES["contrib.gan.losses.wargs.combine_adversarial_loss"] = "contrib.gan_losses:combine_adversarial_tensors"
for _name in ("condition_tensor", "condition_tensor_from_onehot", "tensor_pool"):
    NAMES[f"contrib.gan.features.{_name}"] = f"contrib.gan_features:{_name}"
for _name in (
    "image_grid image_reshaper add_gan_model_image_summaries add_gan_model_summaries add_image_comparison_summaries add_cyclegan_image_summaries "
    "add_regularization_loss_summaries"
).split():
    NAMES[f"contrib.gan.eval.{_name}"] = NAMES[f"contrib.gan.eval.eval_utils.{_name}"] = f"contrib.gan_features:{_name}"
