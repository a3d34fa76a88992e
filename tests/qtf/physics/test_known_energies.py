import json
from pathlib import Path

import pytest

from qtf.physics import (
    HamiltonianSettings,
    Square,
    find_ground_energy,
    ising,
    lanczos_ground_energy,
    published_energies,
)
from qtf.physics.known_energies import ENERGIES, System, find_bulk_energy

GOLDEN = Path(__file__).parents[2] / "golden" / "heisenberg_square_5.json"

HEISENBERG = {"name": "heisenberg", "lattice": "square", "n_rows": 10, "n_columns": 10}
ISING = {
    "name": "ising",
    "lattice": "square",
    "n_rows": 12,
    "n_columns": 12,
    "transverse_field": 3.0,
    "longitudinal_field": 0.0,
}


def published(config):
    return published_energies(HamiltonianSettings.from_mapping(config))


@pytest.mark.parametrize(
    "changes",
    [
        {"n_columns": 12},
        {"periodic": True},
        {"coupling": -2.0},
        {"coupling": [1.0] * 180},
        {"n_rows": 11, "n_columns": 11},
        {"name": "xxz"},
        {"name": "ising", "longitudinal_field": 0.1},
        {"name": "ising", "longitudinal_field": 0.0, "transverse_field": [1.0] * 100},
        {"lattice": "chain", "n_rows": None, "n_columns": None, "n_sites": 10},
    ],
)
def test_tables_are_of_these_models_only(changes):
    assert len(published(HEISENBERG)) == 4
    changed = {**HEISENBERG, **changes}
    assert published({key: value for key, value in changed.items() if value is not None}) == ()


def test_units_of_pauli_matrices_are_four_times_larger():
    spin, pauli = (published({**HEISENBERG, "units": units})[0] for units in ("spin", "pauli"))
    assert pauli.energy_per_site == pytest.approx(4 * spin.energy_per_site)
    assert pauli.error == pytest.approx(4 * spin.error)


@pytest.mark.parametrize("field", [2.0, 2.5, 3.0, 3.5, 4.0])
def test_methods_agree_within_their_errors(field):
    *networks, monte_carlo = published({**ISING, "transverse_field": field})
    assert monte_carlo.kind == "Monte Carlo"
    for network in networks:
        distance = abs(monte_carlo.energy_per_site - network.energy_per_site)
        assert distance < 3 * (monte_carlo.error + network.error)


def test_energies_of_squares_grow_with_the_field_as_those_of_small_ones():
    found = [
        published({**ISING, "transverse_field": field})[0].energy_per_site
        for field in (2.0, 3.0, 4.0)
    ]
    small = [
        lanczos_ground_energy(ising(Square(3, 3), transverse_field=g, longitudinal_field=0.0)) / 9
        for g in (2.0, 3.0, 4.0)
    ]
    # A larger square has more bonds a site: lower, by less than the missing bonds.
    for large, little in zip(found, small, strict=True):
        assert little - 0.6 < large < little


@pytest.mark.parametrize("factor", [1e-9, 2.0, 1e9])
def test_published_energies_scale_with_the_coupling(factor):
    for model, changes in (
        (HEISENBERG, {}),
        (ISING, {"transverse_field": factor * 3.0}),
        (ISING, {"transverse_field": factor * -3.0}),
    ):
        found = published({**model, **changes, "coupling": factor})
        for scaled, unit in zip(found, published(model), strict=True):
            assert scaled.energy_per_site == pytest.approx(factor * unit.energy_per_site, rel=1e-14)
            assert scaled.error == pytest.approx(factor * unit.error, rel=1e-14)
            assert (scaled.method, scaled.source) == (unit.method, unit.source)


def test_ising_squares_keep_their_energy_when_signs_turn():
    turned = published({**ISING, "coupling": -1.0, "transverse_field": -3.0})
    assert turned == published(ISING)
    assert published({**ISING, "coupling": 0.0}) == ()
    # Quotients of couplings are rounded.
    assert published({**ISING, "coupling": 0.1, "transverse_field": 0.1 * 3})


def test_energies_say_what_they_are():
    kinds = [row.kind for row in published(HEISENBERG)]
    assert kinds == ["Monte Carlo", "variational", "variational", "variational"]
    small = {**HEISENBERG, "n_rows": 6, "n_columns": 6}
    assert published(small)[0].kind == "exact"
    for periodic, energy in ((False, -0.603521834513724), (True, -0.678872149980)):
        found = published({**small, "periodic": periodic})[0]
        assert (found.energy_per_site, found.kind) == (energy, "exact")


def test_j1j2_squares_are_found_by_the_quotient_of_their_couplings():
    square = {"name": "j1j2", "lattice": "square", "n_rows": 6, "n_columns": 6, "periodic": True}
    known = published(square)[0].energy_per_site
    assert known == pytest.approx(-72.548590160286 / 4 / 36)
    doubled = {**square, "coupling": 2.0, "next_nearest_coupling": 1.0}
    assert published(doubled)[0].energy_per_site == pytest.approx(2 * known)
    heisenberg = published({**square, "next_nearest_coupling": 0.0})[0]
    assert heisenberg.energy_per_site == -0.678872149980
    assert published({**square, "next_nearest_coupling": 0.4}) == ()


def test_energy_of_the_square_of_side_5_is_the_golden_value():
    rows = ENERGIES[System("heisenberg", "square", 5, False, 0.0)]
    assert 25 * rows[0][1] == pytest.approx(json.loads(GOLDEN.read_text())["energy"], rel=1e-15)


def test_lattice_of_a_configuration_without_one_is_a_chain():
    assert published({"name": "heisenberg", "n_sites": 18}) == ()


def on(lattice, side, name="heisenberg", **values):
    sides = {"n_rows": side, "n_columns": side, "periodic": True}
    return HamiltonianSettings(name, {"lattice": lattice, **sides, **values})


def test_energies_of_frustrated_lattices_are_listed_for_their_clusters():
    (triangular,) = published_energies(on("triangular", 6))
    # Bernu, Lecheminant, Lhuillier and Pierre, Phys. Rev. B 50, 10048 (1994), a bond.
    assert triangular.energy_per_site / 3 == pytest.approx(-0.18679, abs=1e-5)
    (kagome,) = published_energies(on("kagome", 4, units="pauli"))
    assert 48 * kagome.energy_per_site == pytest.approx(-84.2311482540)
    assert (triangular.kind, kagome.kind) == ("exact", "exact")
    energy, error = find_bulk_energy(HamiltonianSettings("heisenberg", {"lattice": "honeycomb"}))
    assert energy == pytest.approx(-0.5445, abs=error)


@pytest.mark.parametrize(
    "hamiltonian",
    [
        on("triangular", 5),
        on("kagome", 3),
        on("honeycomb", 6),
        on("triangular", 6, "ising", transverse_field=3.0, longitudinal_field=0.0),
        on("triangular", 6, "j1j2"),
        on("triangular", 6, periodic=False),
        HamiltonianSettings("heisenberg", {"lattice": "ladder", "n_rungs": 20}),
        HamiltonianSettings(
            "heisenberg", {"lattice": "graph", "edges": [(0, i) for i in range(1, 20)]}
        ),
    ],
    ids=HamiltonianSettings.describe,
)
def test_none_is_known_elsewhere(hamiltonian):
    assert published_energies(hamiltonian) == ()
    assert find_ground_energy(hamiltonian) is None
