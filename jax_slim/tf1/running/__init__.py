"""Sessions: which operations a run needs, in which order, on the host or compiled by JAX."""
