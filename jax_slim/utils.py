"""`slim.utils`: TF-Slim's helpers for collections and arguments, under the name they had there."""

from jax_slim.core.collections import collect_named_outputs as collect_named_outputs
from jax_slim.core.collections import convert_collection_to_dict as convert_collection_to_dict
