"""Counts of multiply-adds against those of the products that TensorFlow executes."""

import contextlib
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import op_callbacks

from benchmarks.multiply_adds import count_equations, count_position, count_positions, count_step
from benchmarks.reconfiguration import gated_square, train
from qtf.autoregressive import GatedRNN2D, GRUNetwork, PixelCNN
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Square, heisenberg, ising


@contextlib.contextmanager
def multiply_adds_done():
    """Yields a list that gets the multiply-adds of each product in single precision.

    Functions have to run operation by operation. Elements of Hamiltonians are in double precision.
    """
    done = []

    def note(kind, inputs, attributes, outputs, *_):
        names = dict(zip(attributes[::2], attributes[1::2], strict=True))
        if kind not in ("MatMul", "BatchMatMulV2", "Einsum") or inputs[0].dtype != tf.float32:
            return
        if kind == "Einsum":
            terms = names["equation"].split("->")[0].split(",")
            shapes = [tensor.shape for tensor in inputs]
            sizes = {
                letter: size
                for term, shape in zip(terms, shapes, strict=True)
                for letter, size in zip(term, shape, strict=True)
            }
            done.append(math.prod(sizes.values()))
            return
        turned = names["transpose_a" if kind == "MatMul" else "adj_x"]
        done.append(math.prod(outputs[0].shape) * inputs[0].shape[-2 if turned else -1])

    op_callbacks.add_op_callback(note)
    try:
        yield done
    finally:
        op_callbacks.remove_op_callback(note)


NETWORKS = {
    "gated_2d": lambda: GatedRNN2D(shape=(3, 2), units=3),
    "gru": lambda: GRUNetwork(n_positions=6, units=3, heads=(2,)),
    "pixelcnn": lambda: PixelCNN(shape=(3, 2), width=3, depth=3),
}


@pytest.fixture
def run_operation_by_operation():
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def _of_one_more(work):
    """Returns the multiply-adds that two more samples add, by half: not those of weights alone."""
    counts = []
    for n_samples in (3, 5):
        with multiply_adds_done() as done:
            work(np.random.default_rng(0).integers(0, 2, (n_samples, 6), dtype=np.int32))
        counts.append(sum(done))
    return (counts[1] - counts[0]) / 2


@pytest.mark.parametrize("name", NETWORKS)
def test_a_position_takes_the_products_that_are_done(name):
    keras.utils.set_random_seed(0)
    network = NETWORKS[name]()
    assert _of_one_more(network) == 6 * count_position(network)


@pytest.mark.parametrize(("name", "n_prefixes"), [("gated_2d", 3), ("gated_2d", 1), ("gru", 3)])
def test_local_energies_take_the_products_that_are_done(name, n_prefixes):
    keras.utils.set_random_seed(0)
    network = NETWORKS[name]()
    psi = WaveFunction(network=network)
    # A transverse field flips every spin of every sample.
    local_energy = LocalEnergy(ising(Square(3, 2)), n_prefixes=n_prefixes)
    of_one = count_positions(psi, local_energy, np.zeros((1, 6), np.int32))
    done = _of_one_more(lambda bits: local_energy(psi, bits))
    assert done == of_one * count_position(network)


def test_pairs_count_from_the_row_of_their_first_site_on():
    lattice, bits = Square(3, 2), np.random.default_rng(0).integers(0, 2, (7, 6), dtype=np.int32)
    sites = [0, 1, 3, 2, 4, 5]
    psi = WaveFunction(network=NETWORKS["gated_2d"](), sites=sites)
    local_energy = LocalEnergy(heisenberg(lattice), n_prefixes=3)
    expected = 7 * 6
    for sample in bits:
        for i, j in [(0, 1), (2, 3), (4, 5), (0, 2), (1, 3), (2, 4), (3, 5)]:
            if sample[i] != sample[j]:
                first = min(sites.index(i), sites.index(j))
                expected += 6 - first // 2 * 2
    assert count_positions(psi, local_energy, bits) == expected


@pytest.mark.parametrize(("n_rows", "n_weights"), [(4, 9), (9, 4)])
def test_equations_are_as_large_as_the_smaller_side(n_rows, n_weights):
    assert count_equations(n_rows, n_weights) == 4 * 4 * 9 + 64 // 6 + 16 + 3 * 36


def test_no_step_does_less(run_operation_by_operation):
    step = train(gated_square(side=2, n_samples=8, units=3), 0)
    psi, local_energy = step.search.model, step.search.task.local_energy
    with multiply_adds_done() as done:
        step.run()
    counted = count_step(psi, local_energy, step.bits).total
    assert counted <= sum(done) < 2 * counted
