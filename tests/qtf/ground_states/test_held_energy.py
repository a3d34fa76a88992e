import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.ground_states.held_energy import lowest_energy_held
from qtf.ground_states.symmetries import symmetrizer
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, Square, all_bits, heisenberg, ising, j1j2, xxz

CASES = [
    (Chain(6), heisenberg, "flip", {"zero_magnetization": True}),
    (Chain(6), heisenberg, "flip", {"sign_sites": (0, 2, 4)}),
    (Square(2, 3), j1j2, "lattice_and_flip", {"zero_magnetization": True, "sign_sites": (0, 2, 4)}),
    (Chain(6, periodic=True), heisenberg, "lattice", {}),
    (Chain(6), lambda lattice: xxz(lattice, anisotropy=-2.0), "none", {"zero_magnetization": True}),
    (Chain(5), lambda lattice: ising(lattice, longitudinal_field=0.0), "flip", {}),
]


@pytest.mark.parametrize(("lattice", "model", "group", "options"), CASES)
def test_it_is_that_of_the_projected_matrix(lattice, model, group, options):
    psi = WaveFunction(network=GRUNetwork(n_positions=lattice.n_sites, units=2), **options)
    average = symmetrizer(group, lattice)
    bits, matrix = all_bits(lattice.n_sites), model(lattice).to_dense()
    powers = 1 << np.arange(lattice.n_sites - 1, -1, -1)
    projector = np.eye(len(bits))
    if average is not None:
        images = np.asarray(average(psi).images(bits)) @ powers
        projector = np.mean([np.eye(len(bits))[image] for image in images], axis=0)
    if options.get("zero_magnetization"):
        projector = projector * (bits.sum(axis=1) == lattice.n_sites // 2)
    signs = 1.0 - 2.0 * (bits[:, list(options.get("sign_sites", ()))].sum(axis=1) % 2)
    states = np.linalg.svd(signs[:, None] * projector)
    kept = states[0][:, states[1] > 1e-9]
    expected = np.linalg.eigvalsh(kept.T @ matrix @ kept)[0]
    ansatz = psi if average is None else average(psi)
    assert lowest_energy_held(model(lattice), ansatz) == pytest.approx(expected, abs=1e-10)


def test_signs_of_a_sublattice_let_symmetries_hold_the_antiferromagnet():
    chain = Chain(6)
    average = symmetrizer("lattice_and_flip", chain)
    without, with_them = (
        lowest_energy_held(
            heisenberg(chain),
            average(WaveFunction(network=GRUNetwork(n_positions=6, units=2), sign_sites=sites)),
        )
        for sites in ((), chain.sublattice())
    )
    exact = np.linalg.eigvalsh(heisenberg(chain).to_dense())[0]
    assert with_them == pytest.approx(exact)
    assert without > exact + 0.3
