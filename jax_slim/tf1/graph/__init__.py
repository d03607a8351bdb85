"""Graphs of TensorFlow 1: operations, tensors, names, scopes, shapes, and how they are made. Nothing is computed here."""
