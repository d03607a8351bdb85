"""Sessions and gradients."""

_SESSION = "running.session"
_GRADIENTS = "graph.gradients"
_CONFIG = "python.config"
NAMES = {
    "Session": f"{_SESSION}:Session",
    "InteractiveSession": f"{_SESSION}:InteractiveSession",
    "get_default_session": "graph.graphs:get_default_session",
    "gradients": f"{_GRADIENTS}:gradients",
    "AggregationMethod": f"{_GRADIENTS}:AggregationMethod",
    "UnconnectedGradients": f"{_GRADIENTS}:UnconnectedGradients",
    "RegisterGradient": "python.gradient_registry:RegisterGradient",
    "NoGradient": "python.gradient_registry:NotDifferentiable",
    "NotDifferentiable": "python.gradient_registry:NotDifferentiable",
    "custom_gradient": "python.gradient_registry:custom_gradient",
    "hessians": "python.gradient_registry:hessians",
    "ConfigProto": f"{_CONFIG}:ConfigProto",
    "GPUOptions": f"{_CONFIG}:GPUOptions",
    "OptimizerOptions": f"{_CONFIG}:OptimizerOptions",
    "GraphOptions": f"{_CONFIG}:GraphOptions",
    "RunOptions": f"{_CONFIG}:RunOptions",
    "RunMetadata": f"{_CONFIG}:RunMetadata",
    "python.client.timeline.Timeline": "python.timeline:Timeline",
}
