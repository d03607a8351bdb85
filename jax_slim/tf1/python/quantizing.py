"""`tf.fake_quant_with_min_max_args` and its kin, `tf.quantize`, `tf.dequantize`."""

from typing import Any

from jax_slim.tf1.graph import building
from jax_slim.tf1.graph.tensors import Tensor


def fake_quant_with_min_max_args(inputs: Any, min: float = -6.0, max: float = 6.0, num_bits: int = 8, narrow_range: bool = False,
                                 name: str | None = None) -> Tensor:  # fmt: skip
    """Floats rounded to the 2**num_bits steps of a range; the gradient passes inside of the range."""
    return building.make(
        "FakeQuantWithMinMaxArgs", inputs, min=min, max=max, num_bits=num_bits, narrow_range=narrow_range, name=name
    )


def fake_quant_with_min_max_args_gradient(gradients: Any, inputs: Any, min: float = -6.0, max: float = 6.0, num_bits: int = 8,
                                          narrow_range: bool = False, name: str | None = None) -> Tensor:  # fmt: skip
    """The gradient of `fake_quant_with_min_max_args`."""
    return building.make(
        "FakeQuantWithMinMaxArgsGradient",
        gradients,
        inputs,
        min=min,
        max=max,
        num_bits=num_bits,
        narrow_range=narrow_range,
        name=name,
    )


def fake_quant_with_min_max_vars(
    inputs: Any, min: Any, max: Any, num_bits: int = 8, narrow_range: bool = False, name: str | None = None
) -> Tensor:
    """`fake_quant_with_min_max_args` with a range given by tensors, which get gradients."""
    return building.make(
        "FakeQuantWithMinMaxVars", inputs, min, max, num_bits=num_bits, narrow_range=narrow_range, name=name
    )


def fake_quant_with_min_max_vars_per_channel(inputs: Any, min: Any, max: Any, num_bits: int = 8, narrow_range: bool = False,
                                             name: str | None = None) -> Tensor:  # fmt: skip
    """`fake_quant_with_min_max_vars` with a range for each entry of the last axis."""
    return building.make(
        "FakeQuantWithMinMaxVarsPerChannel", inputs, min, max, num_bits=num_bits, narrow_range=narrow_range, name=name
    )


def quantize(input: Any, min_range: Any, max_range: Any, T: Any, mode: str = "MIN_COMBINED", round_mode: str = "HALF_AWAY_FROM_ZERO",
             name: str | None = None) -> Any:  # fmt: skip
    """Floats as integers of type T, and the range (low, high) that these stand for."""
    return building.make("QuantizeV2", input, min_range, max_range, T=T, mode=mode, round_mode=round_mode, name=name)


quantize_v2 = quantize


def dequantize(
    input: Any, min_range: Any, max_range: Any, mode: str = "MIN_COMBINED", name: str | None = None
) -> Tensor:
    """What undoes `quantize`."""
    return building.make("Dequantize", input, min_range, max_range, mode=mode, name=name)


def fake_quant_with_min_max_vars_gradient(
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Any:
    """The gradients of `fake_quant_with_min_max_vars` with respect to inputs, min and max."""
    return building.make(
        "FakeQuantWithMinMaxVarsGradient",
        gradients,
        inputs,
        min,
        max,
        num_bits=num_bits,
        narrow_range=narrow_range,
        name=name,
    )


def fake_quant_with_min_max_vars_per_channel_gradient(
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Any:
    """The gradients of `fake_quant_with_min_max_vars_per_channel` with respect to inputs, min and max."""
    return building.make(
        "FakeQuantWithMinMaxVarsPerChannelGradient",
        gradients,
        inputs,
        min,
        max,
        num_bits=num_bits,
        narrow_range=narrow_range,
        name=name,
    )


def quantize_and_dequantize(
    input: Any, input_min: Any, input_max: Any, signed_input: bool = True, num_bits: int = 8, range_given: bool = False,
    round_mode: str = "HALF_TO_EVEN", name: str | None = None, narrow_range: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers rounded as integers of `num_bits` would hold them; the gradient passes as it is."""
    return building.make(
        "QuantizeAndDequantizeV2", input, input_min, input_max, signed_input=signed_input, num_bits=num_bits, range_given=range_given,
        round_mode=round_mode, narrow_range=narrow_range, name=name,
    )  # fmt: skip
