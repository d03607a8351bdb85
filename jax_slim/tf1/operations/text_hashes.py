"""The hash functions of `tf.string_to_hash_bucket*`: FarmHash's fingerprint, the older 64-bit Murmur hash, and SipHash with a key."""

_ALL = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _read(data: bytes, place: int, size: int = 8) -> int:
    return int.from_bytes(data[place : place + size], "little")


def _turn(value: int, bits: int) -> int:
    return ((value >> bits) | (value << (64 - bits))) & _ALL


def _mix(value: int) -> int:
    return value ^ (value >> 47)


def _pair(u: int, v: int, factor: int) -> int:
    a = _mix((u ^ v) * factor & _ALL)
    b = _mix((v ^ a) * factor & _ALL)
    return b * factor & _ALL


def _up_to_16(data: bytes) -> int:
    size = len(data)
    if size >= 8:
        factor = (_K2 + size * 2) & _ALL
        a, b = (_read(data, 0) + _K2) & _ALL, _read(data, size - 8)
        return _pair((_turn(b, 37) * factor + a) & _ALL, (_turn(a, 25) + b) * factor & _ALL, factor)
    if size >= 4:
        factor = (_K2 + size * 2) & _ALL
        return _pair((size + (_read(data, 0, 4) << 3)) & _ALL, _read(data, size - 4, 4), factor)
    if size:
        y = data[0] + (data[size >> 1] << 8)
        z = size + (data[size - 1] << 2)
        return _mix((y * _K2 ^ z * _K0) & _ALL) * _K2 & _ALL
    return _K2


def _up_to_32(data: bytes) -> int:
    size = len(data)
    factor = (_K2 + size * 2) & _ALL
    a, b = _read(data, 0) * _K1 & _ALL, _read(data, 8)
    c, d = _read(data, size - 8) * factor & _ALL, _read(data, size - 16) * _K2 & _ALL
    first = (_turn((a + b) & _ALL, 43) + _turn(c, 30) + d) & _ALL
    return _pair(first, (a + _turn((b + _K2) & _ALL, 18) + c) & _ALL, factor)


def _up_to_64(data: bytes) -> int:
    size = len(data)
    factor = (_K2 + size * 2) & _ALL
    a, b = _read(data, 0) * _K2 & _ALL, _read(data, 8)
    c, d = _read(data, size - 8) * factor & _ALL, _read(data, size - 16) * _K2 & _ALL
    y = (_turn((a + b) & _ALL, 43) + _turn(c, 30) + d) & _ALL
    z = _pair(y, (a + _turn((b + _K2) & _ALL, 18) + c) & _ALL, factor)
    e, f = _read(data, 16) * factor & _ALL, _read(data, 24)
    g, h = (y + _read(data, size - 32)) * factor & _ALL, (z + _read(data, size - 24)) * factor & _ALL
    return _pair(
        (_turn((e + f) & _ALL, 43) + _turn(g, 30) + h) & _ALL, (e + _turn((f + a) & _ALL, 18) + g) & _ALL, factor
    )


def _weak(data: bytes, place: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_read(data, place + 8 * i) for i in range(4))
    a = (a + w) & _ALL
    b = _turn((b + a + z) & _ALL, 21)
    c = a
    a = (a + x + y) & _ALL
    b = (b + _turn(a, 44)) & _ALL
    return (a + z) & _ALL, (b + c) & _ALL


def fingerprint64(data: bytes) -> int:
    """FarmHash's Fingerprint64, which is the same everywhere and for ever."""
    size = len(data)
    if size <= 16:
        return _up_to_16(data)
    if size <= 32:
        return _up_to_32(data)
    if size <= 64:
        return _up_to_64(data)
    seed = 81
    y = (seed * _K1 + 113) & _ALL
    z = _mix((y * _K2 + 113) & _ALL) * _K2 & _ALL
    v, w = (0, 0), (0, 0)
    x = (seed * _K2 + _read(data, 0)) & _ALL
    place, end = 0, (size - 1) // 64 * 64
    while True:
        x = _turn((x + y + v[0] + _read(data, place + 8)) & _ALL, 37) * _K1 & _ALL
        y = _turn((y + v[1] + _read(data, place + 48)) & _ALL, 42) * _K1 & _ALL
        x ^= w[1]
        y = (y + v[0] + _read(data, place + 40)) & _ALL
        z = _turn((z + w[0]) & _ALL, 33) * _K1 & _ALL
        v = _weak(data, place, v[1] * _K1 & _ALL, (x + w[0]) & _ALL)
        w = _weak(data, place + 32, (z + w[1]) & _ALL, (y + _read(data, place + 16)) & _ALL)
        z, x = x, z
        place += 64
        if place == end:
            break
    factor = (_K1 + ((z & 0xFF) << 1)) & _ALL
    place = size - 64
    w = ((w[0] + ((size - 1) & 63)) & _ALL, w[1])
    v = ((v[0] + w[0]) & _ALL, v[1])
    w = ((w[0] + v[0]) & _ALL, w[1])
    x = _turn((x + y + v[0] + _read(data, place + 8)) & _ALL, 37) * factor & _ALL
    y = _turn((y + v[1] + _read(data, place + 48)) & _ALL, 42) * factor & _ALL
    x ^= w[1] * 9 & _ALL
    y = (y + v[0] * 9 + _read(data, place + 40)) & _ALL
    z = _turn((z + w[0]) & _ALL, 33) * factor & _ALL
    v = _weak(data, place, v[1] * factor & _ALL, (x + w[0]) & _ALL)
    w = _weak(data, place + 32, (z + w[1]) & _ALL, (y + _read(data, place + 16)) & _ALL)
    z, x = x, z
    first = (_pair(v[0], w[0], factor) + _mix(y) * _K0 + z) & _ALL
    return _pair(first, (_pair(v[1], w[1], factor) + x) & _ALL, factor)


def murmur64(data: bytes, seed: int = 0xDECAFCAFFE) -> int:
    """MurmurHash64A with TensorFlow's seed."""
    factor = 0xC6A4A7935BD1E995
    result = seed ^ (len(data) * factor & _ALL)
    whole = len(data) // 8 * 8
    for place in range(0, whole, 8):
        k = _read(data, place) * factor & _ALL
        k = (k ^ (k >> 47)) * factor & _ALL
        result = (result ^ k) * factor & _ALL
    if whole < len(data):
        result = (result ^ _read(data, whole)) * factor & _ALL
    result = (result ^ (result >> 47)) * factor & _ALL
    return result ^ (result >> 47)


def siphash24(data: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4 with a key of two 64-bit numbers."""
    k0, k1 = key[0] & _ALL, key[1] & _ALL
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rounds(count: int) -> None:
        for _ in range(count):
            v[0] = (v[0] + v[1]) & _ALL
            v[1] = _turn(v[1], 51) ^ v[0]
            v[0] = _turn(v[0], 32)
            v[2] = (v[2] + v[3]) & _ALL
            v[3] = _turn(v[3], 48) ^ v[2]
            v[0] = (v[0] + v[3]) & _ALL
            v[3] = _turn(v[3], 43) ^ v[0]
            v[2] = (v[2] + v[1]) & _ALL
            v[1] = _turn(v[1], 47) ^ v[2]
            v[2] = _turn(v[2], 32)

    whole = len(data) // 8 * 8
    for place in range(0, whole, 8):
        word = _read(data, place)
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    last = _read(data, whole) | (len(data) & 0xFF) << 56
    v[3] ^= last
    rounds(2)
    v[0] ^= last
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]
