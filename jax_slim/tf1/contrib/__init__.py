"""`tensorflow.contrib`: slim, layers, framework and what else TF-Slim's programs import from there."""
