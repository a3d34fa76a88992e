import json

import pytest
from matplotlib.figure import Figure

from reproduce.engine.fingerprints import fingerprint
from reproduce.engine.layout import Layout
from reproduce.engine.pages import write_page
from reproduce.sections.ground_states import SECTION
from reproduce.sections.ground_states import page as ground_states
from reproduce.sections.ground_states.cases import CASES
from reproduce.sections.ground_states.page import PAGE

ISING = {
    "name": "ising",
    "lattice": "square",
    "n_rows": 4,
    "n_columns": 4,
    "transverse_field": 3.0,
    "longitudinal_field": 0.0,
}


def entry(reference, energy):
    return {
        "n_sites": 16,
        "energy": energy,
        "energy_error": 0.001,
        "energy_variance": 0.01,
        "v_score": 1e-4,
        "magnetization": 0.0,
        "magnetization_error": 0.01,
        "abs_magnetization": 0.2,
        "reference_energy": reference,
        "energy_from_all_configurations": energy,
        "energy_averaged_over_symmetries": reference * (1 - 1e-6),
    }


def written(layout, name, result):
    folder = layout.run(name)
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(result))
    (folder / "config.json").write_text(json.dumps({"physics": {"hamiltonian": ISING}}))
    validated(folder)
    return folder


def validated(folder):
    rows = [{"step": 10 * i, "kind": "validation", "v_score": 0.1**i} for i in range(1, 4)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_page_holds_each_energy_against_its_limit(tmp_path):
    docs = tmp_path / "docs"
    layout = Layout(tmp_path / "out", docs)
    written(layout, "ising_3", entry(-50.0, -49.99))
    told = {"reference_kind": "exact", "reference_source": "Bethe equations"}
    written(layout, "chain_20", {**entry(-8.0, -7.99), **told})
    docs.mkdir()
    lines = list(write_page(PAGE, layout))
    assert [line.split(":")[0] for line in lines[:2]] == [
        "holds        Ising 4 x 4, field 3",
        # Averages do not count for a chain.
        "FALLS SHORT  Heisenberg chain of 20",
    ]
    page = (docs / "ground_state_results.md").read_text()
    assert "1 of 2 requirements hold" in page
    assert "that counts is 1.2e-03, that of Heisenberg chain of 20." in page
    # This result is from before references told what they are, the other is not.
    assert "| Heisenberg chain of 20 | -8.000000 (exact: Bethe equations) |" in page
    assert "| Ising 4 x 4, field 3 | -50.000000 | 2.0e-04 | 1.0e-06 | 5e-05 | holds |" in page
    numbers = json.loads((docs / "ground_state_results.json").read_text())
    assert numbers["cases"]["chain_20"]["relative_error"] == pytest.approx(1.25e-3)
    assert (docs / "figures/ground_states.png").stat().st_size > 1000


def test_rows_of_the_table_have_the_energies_of_all_configurations(tmp_path):
    layout = Layout(tmp_path / "out", tmp_path)
    written(layout, "ising_3", entry(-50.0, -49.99))
    list(write_page(PAGE, layout))
    (row,) = ground_states.table_rows(PAGE.read(tmp_path))
    assert (row.model, row.parameter, row.n_sites) == ("Ising (P)", "transverse_field=3", 16)
    assert (row.energy_per_site, row.error_per_site) == (-49.99 / 16, 0.0)
    assert row.relative_error == pytest.approx(2e-4)
    assert row.averaged_relative_error == pytest.approx(1e-6)
    assert (row.v_score, row.n_weights) == (1e-4, None)


def test_refinement_follows_its_training_in_the_figure(tmp_path, monkeypatch):
    layout, drawn = Layout(tmp_path / "out", tmp_path / "docs"), {}
    refinement = written(layout, "heisenberg", entry(-9.0, -8.9999)) / "refinement"
    refinement.mkdir()
    validated(refinement)
    monkeypatch.setattr(
        ground_states, "v_scores_figure", lambda curves: drawn.update(curves) or Figure()
    )
    (tmp_path / "docs").mkdir()
    list(write_page(PAGE, layout))
    steps, _ = drawn["Heisenberg 4 x 4, sign learned"]
    assert steps == [10, 20, 30, 40, 50, 60]


def test_stages_depend_on_what_follows_the_colon_of_a_configuration(tmp_path):
    stages = {stage.name: stage for stage in SECTION.stages(Layout(tmp_path), "")}
    assert set(stages) == {case.name for case in CASES}
    found = {fingerprint(stage, tmp_path) for stage in stages.values()}
    assert len(found) == len(CASES)
