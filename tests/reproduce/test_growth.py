import json

from reproduce.growth import stages_of
from reproduce.growth_cases import CASES
from reproduce.growth_page import write_page
from reproduce.layout import Layout


def row(size, **changes):
    return {
        "size": size,
        "n_sites": size,
        "n_steps": 300,
        "n_samples": 512,
        "energy": -0.44 * size,
        "energy_error": 1e-5 * size,
        "reference_energy": -0.4401 * size,
        "reference_source": "Bethe equations",
        "relative_error": 2.3e-4,
        "relative_error_bar": 2e-5,
        "relative_error_before": None,
        "relative_error_bar_before": None,
        "seconds": 90.0,
        **changes,
    }


def test_page_has_a_row_for_each_size(tmp_path):
    layout, docs = Layout(tmp_path / "out"), tmp_path / "docs"
    docs.mkdir()
    folder = layout.run("chain")
    folder.mkdir(parents=True)
    grown = {"relative_error_before": 0.03, "relative_error_bar_before": 0.001}
    grown |= {"relative_error_with_symmetries": 1.1e-4, "relative_error_bar_with_symmetries": 3e-5}
    rows = [row(16), row(32, reference_energy=None, seconds=None, **grown)]
    (folder / "growth.json").write_text(json.dumps({"rows": rows, "bulk": None}))
    for name in ("relative_error.png", "retraining.png"):
        (folder / name).write_bytes(b"picture")
    lines = list(write_page(layout, docs))
    assert lines[0] == "chain 16: 2.3e-04 ± 2e-05 after 300 minibatches"
    page = (docs / "growth_results.md").read_text()
    assert "| 16 | 300 | 512 | -0.4400000 ± 1e-05 | -0.4401000 (Bethe equations) |" in page
    assert "|  | 2.3e-04 ± 2e-05 | 1.1e-04 ± 3e-05 | 3.0e-02 ± 1e-03 |  |" in page
    assert "too few sizes" in page
    assert (docs / "figures/growth_chain_retraining.png").read_bytes() == b"picture"


def test_bulk_energy_is_named_beside_the_known_one(tmp_path):
    layout, docs = Layout(tmp_path / "out"), tmp_path / "docs"
    docs.mkdir()
    folder = layout.run("square")
    folder.mkdir(parents=True)
    bulk = {"energy_per_site": -0.6694, "energy_error": 2e-4, "known_energy": -0.669437}
    bulk |= {"with_symmetries": True, "n_degrees_of_freedom": 0}
    (folder / "growth.json").write_text(json.dumps({"rows": [row(4)], "bulk": bulk}))
    for name in ("relative_error.png", "retraining.png"):
        (folder / name).write_bytes(b"picture")
    list(write_page(layout, docs))
    page = (docs / "growth_results.md").read_text()
    assert "extrapolated from the energies with symmetries: -0.669400 ± 2e-04 a site" in page
    assert "; known: -0.669437. The error bar is that of the samples; nothing to check" in page


def test_each_growth_is_a_stage(tmp_path):
    assert [stage.name for stage in stages_of(Layout(tmp_path))] == [case.name for case in CASES]
