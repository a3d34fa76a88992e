import pytest

from qtf.physics import published_energies
from trainers.ground_states import references as ground_state_references
from trainers.ground_states.references import find_reference


def square(side, **changes):
    physics = {"name": "heisenberg", "lattice": "square", "n_rows": side, "n_columns": side}
    return {"reference": None, "physics": {"hamiltonian": {**physics, **changes}}}


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
    network = published_energies(physics)[0]
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
