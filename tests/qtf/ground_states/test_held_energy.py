import numpy as np
import pytest

from qtf.ground_states.held_energy import lowest_energy_held
from qtf.ground_states.sector import Sector
from qtf.ground_states.symmetry_groups import symmetry_group
from qtf.physics import Chain, Square, all_bits, custom, heisenberg, ising, j1j2, xxz


def chiral_ring(lattice):
    n_sites = lattice.n_sites
    triples = [(i, (i + 1) % n_sites, (i + 2) % n_sites) for i in range(n_sites)]
    letters = {"XYZ": 1, "YZX": 1, "ZXY": 1, "XZY": -1, "ZYX": -1, "YXZ": -1}
    return heisenberg(lattice, units="pauli") + custom(
        n_sites, [(0.7 * sign, sites, word) for sites in triples for word, sign in letters.items()]
    )


CASES = [
    (Chain(5, periodic=True), chiral_ring, "flip", {}),
    (Chain(6, periodic=True), chiral_ring, "flip", {"zero_magnetization": True}),
    (Chain(6), heisenberg, "flip", {"zero_magnetization": True}),
    (Chain(6), heisenberg, "flip", {"sign_sites": (0, 2, 4)}),
    (Square(2, 3), j1j2, "lattice_and_flip", {"zero_magnetization": True, "sign_sites": (0, 2, 4)}),
    (Chain(6, periodic=True), heisenberg, "lattice", {}),
    (Chain(6), lambda lattice: xxz(lattice, anisotropy=-2.0), "none", {"zero_magnetization": True}),
    (Chain(5), lambda lattice: ising(lattice, longitudinal_field=0.0), "flip", {}),
]


@pytest.mark.parametrize(("lattice", "model", "group", "options"), CASES)
def test_it_is_that_of_the_projected_matrix(lattice, model, group, options):
    symmetries = symmetry_group(group, lattice)
    bits, matrix = all_bits(lattice.n_sites), model(lattice).to_dense()
    powers = 1 << np.arange(lattice.n_sites - 1, -1, -1)
    images = [bits[:, permutation] for permutation in symmetries.permutations]
    images += [1 - image for image in images] if symmetries.spin_flip else []
    projector = np.mean([np.eye(len(bits))[image @ powers] for image in images], axis=0)
    if options.get("zero_magnetization"):
        projector = projector * (bits.sum(axis=1) == lattice.n_sites // 2)
    signs = 1.0 - 2.0 * (bits[:, list(options.get("sign_sites", ()))].sum(axis=1) % 2)
    states = np.linalg.svd(signs[:, None] * projector)
    kept = states[0][:, states[1] > 1e-9]
    expected = np.linalg.eigvalsh(kept.T @ matrix @ kept)[0]
    sector = Sector(lattice.n_sites, options.get("zero_magnetization", False), symmetries)
    held = lowest_energy_held(model(lattice), sector, options.get("sign_sites", ()))
    assert held == pytest.approx(expected, abs=1e-10)


def test_signs_of_a_sublattice_let_symmetries_hold_the_antiferromagnet():
    chain = Chain(6)
    sector = Sector(6, group=symmetry_group("lattice_and_flip", chain))
    without, with_them = (
        lowest_energy_held(heisenberg(chain), sector, sites) for sites in ((), chain.sublattice())
    )
    exact = np.linalg.eigvalsh(heisenberg(chain).to_dense())[0]
    assert with_them == pytest.approx(exact)
    assert without > exact + 0.3
