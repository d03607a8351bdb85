"""`tf.contrib.image`."""

_NAMES = {
    "image": "transform rotate translate angles_to_projective_transforms translations_to_projective_transforms compose_transforms "
    "matrices_to_flat_transforms flat_transforms_to_matrices bipartite_match",
    "image_warping": "connected_components dense_image_warp interpolate_spline sparse_image_warp",
}
NAMES = {
    f"contrib.image.{_name}": f"contrib.{_file}:{_name}" for _file, _names in _NAMES.items() for _name in _names.split()
}
