"""arg_scope: defaults by scope, and what it must never do."""

import functools
import threading

import pytest

import jax_slim as slim


@slim.add_arg_scope
def paint(x, colour="red", *, size=1, **more):
    return {"x": x, "colour": colour, "size": size, **more}


@slim.add_arg_scope
def draw(x, width=1):
    return x, width


def plain(x, width=1):
    return x, width


def test_scopes_nest_and_calls_override():
    with slim.arg_scope([paint, draw], size=2) as outer:
        with slim.arg_scope([paint], colour="blue"):
            assert paint(0) == {"x": 0, "colour": "blue", "size": 2}
            assert paint(0, colour="green", size=5) == {"x": 0, "colour": "green", "size": 5}
        assert paint(0)["colour"] == "red"
    assert paint(0)["size"] == 1
    with slim.arg_scope(outer):
        assert paint(0)["size"] == 2


def test_an_unknown_argument_is_named_with_near_ones():
    with slim.arg_scope([draw], widht=3), pytest.raises(TypeError, match=r"draw: .*'widht' from an arg_scope.*width"):
        draw(1)


def test_keyword_takers_take_any_argument():
    with slim.arg_scope([paint], glitter=True):
        assert paint(0)["glitter"] is True


def test_a_positional_argument_collides_with_the_scope():
    with slim.arg_scope([draw], width=3), pytest.raises(TypeError, match=r"multiple values for argument 'width'"):
        draw(1, 2)


def test_refusals():
    with pytest.raises(ValueError, match=r"plain is not decorated with @slim.add_arg_scope"), slim.arg_scope([plain]):
        pass
    with (
        pytest.raises(ValueError, match=r"partial of draw: set the defaults of draw"),
        slim.arg_scope([functools.partial(draw, width=2)]),
    ):
        pass
    with pytest.raises(TypeError, match=r"must be a list or tuple of functions"), slim.arg_scope(draw, width=1):
        pass
    with slim.arg_scope([draw], width=2) as scope:
        pass
    with (
        pytest.raises(ValueError, match=r"takes no further arguments, got \['width'\]"),
        slim.arg_scope(scope, width=1),
    ):
        pass


def test_a_scope_that_failed_to_open_leaves_the_ones_around_it():
    # TF-Slim pops the outer defaults here.
    with slim.arg_scope([draw], width=7):
        with pytest.raises(ValueError, match="not decorated"), slim.arg_scope([plain], width=1):
            pass
        assert draw(0) == (0, 7)
    assert draw(0) == (0, 1)


def test_an_exception_inside_closes_the_scope():
    with pytest.raises(ZeroDivisionError), slim.arg_scope([draw], width=7):
        _ = 1 / 0
    assert draw(0) == (0, 1)


def test_threads_do_not_share_scopes():
    seen = []
    with slim.arg_scope([draw], width=7):
        thread = threading.Thread(target=lambda: seen.append(draw(0)))
        thread.start()
        thread.join()
    assert seen == [(0, 1)]


def test_a_captured_scope_is_a_copy():
    with slim.arg_scope([draw], width=7) as scope:
        for arguments in scope.values():
            arguments["width"] = 8
        slim.current_arg_scope().clear()
        assert draw(0) == (0, 7)


def test_what_is_decorated_and_what_it_takes():
    assert slim.has_arg_scope(draw)
    assert not slim.has_arg_scope(plain)
    assert slim.arg_scoped_arguments(draw) == ("width",)
    # TF-Slim answers () here: it slices the names of local variables.
    assert slim.arg_scoped_arguments(paint) == ("colour", "size")
    with slim.arg_scope([draw], width=2):
        assert slim.current_arg_scope() == {slim.arg_scope_func_key(draw): {"width": 2}}


def test_a_model_keeps_the_scope_it_was_made_in_below_the_one_it_runs_in():
    def program():
        return draw(0)[1], paint(0)["colour"]

    with slim.arg_scope([draw], width=7), slim.arg_scope([paint], colour="blue"):
        model = slim.Model(program)
    assert model.apply({}) == (7, "blue")
    with slim.arg_scope([draw], width=9):
        assert model.apply({}) == (9, "blue")
    assert slim.Model(program).apply({}) == (1, "red")
