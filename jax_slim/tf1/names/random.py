"""Random tensors and seeds."""

NAMES: dict[str, str] = {}
for _name in ["random_uniform", "random_normal", "truncated_normal", "random_shuffle", "random_crop", "multinomial", "random_gamma", "random_poisson", "set_random_seed"]:  # fmt: skip
    NAMES[_name] = f"python.random:{_name}"
for _name, _ours in {
    "uniform": "random_uniform", "normal": "random_normal", "truncated_normal": "truncated_normal", "shuffle": "random_shuffle",
    "gamma": "random_gamma", "poisson": "random_poisson", "categorical": "categorical", "multinomial": "multinomial",
    "set_random_seed": "set_random_seed", "stateless_uniform": "stateless_random_uniform", "stateless_normal": "stateless_random_normal",
    "stateless_truncated_normal": "stateless_truncated_normal", "stateless_multinomial": "stateless_multinomial",
    "stateless_categorical": "stateless_categorical",
}.items():  # fmt: skip
    NAMES[f"random.{_name}"] = f"python.random:{_ours}"
for _name in (
    "stateless_random_uniform",
    "stateless_random_normal",
    "stateless_truncated_normal",
    "stateless_multinomial",
):
    NAMES[f"contrib.stateless.{_name}"] = f"python.random:{_name}"
NAMES["image.random_crop"] = "python.random:random_crop"
NAMES["get_seed"] = NAMES["random.get_seed"] = "python.random:get_seed"
