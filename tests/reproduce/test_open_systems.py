import json

import pytest

from reproduce.engine.fingerprints import fingerprint
from reproduce.engine.layout import Layout
from reproduce.engine.pages import write_page
from reproduce.sections.open_systems import SECTION
from reproduce.sections.open_systems.cases import CASES, LARGE_FIELDS, REFERENCES, SEEDS
from reproduce.sections.open_systems.figures import large_fields_figure, solve_ising
from reproduce.sections.open_systems.page import PAGE


def written(layout, name, distance, **more):
    folder = layout.run(name)
    folder.mkdir(parents=True)
    values = {"x": 0.1, "y": 0.2, "z": -0.3, "exact_x": 0.1, "exact_y": 0.2, "exact_z": -0.25}
    result = {**values, "distance": 0.05, "largest_distance": distance, **more}
    (folder / "result.json").write_text(json.dumps(result))
    shared = {"kind": "validation", "step": 1, "loss": 0.0, "time": 0.0, **values}
    rows = [{**shared, "epoch": i, "distance": 0.1 / i} for i in (1, 2)]
    rows += [{"kind": "training", "step": i, "loss": 0.1 / i} for i in (1, 2)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "config.json").write_text(json.dumps({"objective": {"norm": "chi2"}}))
    (folder / "curves.png").write_bytes(b"picture")


def test_exact_curve_is_that_of_the_transverse_field():
    # Without a field all spins fall.
    assert solve_ising(1e-9) == pytest.approx({"x": 0.0, "y": 0.0, "z": -1.0}, abs=1e-6)
    found = solve_ising(2.0)
    assert found["z"] == pytest.approx(-0.2376, abs=1e-4)


def test_page_holds_each_distance_against_its_limit(tmp_path):
    docs = tmp_path / "docs"
    layout = Layout(tmp_path / "out", docs)
    docs.mkdir()
    # In time the largest distance counts, else that at the end.
    written(layout, "heisenberg_chain_4", 0.001)
    written(layout, "ising_chain_6_2", 0.001)
    written(layout, "heisenberg_square_1", 0.001)
    written(layout, "heisenberg_square_8", 0.001)
    lines = list(write_page(PAGE, layout))
    verdicts = [line.split("  ")[0] for line in lines[:4]]
    assert verdicts == ["holds", "FALLS SHORT", "run", "FALLS SHORT"]
    page = (docs / "open_system_results.md").read_text()
    assert "| 0.0500; ⟨Z⟩ off by 0.0500 |  | 0.02 | **falls short** |" in page
    assert (docs / "figures/open_system_strings.png").read_bytes().startswith(b"\x89PNG")
    assert (docs / "figures/open_system_fields.png").read_bytes().startswith(b"\x89PNG")
    assert "Figure S2" in page
    assert (docs / "figures/open_system_losses.png").read_bytes().startswith(b"\x89PNG")
    assert "Figure S5" not in page
    assert (
        "1 of 3 requirements hold.\n\n- Falls short: Ising chain of 6, g = 2, steady, off by"
        in page
    )
    means = "0.1000, 0.2000, -0.3000 | 0.1000, 0.2000, -0.2500"
    assert f"| {means} | 0.0010 |  | 0.02 | holds |" in page
    assert "Not finished yet: Ising chain of 6, g = 1, steady;" in page
    assert (docs / "figures/open_system_heisenberg_chain_4.png").read_bytes() == b"picture"


def test_numbers_of_other_machines_stay_and_say_where_they_are_from(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    written(Layout(tmp_path / "one", docs), "heisenberg_chain_4", 0.001)
    list(write_page(PAGE, Layout(tmp_path / "one", docs)))
    path = docs / "open_system_results.json"
    stored = json.loads(path.read_text())
    # As an older page has it.
    for key in ("machine", "date"):
        del stored["cases"]["heisenberg_chain_4"][key]
    stored["made"] |= {"machine": "abacus", "date": "2001-02-03"}
    path.write_text(json.dumps(stored))
    written(Layout(tmp_path / "two", docs), "ising_chain_6_2", 0.001)
    list(write_page(PAGE, Layout(tmp_path / "two", docs)))
    text = (docs / "open_system_results.md").read_text()
    assert "- Note 1: measured on abacus, 2001-02-03." in text
    (other,) = (line for line in text.splitlines() if line.startswith("| Heisenberg chain of 4 to"))
    assert other.endswith(" | 1 |")
    (own,) = (line for line in text.splitlines() if line.startswith("| Ising chain of 6, g = 2, "))
    assert own.endswith(" |  |")
    assert set(json.loads(path.read_text())["cases"]) == {"heisenberg_chain_4", "ising_chain_6_2"}


def test_stages_depend_on_what_follows_the_colon_of_a_configuration(tmp_path):
    found = {fingerprint(stage, tmp_path) for stage in SECTION.stages(Layout(tmp_path), "")}
    assert len(found) == len(CASES) + len(REFERENCES)


def test_runs_of_large_chains_are_held_against_trajectories(tmp_path):
    layout = Layout(tmp_path / "out", tmp_path)
    stages = {stage.name: stage for stage in SECTION.stages(layout, "")}
    stage = stages["sampled_chain_16_2_5"]
    folder = layout.run("trajectories_16_2_5")
    assert stages["trajectories_16_2_5"].output == folder
    assert stage.needs == ("trajectories_16_2_5",)
    assert stage.inputs == (folder / "trajectories.json",)
    assert f"--config.reference={folder}" in stage.arguments
    for name in LARGE_FIELDS.values():
        written(layout, name, 0.001, reference_error=2e-4)
    list(write_page(PAGE, layout))
    page = (tmp_path / "open_system_results.md").read_text()
    assert "| 0.1000, 0.2000, -0.2500 +- 2.0e-04 | 0.0500 |" in page
    assert (tmp_path / "figures/open_system_fields_16.png").read_bytes().startswith(b"\x89PNG")
    (legend,) = large_fields_figure(layout, PAGE.read(tmp_path)).legends
    assert legend.get_texts()[0].get_text().startswith("quantum trajectories")


def test_runs_of_several_seeds_are_drawn_together(tmp_path):
    layout = Layout(tmp_path / "out", tmp_path)
    for name in SEEDS.values():
        written(layout, name, 0.001)
    list(write_page(PAGE, layout))
    assert "Figure S5" in (tmp_path / "open_system_results.md").read_text()
    assert (tmp_path / "figures/open_system_runs.png").read_bytes().startswith(b"\x89PNG")
