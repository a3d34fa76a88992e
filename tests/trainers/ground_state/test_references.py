import numpy as np
import pytest

from qtf.physics import HamiltonianSettings, from_config, lanczos_ground_energy, published_energies
from trainers.ground_state import references as ground_state_references
from trainers.ground_state.references import find_reference, reference_entries


def square(side, **changes):
    physics = {"name": "heisenberg", "lattice": "square", "n_rows": side, "n_columns": side}
    return {"reference": None, "physics": {"hamiltonian": {**physics, **changes}}}


def chain(**physics):
    return {"reference": None, "physics": {"hamiltonian": physics}}


def test_references_say_where_they_are_from():
    chain = {"name": "heisenberg", "lattice": "chain", "n_sites": 18}
    found = find_reference({"reference": None, "physics": {"hamiltonian": chain}})
    assert found.source == "Bethe equations"
    assert find_reference({"reference": -2.0, "physics": None}).source == "the configuration"
    small = find_reference(square(2))
    assert (small.source, small.error) == ("Lanczos", 0.0)
    assert small.energy == pytest.approx(-2.0)
    large = find_reference(square(10))
    assert large.source.startswith("quantum Monte Carlo, Liu et al.")
    assert large.error == pytest.approx(2e-4)


@pytest.mark.parametrize("side", [8, 12, 20])
def test_extrapolated_energies_agree_with_networks_of_that_size(side, monkeypatch):
    physics = square(side)["physics"]["hamiltonian"]
    network = published_energies(HamiltonianSettings.from_mapping(physics))[0]
    monkeypatch.setattr(ground_state_references, "published_energies", lambda physics: ())
    found = find_reference(square(side))
    assert found.source == "extrapolation of other sizes"
    assert abs(found.energy / side**2 / network.energy_per_site - 1) < 3e-5
    assert found.error == pytest.approx(3e-5 * abs(found.energy))


def test_extrapolated_energies_have_the_units_of_the_hamiltonian():
    spin, pauli = (find_reference(square(14, units=units)) for units in ("spin", "pauli"))
    assert pauli.energy == pytest.approx(4 * spin.energy)
    assert -0.6436 < spin.energy / 14**2 < -0.6352


@pytest.mark.parametrize(
    "changes", [{"periodic": True}, {"name": "xxz"}, {"n_columns": 12}, {"coupling": -1.0}]
)
def test_other_lattices_and_models_are_unknown(changes):
    assert find_reference(square(14, **changes)) is None


@pytest.mark.parametrize("factor", [1e-9, 1.0, 2.0, 1e9])
def test_squares_scale_with_their_coupling(factor):
    for side, energy in ((5, -14.696146437), (6, -21.7267860425)):
        found = find_reference(square(side, coupling=factor))
        assert found.energy == pytest.approx(factor * energy, rel=1e-9)
        assert (found.error, found.kind) == (0.0, "exact")
    assert find_reference(square(14, coupling=factor)).energy == pytest.approx(
        factor * find_reference(square(14)).energy, rel=1e-12
    )


def test_odd_squares_are_never_extrapolated():
    # From even sides, 5 x 5 would come out at -14.7886, below its ground energy.
    assert find_reference(square(5)).energy == pytest.approx(-14.696146437, abs=1e-9)
    assert find_reference(square(7)) is None
    assert find_reference(square(15)) is None


def test_references_say_what_they_are():
    kinds = [find_reference(square(side)).kind for side in (4, 6, 8, 10, 14)]
    assert kinds == ["exact", "exact", "variational", "Monte Carlo", "extrapolated"]
    assert find_reference({"reference": -2.0, "physics": None}).kind == "given"
    entries = reference_entries(find_reference(square(10)))
    assert entries["reference_kind"] == "Monte Carlo"
    assert entries["reference_source"].startswith("quantum Monte Carlo, Liu")
    assert set(reference_entries(None).values()) == {None}


@pytest.mark.parametrize("signs", [(1, 1), (-1, 1), (1, -1), (-1, -1)])
def test_long_ising_chains_are_free_fermions(signs):
    fields = {"transverse_field": signs[1], "longitudinal_field": 0.0}
    found = find_reference(chain(n_sites=50, name="ising", coupling=signs[0], **fields))
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
    found = find_reference({"reference": None, "physics": {"hamiltonian": physics}})
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
    assert find_reference(chain(**{"name": "ising", "n_sites": 18, **changes})) is None
