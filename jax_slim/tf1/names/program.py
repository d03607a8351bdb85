"""What a program starts with: flags, the main function, tests."""

_FLAGS = (
    "FLAGS", "DEFINE_string", "DEFINE_integer", "DEFINE_float", "DEFINE_boolean", "DEFINE_bool", "DEFINE_list", "DEFINE_enum", "DEFINE_enum_class", "DEFINE_multi",
    "DEFINE_multi_integer", "DEFINE_multi_float", "DEFINE_multi_string", "DEFINE_multi_enum", "DEFINE_spaceseplist", "DEFINE_alias", "DEFINE_flag", "DEFINE", "declare_key_flag",
    "adopt_module_key_flags", "mark_flag_as_required", "mark_flags_as_required", "mark_flags_as_mutual_exclusive", "mark_bool_flags_as_mutual_exclusive", "register_validator",
    "register_multi_flags_validator", "validator", "multi_flags_validator", "ArgumentParser", "ArgumentSerializer", "Error", "IllegalFlagValueError", "UnrecognizedFlagError",
    "ValidationError", "DuplicateFlagError", "Flag", "FlagValues", "disclaim_key_flags", "flag_dict_to_args", "get_help_width", "text_wrap", "EnumParser", "BooleanParser",
    "FloatParser", "IntegerParser", "ListParser",
)  # fmt: skip
_TEST = (
    "TestCase", "main", "get_temp_dir", "is_gpu_available", "is_built_with_cuda", "is_built_with_gpu_support", "gpu_device_name", "test_src_dir_path", "StubOutForTesting",
    "compute_gradient", "compute_gradient_error", "assert_equal_graph_def", "Benchmark",
)  # fmt: skip
NAMES = {"app.run": "python.app:run"}
NAMES |= {f"{place}.{name}": f"python.app:{name}" for name in _FLAGS for place in ("flags", "app.flags")}
NAMES |= {f"test.{name}": f"python.test:{name}" for name in _TEST}
NAMES |= {"python.framework.test_util.TensorFlowTestCase": "python.test:TestCase"}
NAMES["VERSION"] = NAMES["__version__"] = NAMES["version.VERSION"] = "modules:VERSION"
NAMES["executing_eagerly"] = "python.version:executing_eagerly"
NAMES |= {
    name: f"python.version:{name}"
    for name in ("disable_v2_behavior", "enable_v2_behavior", "disable_eager_execution", "enable_eager_execution", "disable_v2_tensorshape", "disable_control_flow_v2", "disable_tensor_equality",
                 "enable_control_flow_v2", "GIT_VERSION", "COMPILER_VERSION")
}  # fmt: skip
