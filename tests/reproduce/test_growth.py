import json
import shutil

import pytest

from reproduce.engine.layout import Layout
from reproduce.engine.pages import write_page
from reproduce.sections.growth import SECTION
from reproduce.sections.growth import page as growth_page
from reproduce.sections.growth.cases import CASES
from reproduce.sections.growth.page import PAGE

HEISENBERG = {"name": "heisenberg", "units": "spin", "coupling": 1.0}


def row(size, **changes):
    """Of a chain."""
    unknown = ("energy", "energy_error", "relative_error", "relative_error_bar")
    return {
        "size": size,
        "n_sites": size,
        "n_steps": 300,
        "n_samples": 512,
        "n_evaluation": 10000,
        "energy": -0.44 * size,
        "energy_error": 1e-5 * size,
        "energy_variance": 1e-3,
        "v_score": 1e-4,
        "learning_rate": 0.1,
        "reference_energy": -0.4401 * size,
        "reference_source": "Bethe equations",
        "relative_error": 2.3e-4,
        "relative_error_bar": 2e-5,
        "relative_error_before": None,
        "relative_error_bar_before": None,
        **{f"{key}_with_symmetries": None for key in unknown},
        "seconds": 90.0,
        **changes,
    }


GROWN = {
    "energy_before": -0.43,
    "energy_error_before": 0.01,
    "relative_error_before": 0.03,
    "relative_error_bar_before": 0.001,
}
AVERAGED = {
    "energy_with_symmetries": -0.44 * 16,
    "energy_error_with_symmetries": 1e-4,
    "relative_error_with_symmetries": 1.1e-4,
    "relative_error_bar_with_symmetries": 3e-5,
}


@pytest.fixture
def written(tmp_path):
    def write(lattice, rows, curves=(), **growth):
        """Writes the page of one growth, and returns its lines and the folder of the page."""
        docs = tmp_path / "docs"
        layout = Layout(tmp_path / "out", docs)
        docs.mkdir(exist_ok=True)
        folder = layout.run(lattice)
        folder.mkdir(parents=True)
        hamiltonian = {**HEISENBERG, "lattice": lattice}
        config = {"physics": {"hamiltonian": hamiltonian}, "growth": growth}
        (folder / "config.json").write_text(json.dumps(config))
        # As the run left it; the page finds the energy of the infinite lattice by itself.
        (folder / "growth.json").write_text(json.dumps({"rows": rows, "bulk": None}))
        for size, losses in curves:
            (folder / f"size-{size:03d}").mkdir()
            kept = [
                {"kind": "training", "step": 10 * (i + 1), "loss": loss}
                for i, loss in enumerate(losses)
            ]
            text = "".join(json.dumps(entry) + "\n" for entry in kept)
            (folder / f"size-{size:03d}" / "metrics.jsonl").write_text(text)
        for name in ("relative_error.png", "retraining.png"):
            (folder / name).write_bytes(b"picture")
        return list(write_page(PAGE, layout)), docs

    return write


def losses(size, *errors):
    return [-0.4401 * size * (1 - error) for error in errors]


def test_page_has_a_row_for_each_size(written):
    unknown = {"reference_energy": None, "relative_error": None, "relative_error_bar": None}
    lines, docs = written("chain", [row(16), row(32, **unknown, seconds=None)])
    assert lines[0] == "chain 16: 2.3e-04 ± 2e-05 after 300 minibatches"
    page = (docs / "growth_results.md").read_text()
    assert "| 16 | 300 | 512 | -0.4400000 ± 1e-05 | -0.4401000 (Bethe equations) |" in page
    assert "too few sizes" in page
    assert "Energies are means over 10000 samples.\n" in page
    assert (docs / "figures/growth_chain_retraining.png").read_bytes() == b"picture"
    # What is unknown does not hold.
    assert "| error | every size | unknown | 3e-04 | **falls short** |" in page


def test_chain_is_held_against_error_minutes_and_minibatches(written):
    # Once under the limit by chance, then above, then under for good, from minibatch 35 on.
    curve = losses(32, 2e-2, 9e-4, 2e-3, 9e-4, 5e-4)
    grown = row(32, **GROWN, reference_kind="exact")
    lines, docs = written("chain", [row(16), grown], [(32, curve)])
    page = (docs / "growth_results.md").read_text()
    assert "3 of 3 requirements hold." in page
    assert "| 2.3e-04 ± 2e-05 |  | 3.0e-02 ± 1e-03 | 35 | 1.5 |" in page
    assert "| -0.4401000 (exact: Bethe equations) |" in page
    assert "| error | every size | 2.3e-04 | 3e-04 | holds |" in page
    assert "| minutes | the first size | 2 | 30 | holds |" in page
    assert "| minibatches to 1e-03 | every enlargement | 35 | 100 | holds |" in page
    assert "holds        chain: error, every size, 2.3e-04" in lines


def test_chain_that_misses_everything_is_said_to(written):
    slow = row(16, relative_error=4e-4, seconds=1900.0)
    lines, docs = written("chain", [slow, row(32, **GROWN)], [(32, losses(32, 2e-2, 2e-3))])
    page = (docs / "growth_results.md").read_text()
    assert "0 of 3 requirements hold." in page
    assert "| 3.0e-02 ± 1e-03 | not reached | 1.5 |" in page
    assert "| minutes | the first size | 32 | 30 | **falls short** |" in page
    assert "| every enlargement | not reached | 100 | **falls short** |" in page
    assert "FALLS SHORT  chain: error, every size, 4.0e-04" in lines


def test_minibatches_of_a_size_without_a_curve_are_unknown(written):
    # Without a reference before it was trained, and without a minibatch.
    _, docs = written("chain", [row(16), row(32), row(48, **GROWN)], [(48, [])])
    page = (docs / "growth_results.md").read_text()
    assert "| 2.3e-04 ± 2e-05 |  | 3.0e-02 ± 1e-03 |  | 1.5 |" in page
    assert "| every enlargement | unknown | 100 | **falls short** |" in page
    assert "not reached" not in page


def test_square_is_held_against_both_energies_at_side_6(written):
    rows = [
        row(4, **AVERAGED),
        row(6, **GROWN, **{**AVERAGED, "relative_error": 1.4e-3}),
        row(8, **GROWN, **AVERAGED),
    ]
    curves = [(size, losses(size, 1e-4)) for size in (6, 8)]
    rows[1]["n_symmetric_steps"] = 50
    _, docs = written("square", rows, curves, n_averages=[0, 2000, 500])
    page = (docs / "growth_results.md").read_text()
    assert "1 of 2 requirements hold." in page
    assert "| error | size 6 | 1.4e-03 | 1e-03 | **falls short** |" in page
    assert "| error with symmetries | size 6 | 1.1e-04 | 1e-03 | holds |" in page
    assert "those averaged over symmetries are means over 500 or 2000.\n" in page
    line = "- Open Heisenberg square: 8 x 8 after 4 minutes, with a relative error of 1.1e-04 ± "
    assert line in page
    assert "| 6 | 300+50 | 512 |" in page


def test_rows_of_the_table_have_the_minutes_of_all_sizes_before(written):
    _, docs = written("chain", [row(16), row(32, seconds=120.0)])
    short, long = growth_page.table_rows(PAGE.read(docs))
    assert (short.minutes, long.minutes) == (1.5, 3.5)
    assert (long.model, long.lattice, long.boundary) == ("Heisenberg (S)", "chain", "open")
    assert long.n_sites == 32
    assert (long.energy_per_site, long.reference_per_site) == pytest.approx((-0.44, -0.4401))


def test_sizes_that_are_still_to_come_are_named(written):
    _, docs = written("chain", [row(16), row(32)], sizes=(16, 32, 48, 64))
    page = (docs / "growth_results.md").read_text()
    assert "over 10000 samples. Sizes 48 and 64 have not been trained yet.\n" in page


def test_a_growth_that_was_made_before_stays_on_the_page(written, tmp_path):
    written("square", [row(4)])
    shutil.rmtree(tmp_path / "out")
    _, docs = written("chain", [row(16)])
    page = (docs / "growth_results.md").read_text()
    assert page.index("## Open Heisenberg chain") < page.index("## Open Heisenberg square")


def test_bulk_energy_is_named_beside_the_known_one_and_how_good_the_fit_is(written):
    # One of four lies ten error bars off, for three terms.
    energies = [-0.5 * n + 0.2 + 0.1 / n + 1e-2 * (n == 12) for n in (8, 12, 16, 20)]
    rows = [
        row(n, energy=energy, energy_error=1e-3)
        for n, energy in zip((8, 12, 16, 20), energies, strict=True)
    ]
    _, docs = written("chain", rows)
    page = (docs / "growth_results.md").read_text()
    assert "a site, known -0.443147; the error bar is that of the samples times " in page
    bulk = json.loads((docs / "growth_results.json").read_text())["growths"]["chain"]["bulk"]
    assert f"Infinite lattice, from the energies: {bulk['energy_per_site']:.6f} ± " in page
    assert f"chi squared per degree of freedom is {bulk['chi_squared']:.2g} (1 left)." in page
    assert bulk["birge_ratio"] > 1


def test_each_growth_is_a_stage(tmp_path):
    assert [stage.name for stage in SECTION.stages(Layout(tmp_path), "")] == [
        case.name for case in CASES
    ]
