"""`tf.contrib.quantize`."""

NAMES = {
    f"contrib.quantize.{_name}": f"contrib.quantization:{_name}"
    for _name in (
        "create_training_graph",
        "create_eval_graph",
        "experimental_create_training_graph",
        "experimental_create_eval_graph",
    )
}
