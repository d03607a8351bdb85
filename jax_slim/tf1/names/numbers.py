"""Bits, Fourier transforms, and the types' names below `tf.dtypes`."""

_TYPES = ("float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "complex64",
          "complex128", "string", "resource", "variant", "DType", "as_dtype", "QUANTIZED_DTYPES")  # fmt: skip
_FOURIER = (
    "fft",
    "ifft",
    "fft2d",
    "ifft2d",
    "fft3d",
    "ifft3d",
    "rfft",
    "irfft",
    "rfft2d",
    "irfft2d",
    "rfft3d",
    "irfft3d",
)

NAMES: dict[str, str] = {
    **{
        f"bitwise.{n}": f"python.bitwise:{n}"
        for n in ("bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift")
    },
    **{f"{place}.{n}": f"python.spectral:{n}" for n in _FOURIER for place in ("signal", "spectral")},
    **{n: f"python.spectral:{n}" for n in _FOURIER if not n.lstrip("i").startswith("rfft")},
    **{f"dtypes.{n}": f"graph.dtypes:{n}" for n in _TYPES},
    **{f"python.framework.dtypes.{n}_ref": f"graph.dtypes:{n}_ref" for n in (*_TYPES[:-3], "bool", "half", "double")},
    "dtypes.half": "graph.dtypes:float16",
    "dtypes.double": "graph.dtypes:float64",
    "dtypes.bool": "graph.dtypes:bool_",
    "math.is_non_decreasing": "python.checks:is_non_decreasing",
    "math.is_strictly_increasing": "python.checks:is_strictly_increasing",
    "log_sigmoid": "python.math:log_sigmoid",
}
for _name in ("bessel_i0", "bessel_i1"):
    NAMES[_name] = NAMES[f"math.{_name}"] = f"python.math:{_name}"
for _file, _names in {
    "signal_frames": "frame overlap_and_add hann_window hamming_window stft inverse_stft inverse_stft_window_fn",
    "signal_cosines": "dct idct linear_to_mel_weight_matrix mfccs_from_log_mel_spectrograms fftshift ifftshift",
}.items():
    for _name in _names.split():
        for _place in ("signal", "contrib.signal", *(("spectral",) if "dct" in _name else ())):
            NAMES[f"{_place}.{_name}"] = f"python.{_file}:{_name}"
