"""`tf.contrib.slim.nets`: the nets that came with TF-Slim, as builders of graphs."""
