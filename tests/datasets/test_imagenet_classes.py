"""The names of ImageNet's classes."""

from jax_slim.datasets.imagenet_classes import imagenet_names, imagenet_synsets, readable_names


def test_names_in_the_order_of_synsets():
    names, synsets = imagenet_names(), imagenet_synsets()
    assert len(names) == len(set(names)) == len(synsets) == 1000
    assert synsets == sorted(synsets)
    known = {0: "tench", 1: "goldfish", 134: "crane (bird)", 281: "tabby", 517: "crane (machine)", 999: "toilet tissue"}
    assert {place: names[place] for place in known} == known
    assert imagenet_names(background=True) == ["background", *names]


def test_folders_that_are_called_by_synsets():
    assert readable_names(["n01443537", "n01440764"]) == ["goldfish", "tench"]
    assert readable_names(["n01443537", "tench"]) == ["n01443537", "tench"]
    assert readable_names([]) == []
