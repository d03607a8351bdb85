"""Protocol buffers and files, broken in many ways, the same for the same number."""

import random

from jax_slim.tf1.files import protos

EXTREME = [0, -1, 1, 2, 7, 2**31 - 1, -(2**31), 2**40, 2**62, 100000]


def changed(value, random):
    """Another value of a field."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return random.choice(EXTREME)
    if isinstance(value, float):
        return random.choice([0.0, -1.0, 1e38, float("nan"), float("inf")])
    if isinstance(value, str):
        return random.choice(["", value[:-1], value + "x", value + ":5", "^" + value, "a b", "Relu", "While", "Fill"])
    return random.choice([b"", value[:-1], value * 2, b"\xff" * len(value)])


def fields(message, found):
    """All fields of a message and of those in it: (holder, name or None)."""
    for field, value in message.ListFields():
        if hasattr(value, "ListFields"):
            fields(value, found)
        elif hasattr(value, "MergeFrom") or hasattr(value, "keys"):
            found.append((value, None))
            for part in value.values() if hasattr(value, "keys") else value:
                if hasattr(part, "ListFields"):
                    fields(part, found)
        else:
            found.append((message, field.name))
    return found


def change(message, random):
    """Changes something in a message: a field, or what is in a list or map."""
    holder, name = random.choice(fields(message, []))
    try:
        if name is not None:
            setattr(holder, name, changed(getattr(holder, name), random))
        elif hasattr(holder, "keys"):
            del holder[random.choice(list(holder))]
        elif random.random() < 0.4:
            del holder[random.randrange(len(holder))]
        elif hasattr(holder[0], "ListFields"):
            holder.add().CopyFrom(random.choice(list(holder)))
        else:
            place = random.randrange(len(holder))
            holder[place] = changed(holder[place], random)
    except (ValueError, TypeError, OverflowError):  # no value of such a field
        pass


def broken(data, number, message):
    """Bytes cut short, with others in places, or a message with other fields."""
    chance = random.Random(number)
    if number % 3 == 0:
        return data[: chance.randrange(len(data))]
    if number % 3 == 1 or message is None:
        changed = bytearray(data)
        for _ in range(3):
            changed[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        return bytes(changed)
    made = getattr(protos, message).FromString(data)
    for _ in range(chance.randrange(1, 4)):
        change(made, chance)
    return made.SerializeToString()
