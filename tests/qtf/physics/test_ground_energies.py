import numpy as np
import pytest
import scipy.optimize
from scipy.sparse.linalg import LinearOperator, eigsh

from qtf.physics import (
    Chain,
    Square,
    heisenberg,
    heisenberg_chain_ground_energy,
    ising,
    lanczos_ground_energy,
)
from qtf.physics.ground_energies import bethe_roots


@pytest.mark.parametrize("n_sites", [2, 4, 10, 14])
def test_bethe_equations_give_the_energy_of_lanczos(n_sites):
    exact = lanczos_ground_energy(heisenberg(Chain(n_sites)))
    assert heisenberg_chain_ground_energy(n_sites) == pytest.approx(exact, abs=1e-10)


def test_bethe_equations_of_a_long_chain_approach_the_infinite_one():
    # Hulthen: 1/4 - log 2 for each bond, the ends cost a constant.
    energies = [heisenberg_chain_ground_energy(n) for n in (100, 200, 300)]
    slope = (energies[2] - energies[1]) / 100
    assert slope == pytest.approx(0.25 - np.log(2), abs=1e-4)


def test_roots_of_a_long_chain_solve_the_bethe_equations():
    n_sites = 300
    roots = bethe_roots(n_sites)
    assert len(roots) == 150
    assert (np.diff([0.0, *roots]) > 0).all()
    # Products of phases instead of sums of angles.
    phases = ((roots + 0.5j) / (roots - 0.5j)) ** (2 * n_sites)
    for j, root in enumerate(roots):
        others = np.delete(roots, j)
        turned = np.concatenate([root - others, root + others])
        assert abs(phases[j] - np.prod((turned + 1j) / (turned - 1j))) < 1e-10


def test_bethe_equations_without_a_solution_are_an_error(monkeypatch):
    solve = scipy.optimize.root
    given_up = {"maxfev": 2}
    monkeypatch.setattr(
        scipy.optimize, "root", lambda *args, **kw: solve(*args, **kw, options=given_up)
    )
    with pytest.raises(ValueError, match="solve the Bethe equations, but is 30: .*calls"):
        heisenberg_chain_ground_energy(30)


@pytest.mark.parametrize(
    ("field", "energy"), [(2.0, -35.907257620), (3.0, -50.186623883), (4.0, -65.570927858)]
)
def test_lanczos_gives_the_tabulated_energies_of_the_ising_square(field, energy):
    hamiltonian = ising(Square(4, 4), transverse_field=field, longitudinal_field=0.0)
    assert lanczos_ground_energy(hamiltonian) == pytest.approx(energy, abs=1e-8)


def test_lanczos_gives_the_tabulated_energy_of_the_heisenberg_square():
    energy = lanczos_ground_energy(heisenberg(Square(4, 4)))
    assert energy == pytest.approx(-9.189207065, abs=1e-8)


def lowest_of_exchanges(states, bonds, coefficient, diagonal):
    """Lowest energy of diagonal + coefficient * sum_b (states with the bits of b exchanged)."""
    moved = []
    for i, j in bonds:
        differ = ((states >> i) ^ (states >> j)) & 1
        moved.append(np.searchsorted(states, states ^ (differ * ((1 << i) | (1 << j)))))

    def apply(vector):
        return diagonal * vector + coefficient * sum(vector[index] for index in moved)

    operator = LinearOperator((len(states),) * 2, matvec=lambda v: apply(v.ravel()), dtype=float)
    return eigsh(operator, k=1, which="SA", return_eigenvectors=False)[0]


@pytest.mark.slow
def test_lanczos_of_twenty_spins_gives_the_energy_without_magnetization():
    states = np.flatnonzero(np.bitwise_count(np.arange(1 << 20)) == 10)
    bonds = [(5 * r + c, 5 * r + c + 1) for r in range(4) for c in range(4)]
    bonds += [(site, site + 5) for site in range(15)]
    # S S is half an exchange less a quarter.
    expected = lowest_of_exchanges(states, bonds, 0.5, -0.25 * len(bonds))
    found = lanczos_ground_energy(heisenberg(Square(4, 5)))
    assert found == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("n_sites", [0, 3])
def test_mistakes_are_named(n_sites):
    with pytest.raises(ValueError, match=f"n_sites.* {n_sites}"):
        heisenberg_chain_ground_energy(n_sites)


@pytest.mark.parametrize("n_sites", [2, 7])
def test_lanczos_of_nothing_is_zero(n_sites):
    assert lanczos_ground_energy(heisenberg(Chain(n_sites), coupling=0.0)) == 0.0


@pytest.mark.parametrize("scale", [1e-15, 1e-9, 1e9, 1e15])
def test_lanczos_is_as_accurate_at_any_scale(scale):
    found = lanczos_ground_energy(heisenberg(Chain(10), coupling=scale))
    assert found == pytest.approx(scale * heisenberg_chain_ground_energy(10), rel=1e-12)
