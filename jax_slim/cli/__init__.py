"""The command `jax-slim`: train, evaluate, predict, look into and convert, without writing Python."""
