"""The table of all ground states against closed forms and the numbers beside the pages."""

import json
import math
from pathlib import Path

import pytest

from qtf.physics import (
    HamiltonianSettings,
    find_ground_energy,
    heisenberg_chain_ground_energy,
    lanczos_ground_energy,
)
from reproduce.ground_state_table import COLUMNS, NAME, PAGES, read_table, write_table
from reproduce.searches.rows import MODELS

DOCS = Path(__file__).parents[2] / "docs"
ROWS = read_table(DOCS / NAME)
# Whole energies of open 4 x 4 squares, and couplings times units.
SQUARES_OF_4 = {
    ("Ising (P)", "transverse_field=2"): -35.907257620,
    ("Ising (P)", "transverse_field=3"): -50.186623883,
    ("Ising (P)", "transverse_field=4"): -65.570927858,
    ("Heisenberg (S)", ""): -9.189207065,
}


def hamiltonian_of(row):
    """Returns the Hamiltonian that a row names."""
    model, units = row["model"].rsplit(" ", 1)
    name = next(name for name, words in MODELS.items() if words == model)
    values = {"lattice": row["lattice"], "periodic": row["boundary"] == "periodic"}
    if name != "ising":
        values["units"] = {"(S)": "spin", "(P)": "pauli"}[units]
    else:
        values["longitudinal_field"] = 0.0
    if row["parameter"]:
        key, value = row["parameter"].split("=")
        values[key] = float(value)
    n = int(row["n_sites"])
    size = n if row["lattice"] == "chain" else math.isqrt(n)
    return HamiltonianSettings(name, values).resized(size)


def number(row, column):
    return float(row[column]) if row[column] else None


def test_table_is_written_from_the_numbers_of_the_pages(tmp_path):
    for module in PAGES:
        path = DOCS / f"{module.PAGE.name}.json"
        (tmp_path / path.name).write_bytes(path.read_bytes())
    write_table(tmp_path)
    assert (tmp_path / NAME).read_text() == (DOCS / NAME).read_text()
    assert tuple(ROWS[0]) == COLUMNS
    text = "model, lattice, boundary, n_sites, parameter, energy_per_site, error_per_site,"
    text += " reference_per_site, reference_source, relative_error, averaged_relative_error,"
    text += " v_score, n_weights, minutes, machine, date"
    assert ", ".join(COLUMNS) == text


def test_table_has_rows_of_the_pages_that_are_there_only(tmp_path):
    write_table(tmp_path)
    assert read_table(tmp_path / NAME) == []
    assert (tmp_path / NAME).read_text() == ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['model']}-{row['n_sites']}")
def test_references_are_the_ground_energies(row):
    n, reference = int(row["n_sites"]), number(row, "reference_per_site")
    key = row["model"], row["parameter"]
    if row["lattice"] == "chain" and row["boundary"] == "open":
        assert row["model"] == "Heisenberg (S)"
        assert n * reference == pytest.approx(heisenberg_chain_ground_energy(n), rel=1e-9)
    elif n == 16 and row["boundary"] == "open" and key in SQUARES_OF_4:
        assert n * reference == pytest.approx(SQUARES_OF_4[key], rel=1e-9)
    elif n == 16:
        energy = lanczos_ground_energy(hamiltonian_of(row).build())
        assert n * reference == pytest.approx(energy, rel=1e-9)
    elif reference is not None:
        # What is published gains digits now and then.
        known = find_ground_energy(hamiltonian_of(row))
        assert n * reference == pytest.approx(known.energy, rel=1e-6)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['model']}-{row['n_sites']}")
def test_errors_are_relative_to_the_reference(row):
    energy, reference = number(row, "energy_per_site"), number(row, "reference_per_site")
    if reference is not None:
        relative = number(row, "relative_error")
        assert relative == pytest.approx(abs(energy - reference) / abs(reference), abs=1e-12)
        # No energy is below the ground energy by more than its error bars.
        assert energy > reference - 5 * number(row, "error_per_site") - 1e-4 * abs(reference)


def measured(entry):
    """Yields all entries of a file of numbers that have a V-score of samples."""
    if isinstance(entry, dict):
        if "v_score" in entry and "energy_variance" in entry:
            yield entry
        for value in entry.values():
            yield from measured(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from measured(value)


def test_v_scores_are_n_variance_over_energy_squared():
    scores = []
    for module in PAGES:
        for entry in measured(json.loads((DOCS / f"{module.PAGE.name}.json").read_text())):
            # What samples do not see counts as well; where it is not kept, it was small.
            unseen = entry.get("unseen_variance")
            variance = entry["energy_variance"] + (unseen or 0.0)
            score = entry["n_sites"] * variance / entry["energy"] ** 2
            rel = 0.05 if unseen is None else 1e-9
            assert entry["v_score"] == pytest.approx(score, rel=rel)
            scores.append(entry["v_score"])
    assert sorted(float(row["v_score"]) for row in ROWS) == sorted(scores)
