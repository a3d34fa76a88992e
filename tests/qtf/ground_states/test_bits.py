"""What takes bits takes them of every type, and no spins."""

import keras
import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.ground_states.bits import checked_spins
from qtf.ground_states.distribution import SpinDistribution
from qtf.ground_states.exact_sums import state_vector
from qtf.ground_states.figures import principal_components
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.markov_chain import sample_chain
from qtf.ground_states.observables import (
    abs_magnetization,
    expectation,
    magnetization,
    renyi_entropy,
    zz_correlation,
)
from qtf.ground_states.penalties import Penalties
from qtf.ground_states.sample_picture import sample_picture
from qtf.ground_states.symmetries import acceptance, symmetrizer
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, Square, all_bits, heisenberg

HALF_DOWN = all_bits(4)[all_bits(4).sum(axis=1) == 2]
CHAIN = heisenberg(Chain(4))
TYPES = ("bool", "int8", "int64")


@pytest.fixture(scope="module")
def psi():
    keras.utils.set_random_seed(2)
    network = GRUNetwork(n_positions=4, units=4)
    for variable in network.variables:
        variable.assign(variable + 0.3)
    return WaveFunction(network=network, zero_magnetization=True, sign_sites=(0, 2))


@pytest.fixture(scope="module")
def average(psi):
    return symmetrizer("lattice_and_flip", Chain(4))(psi)


FUNCTIONS = {
    "psi": lambda psi, average, bits: psi(bits),
    "without_sign": lambda psi, average, bits: psi.without_sign(bits),
    "evaluate_from": lambda psi, average, bits: psi.evaluate_from(
        bits, None, start=2, prefix=psi.prefixes(bits, [2])[0]
    ),
    "sign_phase": lambda psi, average, bits: psi.sign_phase(bits, "float32"),
    "average": lambda psi, average, bits: average(bits),
    "images": lambda psi, average, bits: average.images(bits),
    "acceptance": lambda psi, average, bits: acceptance(average, bits),
    "local_energy": lambda psi, average, bits: LocalEnergy(CHAIN)(average, bits),
    "prefixes": lambda psi, average, bits: LocalEnergy(CHAIN, n_prefixes=4)(psi, bits),
    "connected": lambda psi, average, bits: LocalEnergy(CHAIN).connected(bits),
    "diagonal": lambda psi, average, bits: LocalEnergy(CHAIN).diagonal(bits),
    "expectation": lambda psi, average, bits: expectation(psi, CHAIN, bits).mean,
    "magnetization": lambda psi, average, bits: magnetization(bits[:, :3]).mean,
    "abs_magnetization": lambda psi, average, bits: abs_magnetization(bits[:, :3]).mean,
    "zz_correlation": lambda psi, average, bits: zz_correlation(bits, 0, 1).mean,
    "renyi_entropy": lambda psi, average, bits: renyi_entropy(psi, bits, [0]).mean,
    "penalties": lambda psi, average, bits: Penalties(magnetization=1.0)(bits, None, 0),
    "sample_picture": lambda psi, average, bits: sample_picture(bits, Square(2, 2).positions()),
    "principal_components": lambda psi, average, bits: principal_components(bits)[0],
    "sample_chain": lambda psi, average, bits: sample_chain(
        psi, bits, 4, proposal="exchange", xla=False
    )[0],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_bits_of_any_type_give_the_same(name, psi, average):
    call = FUNCTIONS[name]
    # Two whose spins agree on the first site, so that swaps stay possible.
    bits = HALF_DOWN[[0, 1]] if name == "renyi_entropy" else HALF_DOWN
    bits = np.repeat(bits, 2, axis=0)
    expected = keras.tree.flatten(call(psi, average, bits.astype("int32")))
    for dtype in TYPES:
        found = keras.tree.flatten(call(psi, average, bits.astype(dtype)))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_spins_are_no_bits(name, psi, average):
    rule = r"must hold bits 0 \(spin up\) and 1 \(spin down\), but holds -1"
    with pytest.raises(ValueError, match=f"^Argument `(bits|start)` {rule}") as error:
        FUNCTIONS[name](psi, average, 1 - 2 * HALF_DOWN)
    assert "\n" not in str(error.value)


def test_the_number_of_sites_is_that_of_the_wave_function(psi):
    with pytest.raises(ValueError, match=r"`bits` must be \(batch, 4\), but is \(6, 3\)"):
        psi(HALF_DOWN[:, :3])


def test_random_numbers_of_samples_are_checked(psi, average):
    for one, n_rows in ((psi, 4), (average, 5)):
        with pytest.raises(
            ValueError, match=rf"`uniforms` must be \({n_rows}, batch\), but is \(3"
        ):
            one.sample(np.zeros((3, 2), "float32"))


def test_bits_are_no_spins(psi):
    distribution = SpinDistribution(psi)
    spins = 1 - 2 * HALF_DOWN
    expected = 2.0 * np.log(np.abs(state_vector(psi)[all_bits(4).sum(axis=1) == 2]))
    for dtype in ("int8", "int64", "float32"):
        np.testing.assert_allclose(distribution.log_prob(spins.astype(dtype)), expected, rtol=1e-5)
    rule = r"must hold spins \+1 \(up\) and -1 \(down\), but holds 0"
    with pytest.raises(ValueError, match=f"`spins` {rule}"):
        distribution.log_prob(HALF_DOWN)
    with pytest.raises(ValueError, match=r"`spins` must be \(batch, 2\), but is \(1, 3\)"):
        checked_spins([[1, 1, -1]], 2)
