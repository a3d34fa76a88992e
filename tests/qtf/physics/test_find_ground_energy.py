import numpy as np
import pytest

from qtf.physics import (
    HamiltonianSettings,
    find_ground_energy,
    from_config,
    known_energies,
    lanczos_ground_energy,
    published_energies,
)


def square(side, name="heisenberg", **values):
    sides = {"n_rows": side, "n_columns": side}
    return HamiltonianSettings(name, {"lattice": "square", **sides, **values})


def chain(name, **values):
    return HamiltonianSettings(name, values)


def test_references_say_where_they_are_from():
    found = find_ground_energy(chain("heisenberg", lattice="chain", n_sites=18))
    assert found.source == "Bethe equations"
    small = find_ground_energy(square(2))
    assert (small.source, small.error) == ("Lanczos", 0.0)
    assert small.energy == pytest.approx(-2.0)
    large = find_ground_energy(square(10))
    assert large.source.startswith("quantum Monte Carlo, Liu et al.")
    assert large.error == pytest.approx(2e-4)


@pytest.mark.parametrize("side", [8, 12, 20])
def test_extrapolated_energies_agree_with_networks_of_that_size(side, monkeypatch):
    network = published_energies(square(side))[0]
    monkeypatch.setattr(known_energies, "published_energies", lambda physics: ())
    found = find_ground_energy(square(side))
    assert found.source == "extrapolation of other sizes"
    assert abs(found.energy / side**2 / network.energy_per_site - 1) < 3e-5
    assert found.error == pytest.approx(3e-5 * abs(found.energy))


def test_extrapolated_energies_have_the_units_of_the_hamiltonian():
    spin, pauli = (find_ground_energy(square(14, units=units)) for units in ("spin", "pauli"))
    assert pauli.energy == pytest.approx(4 * spin.energy)
    assert -0.6436 < spin.energy / 14**2 < -0.6352


@pytest.mark.parametrize(
    "changes", [{"periodic": True}, {"name": "xxz"}, {"n_columns": 12}, {"coupling": -1.0}]
)
def test_other_lattices_and_models_are_unknown(changes):
    assert find_ground_energy(square(14, **changes)) is None


@pytest.mark.parametrize("factor", [1e-9, 1.0, 2.0, 1e9])
def test_squares_scale_with_their_coupling(factor):
    for side, energy in ((5, -14.696146437), (6, -21.7267860425)):
        found = find_ground_energy(square(side, coupling=factor))
        assert found.energy == pytest.approx(factor * energy, rel=1e-9)
        assert (found.error, found.kind) == (0.0, "exact")
    assert find_ground_energy(square(14, coupling=factor)).energy == pytest.approx(
        factor * find_ground_energy(square(14)).energy, rel=1e-12
    )


def test_odd_squares_are_never_extrapolated():
    # From even sides, 5 x 5 would come out at -14.7886, below its ground energy.
    assert find_ground_energy(square(5)).energy == pytest.approx(-14.696146437, abs=1e-9)
    assert find_ground_energy(square(7)) is None
    assert find_ground_energy(square(15)) is None


def test_references_say_what_they_are():
    kinds = [find_ground_energy(square(side)).kind for side in (4, 6, 8, 10, 14)]
    assert kinds == ["exact", "exact", "variational", "Monte Carlo", "extrapolated"]


@pytest.mark.parametrize("signs", [(1, 1), (-1, 1), (1, -1), (-1, -1)])
def test_long_ising_chains_are_free_fermions(signs):
    fields = {"transverse_field": signs[1], "longitudinal_field": 0.0}
    found = find_ground_energy(chain("ising", n_sites=50, coupling=signs[0], **fields))
    assert found.energy == pytest.approx(-63.301189155, abs=1e-9)
    assert (found.source, found.kind, found.error) == ("free fermions", "exact", 0.0)


def test_free_fermions_agree_with_lanczos_for_coefficients_of_each_place():
    rng = np.random.default_rng(0)
    physics = {
        "name": "ising",
        "n_sites": 17,
        "coupling": rng.normal(size=16).tolist(),
        "transverse_field": rng.normal(size=17).tolist(),
        "longitudinal_field": 0.0,
    }
    found = find_ground_energy(HamiltonianSettings.from_mapping(physics))
    assert found.source == "free fermions"
    assert found.energy == pytest.approx(lanczos_ground_energy(from_config(physics)), rel=1e-10)


@pytest.mark.parametrize(
    "changes",
    [
        {"periodic": True, "longitudinal_field": 0.0},
        {"longitudinal_field": 0.1},
        {},  # whose longitudinal field is 0.5
        {"name": "xxz"},
        {"name": "heisenberg", "coupling": -1.0},
        {"name": "heisenberg", "n_sites": 19},
    ],
)
def test_other_chains_without_the_word_chain_are_unknown(changes):
    assert find_ground_energy(chain(**{"name": "ising", "n_sites": 18, **changes})) is None
