"""Draws of one setting as a sequence: what a tuple of them would be."""

from __future__ import annotations

import pickle

import pytest

from ftproofs.settings import Block, Draws, Setting, parameters_of

FIRST = Setting.of("linear.finetune", {"n": 4, "d": 9, "sigma": 0.5}, root=3, stage="confirm", index=5)
DRAWS = Draws(FIRST, 6)
TUPLE = tuple(Setting(FIRST.experiment, FIRST.values, 3, "confirm", 5 + i) for i in range(6))


def test_they_are_the_settings_of_consecutive_indices() -> None:
    assert tuple(DRAWS) == TUPLE
    assert (len(DRAWS), DRAWS[0], DRAWS[-1]) == (6, TUPLE[0], TUPLE[-1])
    with pytest.raises(IndexError):
        DRAWS[6]


@pytest.mark.parametrize(
    "part", [slice(2, 5), slice(None, None, 3), slice(4, None), slice(3, 3), slice(None, None, -1)]
)
def test_parts_are_those_of_the_tuple(part: slice) -> None:
    assert tuple(DRAWS[part]) == TUPLE[part]


def test_blocks_of_them_are_blocks_of_the_tuple() -> None:
    short, long = Block(DRAWS, "law", 1), Block(TUPLE, "law", 1)
    assert short == long
    assert hash(short) == hash(long)
    assert short.canonical() == long.canonical()
    assert short.parameters() == long.parameters()
    assert pickle.loads(pickle.dumps(short)) == short
    assert Block(DRAWS[1:], "law", 1) != long


def test_what_all_cases_share_is_known_without_a_look() -> None:
    assert Block(DRAWS, "law").common == FIRST.parameters
    assert Block(TUPLE, "law").common is None
    shared = parameters_of(DRAWS)
    assert all(parameters is shared[0] for parameters in shared)


def test_a_setting_alone_stands_beside_itself() -> None:
    assert tuple(Block(DRAWS[:1], "law").padded()) == (TUPLE[0], TUPLE[0])
    assert Block(DRAWS, "law").padded() is DRAWS
