"""`tf.contrib.image`."""

_NAMES = "transform rotate translate angles_to_projective_transforms translations_to_projective_transforms compose_transforms matrices_to_flat_transforms flat_transforms_to_matrices bipartite_match"
NAMES = {f"contrib.image.{_name}": f"contrib.image:{_name}" for _name in _NAMES.split()}
