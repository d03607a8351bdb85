"""jax-slim's nets as ONNX files, run by ONNX Runtime or OpenVINO. Run as a script it writes one."""

import os
import sys

from peers.batches import images_of


class Peer:
    """Runs the file `config["file"]`."""

    def __init__(self, config):
        self.parameters = config["parameters"]
        self.images = images_of(config, config["channels"])
        numbers = config.get("numbers", "f32")
        if config["runtime"] == "onnxruntime":
            import onnxruntime

            if numbers == "int8":
                config["file"] = quantized(config["file"], self.images[:1])  # the same for batches of all sizes
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = config["threads"]
            session = onnxruntime.InferenceSession(config["file"], options, providers=["CPUExecutionProvider"])
            self._logits = lambda images: session.run(["logits"], {"image": images})[0]
            version = onnxruntime.__version__
        else:
            import openvino

            core = openvino.Core()
            model = core.read_model(config["file"])
            model.reshape({"image": list(self.images.shape)})
            threads = {"INFERENCE_NUM_THREADS": config["threads"], "PERFORMANCE_HINT": "LATENCY"}
            # Without it, OpenVINO rounds to bfloat16 where the processor multiplies that.
            kept = {"CACHE_DIR": config["compiled"]} if config.get("compiled") else {}
            compiled = core.compile_model(model, "CPU", {**threads, **kept, "INFERENCE_PRECISION_HINT": numbers})
            self._logits = lambda images: compiled(images)[0]
            version = openvino.__version__
        self.versions = {"python": sys.version.split()[0], config["runtime"]: version}

    def forward(self, steps):
        for _ in range(steps):
            logits = self._logits(self.images)
        return logits.sum()


def quantized(path, images):
    """The file with products of bytes, as `slim.quantize` has them: a step for each filter, ranges of these images.

    It lies beside the other, and is taken from there the next time.
    """
    ready, made = path.replace(".onnx", "_ready.onnx"), path.replace(".onnx", "_int8.onnx")
    if os.path.exists(made):
        return made
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Once(CalibrationDataReader):
        def __init__(self):
            self.left = [{"image": images}]

        def get_next(self):
            return self.left.pop() if self.left else None

    quant_pre_process(path, ready, skip_symbolic_shape=True)
    quantize_static(
        ready, f"{made}.part", Once(), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
    )  # fmt: skip
    os.remove(ready)
    os.replace(f"{made}.part", made)
    return made


def write(net, size, classes, path):
    """Writes a net with drawn variables, batch norm in its weights, as `jax-slim export` does."""
    import jax

    import jax_slim as slim
    from jax_slim.exporting.onnx_files import export_onnx

    model = slim.nets.create_model(net, num_classes=int(classes), image_size=int(size))

    def logits_of(images):
        logits, _ = model.function(images, is_training=False)
        return logits.reshape(logits.shape[0], -1)

    part = path.replace(".onnx", ".part.onnx")
    variables = model.init(jax.random.key(0))
    export_onnx(part, slim.Model(logits_of).apply, variables, ("batch", *model.input_shape))
    os.replace(part, path)


if __name__ == "__main__":
    write(*sys.argv[1:])
