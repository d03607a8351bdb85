"""CRC-32C against the published check values, masked and piece by piece."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jax_slim.data.checksums import crc32c, mask, masked_crc32c, unmask


@pytest.mark.parametrize(
    ("data", "crc"),
    # RFC 3720, B.4, and the usual check value.
    [(bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E), (b"123456789", 0xE3069283)],
)
def test_published_values(data, crc):
    assert crc32c(data) == crc32c(np.frombuffer(data, np.uint8)) == crc
    assert unmask(masked_crc32c(data)) == crc


@given(st.lists(st.binary(max_size=20)))
def test_piece_by_piece(pieces):
    crc = 0
    for piece in pieces:
        crc = crc32c(np.frombuffer(piece, np.uint8), crc)
    assert mask(crc) == masked_crc32c(b"".join(pieces))


@given(st.integers(0, (1 << 32) - 1))
def test_the_mask_can_be_taken_off(crc):
    assert unmask(mask(crc)) == crc
