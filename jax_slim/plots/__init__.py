"""Pictures of training and of nets: curves, confusion matrices, images, filters, what layers see.

Every function returns a `matplotlib.figure.Figure` that belongs to nobody else: a notebook shows it where it is the
result of a cell, `figure.savefig("curves.png")` writes it, and nothing needs a display. matplotlib comes with
`pip install "jax-slim[plots]"`, and is loaded when the first picture is drawn.
"""

from jax_slim.plots.curves import training_curves as training_curves
from jax_slim.plots.grids import image_grid as image_grid
from jax_slim.plots.inside_nets import feature_maps as feature_maps
from jax_slim.plots.inside_nets import filters as filters
from jax_slim.plots.inside_nets import heat_maps as heat_maps
from jax_slim.plots.matrices import confusion_matrix as confusion_matrix
from jax_slim.plots.mistakes import misclassified as misclassified
