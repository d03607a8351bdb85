"""`slim.learning`, `slim.evaluation`, `tf.contrib.training`, `tf.contrib.layers.optimize_loss`."""

NAMES = {}
for _place in ("contrib.slim.learning.", "contrib.slim.python.slim.learning."):
    for _name in [
        "add_gradients_summaries",
        "clip_gradient_norms",
        "multiply_gradients",
        "create_train_op",
        "train_step",
        "train",
    ]:
        NAMES[_place + _name] = f"contrib.learning:{_name}"
for _place in ("contrib.slim.evaluation.", "contrib.slim.python.slim.evaluation."):
    NAMES[_place + "evaluate_once"] = "contrib.evaluation:slim_evaluate_once"
    NAMES[_place + "evaluation_loop"] = "contrib.evaluation:slim_evaluation_loop"
    NAMES[_place + "checkpoints_iterator"] = "contrib.evaluation:checkpoints_iterator"
    NAMES[_place + "wait_for_new_checkpoint"] = "contrib.evaluation:wait_for_new_checkpoint"
for _name in [
    "add_gradients_summaries",
    "clip_gradient_norms",
    "clip_gradient_norms_fn",
    "multiply_gradients",
    "create_train_op",
    "train",
]:
    NAMES[f"contrib.training.{_name}"] = f"contrib.training:{_name}"
for _name in [
    "checkpoints_iterator",
    "wait_for_new_checkpoint",
    "evaluate_once",
    "evaluate_repeatedly",
    "get_or_create_eval_step",
    "StopAfterNEvalsHook",
    "SummaryAtEndHook",
]:
    NAMES[f"contrib.training.{_name}"] = f"contrib.evaluation:{_name}"
for _name in ["optimize_loss", "adaptive_clipping_fn", "OPTIMIZER_CLS_NAMES", "OPTIMIZER_SUMMARIES"]:
    NAMES[f"contrib.layers.{_name}"] = NAMES[f"contrib.layers.optimizers.{_name}"] = f"contrib.optimizers:{_name}"
for _name in ["get_global_step", "get_or_create_global_step", "create_global_step", "assert_global_step"]:
    NAMES[f"contrib.framework.{_name}"] = NAMES[f"contrib.slim.{_name}"] = f"python.global_step:{_name}"
for _name in ["list_variables", "load_variable", "load_checkpoint"]:
    NAMES[f"contrib.framework.{_name}"] = f"python.checkpoint_management:{_name}"
NAMES["contrib.framework.init_from_checkpoint"] = "python.checkpoint_initialization:init_from_checkpoint"
for _file, _names in {
    "opt": "NadamOptimizer AdaMaxOptimizer LazyAdamOptimizer AddSignOptimizer PowerSignOptimizer LARSOptimizer AdamWOptimizer "
    "MomentumWOptimizer DecoupledWeightDecayExtension extend_with_decoupled_weight_decay",
    "opt_wrappers": "MovingAverageOptimizer VariableClippingOptimizer ExternalOptimizerInterface ScipyOptimizerInterface",
}.items():
    NAMES.update({f"contrib.opt.{_name}": f"contrib.{_file}:{_name}" for _name in _names.split()})
