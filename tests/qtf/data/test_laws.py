import pytest

from qtf.data.laws import RecordedLaw
from qtf.physics import DrivenHamiltonian, HamiltonianSettings

ISING = HamiltonianSettings("ising")
RAMP = {"term": "coupling", "times": [0, 1], "values": [0.5, 1.0], "law": "linear"}
FIXED = RecordedLaw(ISING, "paper", 0.1)
DRIVEN = RecordedLaw(ISING, "paper", 0.1, (RAMP,))
UNKNOWN = RecordedLaw(None, "given", 0.1)


@pytest.mark.parametrize("law", [FIXED, DRIVEN, UNKNOWN])
def test_a_record_gives_the_law_back(law):
    assert RecordedLaw.from_record({**law.as_mapping(), "manifest_sha256": "ab"}) == law


def test_a_constant_law_is_recorded_as_before_there_were_others():
    assert set(FIXED.as_mapping()) == {"hamiltonian", "initial_states", "dt"}


def test_words_and_operators_tell_what_is_known():
    assert FIXED.describe() == "Ising model, open chain"
    assert DRIVEN.describe() == "Ising model, open chain, driven"
    assert UNKNOWN.describe() == "Given trajectories"
    assert UNKNOWN.operator(3) is None
    assert isinstance(DRIVEN.operator(3), DrivenHamiltonian)
    assert [law.conserves_energy for law in (FIXED, DRIVEN, UNKNOWN)] == [True, False, False]


def test_hamiltonians_are_compared_as_far_as_they_are_known():
    other = RecordedLaw(HamiltonianSettings("ising", {"coupling": 2.0}), "haar", 0.2)
    words = RecordedLaw(HamiltonianSettings("ising", {"coupling": 1.0}), "haar", 0.2)
    faster = RecordedLaw(ISING, "paper", 0.1, ({**RAMP, "values": [0.5, 2.0]},))
    assert FIXED.has_same_hamiltonian(words, 3)
    assert not FIXED.has_same_hamiltonian(other, 3)
    assert not FIXED.has_same_hamiltonian(DRIVEN, 3)
    assert not DRIVEN.has_same_hamiltonian(faster, 3)
    assert UNKNOWN.has_same_hamiltonian(FIXED, 3)
    assert FIXED.has_same_hamiltonian(UNKNOWN, 3)
    assert "driven by [{'term': 'coupling'" in DRIVEN.hamiltonian_in_words()


def test_what_needs_a_constant_hamiltonian_refuses_a_driven_one():
    FIXED.check_undriven("A fit")
    UNKNOWN.check_undriven("A fit")
    with pytest.raises(ValueError, match="A fit needs a Hamiltonian that does not depend on the"):
        DRIVEN.check_undriven("A fit")
