"""Who hears that a process has ended: several watches in one process, over real connections."""

import queue
import socket

import pytest

from jax_slim.core.watching import Watch


@pytest.fixture
def watches():
    """Makes the watches of so many processes, connected; and the queue of (who heard, who was lost)."""
    made, heard = [], queue.Queue()

    def of(count):
        made.extend(Watch(index, lambda lost, me=index: heard.put((me, lost))) for index in range(count))
        told = made[0].listen()
        for other in made[1:]:
            assert other.connect(told)
        return made, told, heard

    yield of
    for watch in made:
        watch.close()


def test_all_others_hear_of_one_that_ends_within(watches):
    made, _, heard = watches(4)
    for watch in made:
        watch.within(True)
    made[2].close()
    assert sorted(heard.get(timeout=60) for _ in range(3)) == [(0, 2), (1, 2), (3, 2)]


def test_all_hear_of_the_first(watches):
    made, _, heard = watches(3)
    for watch in made:
        watch.within(True)
    made[0].close()
    assert sorted(heard.get(timeout=60) for _ in range(2)) == [(1, 0), (2, 0)]


def test_one_that_ends_when_nobody_needs_it_is_no_loss(watches):
    made, _, heard = watches(3)
    made[1].within(True)
    made[1].within(False)
    made[1].close()
    made[2].within(True)
    made[2].close()
    assert heard.get(timeout=60) == (0, 2)
    assert heard.empty()


def test_being_within_is_told_to_those_who_come_later():
    heard = queue.Queue()
    first, second = Watch(0, heard.put), Watch(1, heard.put)
    told = first.listen()
    second.within(True)
    first.within(True)
    assert second.connect(told)
    second.close()
    assert heard.get(timeout=60) == 1
    first.close()


def test_who_does_not_belong_here_is_sent_away(watches):
    _, told, _ = watches(1)
    assert not Watch(1, print).connect(told | {"token": "another"}, ["127.0.0.1"])
    with socket.create_connection(("127.0.0.1", told["port"])) as stranger:
        stranger.sendall(b"\xff no number\n")
        assert stranger.recv(1) == b""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    assert not Watch(1, print).connect(told | {"port": port, "hosts": []})
