"""Several devices: meshes and how batches and variables lie on them."""
