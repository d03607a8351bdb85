"""Hashes of texts: what TensorFlow gives for texts of all lengths that are treated apart."""

import pytest

from jax_slim.tf1.operations import text_hashes

# Length -> (fast, old, strong with the key [5, 2**40 + 3]), all modulo 2**62.
TENSORFLOW = {
    0: (1936946117179621455, 105434511174508091, 2781104703463305906),
    1: (1693950485815063666, 2734033960519991108, 3599022880632351969),
    4: (2718641642552064223, 3074439750756160426, 4131642536201886802),
    8: (1695866316848129920, 838092836217321768, 3857579226779512254),
    16: (880286662133690019, 83886949551713507, 2795766459580986612),
    17: (3570585300741887564, 1001168157687930718, 1108686488047213614),
    32: (2291864689039538908, 1150353899127951476, 1249494701417045803),
    33: (1787165949380123217, 1978783711954864684, 1846415806463865799),
    64: (4479279899448938087, 3434883210108542297, 2564544212501219933),
    65: (3237992872057361650, 1282255517520297729, 1290559781174587990),
    69: (3191554339617451702, 1498417842695659199, 3176574694358915889),
}


@pytest.mark.parametrize("length", TENSORFLOW)
def test_hashes_are_tensorflows(length):
    text = bytes((length * 7 + place * 13) % 256 for place in range(length))
    found = (text_hashes.fingerprint64(text), text_hashes.murmur64(text), text_hashes.siphash24(text, (5, 2**40 + 3)))
    assert tuple(hashed % 2**62 for hashed in found) == TENSORFLOW[length]


def test_the_last_bytes_of_a_long_text_count():
    text = bytes((76 * 7 + place * 13) % 256 for place in range(300))
    assert text_hashes.fingerprint64(text) % 2**62 == 376699763130724557
    assert text_hashes.siphash24(text, (5, 2**40 + 3)) % 2**62 == 717779074574647450
