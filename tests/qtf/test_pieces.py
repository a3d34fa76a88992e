import numpy as np
import pytest

from qtf import pieces
from qtf.pieces import byte_budget, equal_pieces, in_pieces, rows_at_once, rows_of_pieces

GIB = 2**30


@pytest.mark.parametrize(
    ("available", "budget"), [(100 * GIB, GIB), (4 * GIB, GIB), (3 * GIB, GIB // 2), (7, 1)]
)
def test_budget_is_a_power_of_two_within_a_quarter_of_the_memory(monkeypatch, available, budget):
    monkeypatch.delenv(pieces.PIECE_VARIABLE, raising=False)
    monkeypatch.setattr(pieces, "available_memory", lambda: available)
    assert byte_budget() == budget


def test_available_memory_is_that_of_this_machine():
    assert 2**20 < pieces.available_memory() < 2**50


def test_a_container_has_what_its_limit_leaves(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "Path", lambda path: tmp_path)
    assert pieces._of_control_group() == pieces._UNLIMITED
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("300\n")
    assert pieces._of_control_group() == 700
    (tmp_path / "memory.max").write_text("max\n")
    assert pieces._of_control_group() == pieces._UNLIMITED


def test_budget_is_set_by_the_environment(monkeypatch):
    monkeypatch.setenv(pieces.PIECE_VARIABLE, "0.5")
    assert byte_budget() == GIB // 2
    assert rows_at_once(2**20) == 512
    assert rows_at_once(2**40) == 1
    assert rows_at_once(2**20, budget=3 * 2**20) == 3


@pytest.mark.parametrize("text", ["", "much", "0", "-1", "nan", "inf"])
def test_budget_that_is_no_positive_number_is_an_error(monkeypatch, text):
    monkeypatch.setenv(pieces.PIECE_VARIABLE, text)
    message = (
        f"Environment variable QTF_PIECE_GIB must be a positive number of GiB, but is '{text}'."
    )
    with pytest.raises(ValueError, match=message):
        byte_budget()


@pytest.mark.parametrize("n_rows", [1, 2, 7, 64, 1000])
@pytest.mark.parametrize("largest", [1, 3, 64, 5000])
def test_pieces_are_equal_and_few_and_waste_little(n_rows, largest):
    n_pieces, size = equal_pieces(n_rows, largest)
    assert size <= largest
    assert (n_pieces - 1) * largest < n_rows <= n_pieces * size
    assert n_pieces * size - n_rows < n_pieces


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 2), "Argument `n_rows` must be at least 0, but is -1."),
        ((3, 0), "Argument `largest` must be at least 1, but is 0."),
    ],
)
def test_number_out_of_range_is_an_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        equal_pieces(*arguments)


def test_results_are_in_order_and_pieces_have_one_shape():
    shapes, counts = set(), []

    def function(rows):
        shapes.add(rows.shape)
        return rows.sum(axis=1), 2 * rows

    rows = np.arange(22).reshape(11, 2)
    sums, twice = in_pieces(function, rows, 4, advance=counts.append)
    np.testing.assert_array_equal(sums, rows.sum(axis=1))
    np.testing.assert_array_equal(twice, 2 * rows)
    assert shapes == {(4, 2)}
    assert counts == [4, 4, 3]


@pytest.mark.parametrize(("n_rows", "largest"), [(1, 1), (5, 3), (9, 4), (6, 2), (0, 3)])
def test_rows_of_pieces_are_all_rows_once_and_what_fills_up(n_rows, largest):
    numbers = rows_of_pieces(n_rows, largest)
    assert numbers.shape == equal_pieces(n_rows, largest)
    assert numbers.ravel()[:n_rows].tolist() == list(range(n_rows))
    assert set(numbers.ravel()[n_rows:].tolist()) <= {n_rows - 1}
    filled = rows_of_pieces(n_rows, largest, fill=n_rows)
    assert set(filled.ravel()[n_rows:].tolist()) <= {n_rows}
