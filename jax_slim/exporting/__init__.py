"""Models as files that run without jax-slim."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jax_slim.exporting.archives import ExportError as ExportError
    from jax_slim.exporting.archives import export_model as export_model
    from jax_slim.exporting.archives import load_exported as load_exported
    from jax_slim.exporting.classifiers import export_classifier as export_classifier
    from jax_slim.exporting.detectors import export_detector as export_detector
    from jax_slim.exporting.graph_files import export_frozen_graph as export_frozen_graph
    from jax_slim.exporting.graph_files import export_saved_model as export_saved_model
    from jax_slim.exporting.onnx_files import export_onnx as export_onnx
    from jax_slim.exporting.segmenters import export_segmenter as export_segmenter
else:  # loaded when it is first named
    from jax_slim.core.first_use import on_first_use

    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "ExportError": "archives",
            "export_model": "archives",
            "load_exported": "archives",
            "export_classifier": "classifiers",
            "export_detector": "detectors",
            "export_frozen_graph": "graph_files",
            "export_saved_model": "graph_files",
            "export_onnx": "onnx_files",
            "export_segmenter": "segmenters",
        },
    )
