"""Variables, variable scopes and initializers."""

NAMES: dict[str, str] = {
    "Variable": "python.variables:Variable", "Variable.SaveSliceInfo": "python.save_slices:SaveSliceInfo",
    "VariableSynchronization": "python.variables:VariableSynchronization", "VariableAggregation": "python.variables:VariableAggregation",
    "VariableScope": "python.variable_scope:VariableScope", "AUTO_REUSE": "python.variable_scope:AUTO_REUSE",
    "python.ops.variables.VariableV1": "python.variables:Variable", "python.ops.variable_v1.VariableV1": "python.variables:Variable",
    "PartitionedVariable": "python.partitioned:PartitionedVariable",
    "init_scope": "python.initial_values:init_scope",
    "ResourceVariable": "python.resource_variables:ResourceVariable", "RefVariable": "python.variables:RefVariable",
}  # fmt: skip
del NAMES["Variable.SaveSliceInfo"]

for _name in ("variable_creator_scope enable_resource_variables disable_resource_variables resource_variables_enabled global_variables all_variables "
              "local_variables model_variables trainable_variables moving_average_variables").split():  # fmt: skip
    NAMES[_name] = f"python.variables:{_name}"
for (
    _name
) in "get_variable get_local_variable get_variable_scope variable_scope variable_op_scope no_regularizer".split():
    NAMES[_name] = f"python.variable_scope:{_name}"
for _name in ("assign assign_add assign_sub is_variable_initialized count_up_to scatter_update scatter_add scatter_sub scatter_mul scatter_div scatter_min "
              "scatter_max scatter_nd_update scatter_nd_add scatter_nd_sub batch_scatter_update").split():  # fmt: skip
    NAMES[_name] = f"python.state_ops:{_name}"
for _name in "fixed_size_partitioner variable_axis_size_partitioner min_max_variable_partitioner".split():
    NAMES[_name] = f"python.partitioned:{_name}"

for _name in ("zeros ones constant random_uniform random_normal truncated_normal uniform_unit_scaling variance_scaling orthogonal glorot_uniform "
              "glorot_normal").split():  # fmt: skip
    NAMES[f"{_name}_initializer"] = NAMES[f"initializers.{_name}"] = NAMES[f"keras.initializers.{_name}"] = (
        f"python.initializers:{_name}_initializer"
    )
for _name in "lecun_normal lecun_uniform he_normal he_uniform".split():
    NAMES[f"initializers.{_name}"] = NAMES[f"keras.initializers.{_name}"] = f"python.initializers:{_name}"
NAMES["initializers.identity"] = NAMES["keras.initializers.identity"] = "python.initializers:Identity"
for _name in (
    "Initializer Zeros Ones Constant RandomUniform RandomNormal TruncatedNormal VarianceScaling Orthogonal Identity"
).split():
    NAMES[f"keras.initializers.{_name}"] = f"python.initializers:{_name}"
NAMES["keras.initializers.get"] = "python.initializers:get"
for _name, _place in {
    "global_variables": "global_variables_initializer",
    "local_variables": "local_variables_initializer",
    "variables": "variables_initializer",
}.items():
    NAMES[f"initializers.{_name}"] = f"python.variable_initializers:{_place}"
for _name in "enable_resource_variables".split():
    NAMES[f"experimental.{_name}"] = f"python.variables:{_name}"
NAMES["make_template"] = "python.template:make_template"
for _name in (
    "variables_initializer initialize_variables global_variables_initializer local_variables_initializer initialize_all_variables "
    "initialize_local_variables assert_variables_initialized report_uninitialized_variables"
).split():  # fmt: skip
    NAMES[_name] = f"python.variable_initializers:{_name}"
