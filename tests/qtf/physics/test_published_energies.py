import pytest

from qtf.physics import Square, ising, lanczos_ground_energy, published_energies

HEISENBERG = {"name": "heisenberg", "lattice": "square", "n_rows": 10, "n_columns": 10}
ISING = {
    "name": "ising",
    "lattice": "square",
    "n_rows": 12,
    "n_columns": 12,
    "transverse_field": 3.0,
    "longitudinal_field": 0.0,
}


@pytest.mark.parametrize(
    "changes",
    [
        {"n_columns": 12},
        {"periodic": True},
        {"coupling": 2.0},
        {"n_rows": 11, "n_columns": 11},
        {"name": "xxz"},
        {"name": "ising", "longitudinal_field": 0.1},
        {"name": "ising", "longitudinal_field": 0.0, "transverse_field": [1.0] * 100},
        {"lattice": "chain"},
    ],
)
def test_tables_are_of_these_models_only(changes):
    assert len(published_energies(HEISENBERG)) == 4
    assert published_energies({**HEISENBERG, **changes}) == ()


def test_units_of_pauli_matrices_are_four_times_larger():
    spin, pauli = (
        published_energies({**HEISENBERG, "units": units})[0] for units in ("spin", "pauli")
    )
    assert pauli.energy_per_site == pytest.approx(4 * spin.energy_per_site)
    assert pauli.error == pytest.approx(4 * spin.error)


@pytest.mark.parametrize("field", [2.0, 2.5, 3.0, 3.5, 4.0])
def test_methods_agree_within_their_errors(field):
    exact, network = published_energies({**ISING, "transverse_field": field})
    distance = abs(exact.energy_per_site - network.energy_per_site)
    assert distance < 3 * (exact.error + network.error)


def test_energies_of_squares_grow_with_the_field_as_those_of_small_ones():
    found = [
        published_energies({**ISING, "transverse_field": field})[0].energy_per_site
        for field in (2.0, 3.0, 4.0)
    ]
    small = [
        lanczos_ground_energy(ising(Square(3, 3), transverse_field=g, longitudinal_field=0.0)) / 9
        for g in (2.0, 3.0, 4.0)
    ]
    # A larger square has more bonds a site: lower, by less than the missing bonds.
    for large, little in zip(found, small, strict=True):
        assert little - 0.6 < large < little
