import pytest

from qtf.ground_states.runs.facts import find_facts, find_reference
from qtf.ground_states.runs.report import Result
from qtf.ground_states.runs.settings import RunSettings
from qtf.physics import heisenberg_chain_ground_energy

from .test_assembly import small

SQUARE = {"name": "heisenberg", "lattice": "square", "n_rows": 10, "n_columns": 10}
CHAIN = {"name": "heisenberg", "lattice": "chain", "n_sites": 20}


def test_given_energy_comes_before_any_that_is_known():
    reference = find_reference(RunSettings(reference=-2.0))
    assert (reference.source, reference.kind) == ("the configuration", "given")


def test_results_say_what_a_reference_is():
    stored = Result(100, None, {}, reference=find_facts(small(SQUARE)).reference).to_mapping()
    assert stored["reference_kind"] == "Monte Carlo"
    assert stored["reference_source"].startswith("quantum Monte Carlo, Liu")
    unknown = Result(100, None, {}).to_mapping()
    assert {unknown[f"reference_{name}"] for name in ("source", "error", "kind")} == {None}


def test_large_squares_are_held_against_published_energies():
    assert find_reference(small(SQUARE)).energy == pytest.approx(-62.8656)
    assert find_reference(small(SQUARE, reference=-1.0)).energy == -1.0
    assert find_reference(small({**SQUARE, "n_rows": 8})) is None


@pytest.mark.parametrize(
    ("changes", "factor"), [({}, 1.0), ({"units": "pauli"}, 4.0), ({"coupling": 2.0}, 2.0)]
)
def test_long_heisenberg_chains_are_held_against_the_bethe_equations(changes, factor):
    energy = find_reference(small({**CHAIN, **changes})).energy
    assert energy == pytest.approx(factor * heisenberg_chain_ground_energy(20))
    assert find_reference(small({**CHAIN, **changes, "periodic": True})) is None
