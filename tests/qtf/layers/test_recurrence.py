import keras
import numpy as np
import pytest
from keras import ops

from qtf.layers import SRU
from qtf.layers.recurrence import scan_cells
from qtf.training.compilation import compiled


def arguments(n_times, seed=0, scale=1.0, dtype="float64"):
    rng = np.random.default_rng(seed)
    shapes = [(n_times, 3, 5), (n_times, 3, 5), (5,), (3, 5)]
    return [(scale * rng.normal(size=shape)).astype(dtype) for shape in shapes]


def loop(z, a, v, c):
    cells = []
    for z_t, a_t in zip(z, a, strict=True):
        f = 1 / (1 + np.exp(-(a_t + v * c)))
        c = f * c + (1 - f) * z_t
        cells.append(c)
    return np.stack(cells)


@pytest.mark.parametrize("n_times", [1, 2, 7, 100])
@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_parallel_scan_equals_a_numpy_loop(n_times, scale):
    values = arguments(n_times, scale=scale)
    found = scan_cells(*map(ops.convert_to_tensor, values), parallel=True)
    np.testing.assert_allclose(found, loop(*values), atol=1e-11)


# Of the second the last iteration but one is still 1e-4 off.
@pytest.mark.parametrize(("n_times", "seed"), [(500, 0), (12, 15)])
def test_parallel_scan_in_single_precision_is_equal_to_1e5(n_times, seed):
    values = arguments(n_times, seed, dtype="float32")
    found = scan_cells(*map(ops.convert_to_tensor, values), parallel=True)
    np.testing.assert_allclose(found, loop(*values), atol=1e-5)


def test_gradient_of_the_parallel_scan_equals_that_of_the_sequential_one(gradients):
    values = arguments(30, seed=2)
    weights = np.random.default_rng(3).normal(size=(30, 3, 5))

    def total(parallel):
        return lambda *args: ops.sum(weights * scan_cells(*args, parallel=parallel) ** 2)

    _, sequential = gradients(total(False), values)
    _, parallel = gradients(total(True), values)
    for one, other in zip(sequential, parallel, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-10)


@pytest.mark.parametrize("n_times", [3, 8, 61])
def test_layer_runs_parallel_in_a_compiled_gradient(gradients, n_times):
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(1).normal(size=(2, n_times, 6))
    layer = SRU(6, dtype="float64")
    layer.build(x.shape)
    found = {}
    for parallel in (False, True):
        layer.parallel = parallel
        value = compiled(lambda x: ops.sum(layer(x) ** 2), variables=layer.variables)
        found[parallel] = gradients(value, [x])
    np.testing.assert_allclose(found[True][0], found[False][0], rtol=1e-12)
    np.testing.assert_allclose(found[True][1][0], found[False][1][0], atol=1e-10)


def test_layer_runs_parallel_with_a_mask():
    keras.utils.set_random_seed(0)
    layer = SRU(6, dtype="float64")
    x = np.random.default_rng(1).normal(size=(2, 9, 6))
    mask = np.arange(9) < np.array([[9], [4]])
    expected = layer(x, mask=mask)
    layer.parallel = True
    np.testing.assert_allclose(layer(x, mask=mask), expected, atol=1e-12)
