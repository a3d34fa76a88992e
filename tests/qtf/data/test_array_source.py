import numpy as np
import pytest

from qtf.data.array_source import ArraySource


def trajectories():
    """Amplitude = 100 row + time + i x: an entry tells where it is from."""
    rows, times, x = np.meshgrid(np.arange(5), np.arange(12), np.arange(4), indexing="ij")
    return 100.0 * rows + times + 1j * x


def test_batches_are_windows_of_the_trajectories():
    source = ArraySource({2: trajectories()}, batch_size=400, window=4, seed=1)
    psi = source.batch(3)["psi"]
    assert psi.dtype == np.float32
    np.testing.assert_array_equal(psi[:, :, 1], np.broadcast_to(np.arange(4.0), (400, 4, 4)))
    rows, starts = np.divmod(psi[:, 0, 0, 0], 100)
    assert set(rows) == set(range(5))
    assert set(starts) == set(range(9))
    expected = psi[:, 0, 0, 0][:, None] + np.arange(4)
    np.testing.assert_array_equal(psi[:, :, 0, 0], expected)


def test_a_batch_depends_on_seed_step_and_replica_alone():
    make = lambda seed: ArraySource({2: trajectories()}, batch_size=8, window=4, seed=seed)  # noqa: E731
    first = make(0).batch(5)["psi"]
    np.testing.assert_array_equal(first, make(0).batch(5)["psi"])
    for other in (make(1).batch(5), make(0).batch(6), make(0).batch(5, replica=1)):
        assert (first != other["psi"]).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "`batch_size` must be positive, but is 0"),
        ({"window": 13}, "`window` must be at least 1 and at most 12, but is 13"),
        ({"seed": -1}, "`seed` must not be negative, but is -1"),
    ],
)
def test_a_wrong_argument_is_an_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        ArraySource({2: trajectories()}, **{"batch_size": 2, "window": 3, **arguments})
