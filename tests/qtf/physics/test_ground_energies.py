import numpy as np
import pytest

from qtf.physics import (
    Chain,
    Square,
    heisenberg,
    heisenberg_chain_ground_energy,
    ising,
    lanczos_ground_energy,
)


@pytest.mark.parametrize("n_sites", [2, 4, 10, 14])
def test_bethe_equations_give_the_energy_of_lanczos(n_sites):
    exact = lanczos_ground_energy(heisenberg(Chain(n_sites)))
    assert heisenberg_chain_ground_energy(n_sites) == pytest.approx(exact, abs=1e-10)


def test_bethe_equations_of_a_long_chain_approach_the_infinite_one():
    # Hulthen: 1/4 - log 2 for each bond, the ends cost a constant.
    energies = [heisenberg_chain_ground_energy(n) for n in (100, 200, 300)]
    slope = (energies[2] - energies[1]) / 100
    assert slope == pytest.approx(0.25 - np.log(2), abs=1e-4)


@pytest.mark.parametrize(
    ("field", "energy"), [(2.0, -35.907257620), (3.0, -50.186623883), (4.0, -65.570927858)]
)
def test_lanczos_gives_the_tabulated_energies_of_the_ising_square(field, energy):
    hamiltonian = ising(Square(4, 4), transverse_field=field, longitudinal_field=0.0)
    assert lanczos_ground_energy(hamiltonian) == pytest.approx(energy, abs=1e-8)


def test_lanczos_gives_the_tabulated_energy_of_the_heisenberg_square():
    energy = lanczos_ground_energy(heisenberg(Square(4, 4)))
    assert energy == pytest.approx(-9.189207065, abs=1e-8)


@pytest.mark.parametrize("n_sites", [0, 3])
def test_mistakes_are_named(n_sites):
    with pytest.raises(ValueError, match=f"n_sites.* {n_sites}"):
        heisenberg_chain_ground_energy(n_sites)
