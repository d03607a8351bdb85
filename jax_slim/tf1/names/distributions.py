"""Distributions."""

NAMES: dict[str, str] = {}
for _file, _names in {
    "distributions": "Distribution ReparameterizationType FULLY_REPARAMETERIZED NOT_REPARAMETERIZED RegisterKL kl_divergence",
    "distributions_discrete": "Bernoulli Categorical",
    "distributions_continuous": "Normal Uniform Laplace Gamma Exponential Beta",
    "sorting": "percentile",
}.items():
    for _name in _names.split():
        NAMES[f"contrib.distributions.{_name}"] = f"python.{_file}:{_name}"
        if _name != "percentile":
            NAMES[f"distributions.{_name}"] = f"python.{_file}:{_name}"
