"""Stands for `tensorflow` until it is imported."""

import importlib
import importlib.util
import sys
from pathlib import Path

if importlib.util.find_spec("jax_slim") is None:
    sys.path.append(str(Path(__file__).parents[3]))
importlib.import_module("jax_slim.tf1.children").answer("tensorflow", __file__)
