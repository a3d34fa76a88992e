from trainers.ground_states.references import find_reference, reference_entries


def test_given_energy_comes_before_any_that_is_known():
    reference = find_reference({"reference": -2.0, "physics": None})
    assert (reference.source, reference.kind) == ("the configuration", "given")


def test_entries_say_what_a_reference_is():
    square = {"name": "heisenberg", "lattice": "square", "n_rows": 10, "n_columns": 10}
    reference = find_reference({"reference": None, "physics": {"hamiltonian": square}})
    entries = reference_entries(reference)
    assert entries["reference_kind"] == "Monte Carlo"
    assert entries["reference_source"].startswith("quantum Monte Carlo, Liu")
    assert set(reference_entries(None).values()) == {None}
