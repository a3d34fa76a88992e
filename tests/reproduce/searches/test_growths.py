import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qtf.physics import HamiltonianSettings
from reports.records import read_record
from reproduce.engine.fingerprints import fingerprint
from reproduce.engine.layout import Layout
from reproduce.engine.pages import write_page
from reproduce.engine.sections import TINY, USUAL, layout_of
from reproduce.ground_state_table import read_table
from reproduce.grow import SECTIONS, grow_and_keep
from reproduce.searches.kept import keep_finished
from reproduce.searches.page import make_page, minutes_figure
from reproduce.searches.results import Point, Size
from reproduce.sections import squares
from reproduce.sections.chain_300.cases import GROWTHS as CHAIN
from reproduce.sections.ising_squares.cases import GROWTHS as ISING
from reproduce.sections.networks import page as networks_page
from reproduce.sections.squares import page as squares_page
from reproduce.sections.squares.cases import GROWTHS as SQUARES
from tests.figure_checks import check_texts
from tests.reproduce.searches.conftest import HEISENBERG, row, write_growth

ISING_AT_3 = {
    "name": "ising",
    "lattice": "square",
    "coupling": 1.0,
    "transverse_field": 3.0,
    "longitudinal_field": 0.0,
}


@pytest.fixture
def layout(tmp_path):
    (tmp_path / "docs").mkdir()
    return Layout(tmp_path / "out", tmp_path / "docs")


def page_of(layout, section, name, rows, growths, **options):
    """Keeps a growth and returns the lines and the text of its page."""
    workdir = layout.run(name)
    write_growth(workdir, rows, **options)
    keep_finished(workdir, layout.weights_of(section) / name)
    shutil.rmtree(layout.root)
    module = Path(squares.__file__).with_name("page.py")
    lines = list(write_page(make_page(section, growths, str(module)), layout))
    return lines, (layout.docs / f"{section}_results.md").read_text()


def test_page_is_written_from_what_is_kept_alone(layout):
    lines, text = page_of(layout, "squares", "heisenberg_hour", [row(4), row(6)], SQUARES)
    # After what the growth before it falls short of.
    line = lines[len(SQUARES[0].limits)]
    assert line == "Open Heisenberg square in 60 minutes 4: 1.7e-03 ± 2e-04 after 200 minibatches"
    assert "| 6 | 200 | 512 | -0.6000000 ± 1e-04 | -0.6005000 ± 5e-05 |" in text
    # 4 and 6 minutes of training.
    assert "| 6.0 | 10 |" in text
    assert "| error | size 6 | 1.7e-03 | 3e-04 | **falls short** |" in text
    assert "| minutes in all | size 6 | 10 | 60 | holds |" in text
    assert "| error averaged | size 16 | unknown | 1.5e-03 | **falls short** |" in text
    assert "The network has 17 weights." in text
    assert "Energies are means over 10000 samples; those averaged" in text
    line = (
        "- Open Heisenberg square in 60 minutes: 6 x 6 after 10 minutes, with a relative error of"
    )
    assert f"{line} 8.3e-04 ± 8e-05, averaged over symmetries." in text
    assert "- Open Heisenberg square in 15 minutes: nothing has been trained yet." in text
    # Ours is above the exact energy by 0.0030218345 / 0.6035218345.
    assert "| 6 | exact diagonalization | -0.6035218 | exact |" in text
    assert "| 5.0e-03 ± 8e-05 |" in text
    summary = list(squares_page.summary(squares_page.PAGE.read(layout.docs)))
    assert [requirement.words for requirement in summary] == [
        "Open Heisenberg square in 60 minutes, error, size 6",
        "Open Heisenberg square in 60 minutes, error averaged, size 6",
    ]


def test_v_score_of_the_average_is_that_of_independent_samples(layout):
    _, text = page_of(layout, "squares", "heisenberg_hour", [row(6)], SQUARES)
    size = json.loads((layout.docs / "squares_results.json").read_text())
    (size,) = size["growths"]["heisenberg_hour"]["sizes"]
    # Of 400 samples: 36 * 400 * 0.0018^2 / 21.618^2.
    assert size["v_score_with_symmetries"] == pytest.approx(9.9833e-5, rel=1e-4)
    assert "| V-score averaged | size 6 | 1.0e-04 | 3e-04 | holds |" in text


def test_samples_that_grow_are_told(layout):
    workdir = layout.run("heisenberg_hour")
    write_growth(workdir, [row(6)], sampling={"grow_to": [2, 4]})
    keep_finished(workdir, layout.weights_of("squares") / "heisenberg_hour")
    list(write_page(squares_page.PAGE, layout))
    text = (layout.docs / "squares_results.md").read_text()
    assert "| 6 | 200 | 512 to 2048 | -0.6000000 ± 1e-04 |" in text


def test_measured_variance_of_the_average_counts_where_it_is_known(layout):
    measured = {"energy_variance_with_symmetries": 0.04}
    page_of(layout, "squares", "heisenberg", [row(6)], SQUARES, **measured)
    size = json.loads((layout.docs / "squares_results.json").read_text())
    (size,) = size["growths"]["heisenberg"]["sizes"]
    assert size["v_score_with_symmetries"] == pytest.approx(36 * 0.04 / 21.618**2)


def test_what_is_not_run_yet_falls_short(layout):
    _, text = page_of(layout, "squares", "other", [row(4)], SQUARES)
    assert "It has not been run yet." in text
    counted = "None of them has been measured yet, which counts as falling short."
    n_limits = sum(len(growth.limits) for growth in SQUARES)
    assert f"0 of {n_limits} requirements hold. {counted}" in text


def test_ising_squares_are_held_against_naqs(layout):
    energy, reference = -3.17389, -457.041866 / 144
    values = row(
        12,
        energy=144 * energy,
        energy_with_symmetries=144 * (reference + 1e-5),
        reference_energy=144 * reference,
    )
    _, text = page_of(
        layout, "ising_squares", "field_3", [values], ISING, hamiltonian=ISING_AT_3, sizes=[12, 21]
    )
    assert "| energy above the reference | size 12 | 3.2e-06 | 5e-06 | holds |" in text
    assert "| mean of abs(mean Z), distance from NAQS | size 12 | 1.8e-03 | 2e-03 | holds |" in text
    assert "| 12 | 0.0010 ± 1e-02 | 0.16000 | 0.16179 |" in text
    assert "| 12 | NAQS | -3.1739005 ± 5e-07 | variational |" in text
    assert "Size 21 has not been trained yet." in text


def test_networks_are_compared_as_far_as_they_are_trained(layout):
    for name, score in (("gated_2d_32", 2e-3), ("row_scan_64", 1e-3)):
        workdir = layout.run(name)
        write_growth(workdir, [row(6, v_score=score)])
        keep_finished(workdir, layout.weights_of("networks") / name)
    lines = list(write_page(networks_page.PAGE, layout))
    assert lines[0] == "gated_2d, 32 units: 1.7e-03 ± 2e-04, V-score 2.0e-03"
    text = (layout.docs / "networks_results.md").read_text()
    assert "| row_scan, 64 units, 2 layers | 17 | 200 | 1.7e-03 ± 2e-04 | 8.3e-04 ± 8e-05 |" in text
    assert "The smallest V-score, 1.0e-03, is that of row_scan, 64 units, 2 layers, as it" in text
    assert "Not run yet: gated_2d, 32 units, context;" in text
    assert "| pixelcnn, 10 layers of width 32 | `--config.network.name=pixelcnn` " in text
    results = networks_page.PAGE.read(layout.docs)
    assert len(list(networks_page.table_rows(results))) == 2
    # What is kept here has no minutes of its validations.
    curve = (Point(10, 1.0, 1e-2, None, 2e-3), Point(20, 2.0, -1e-3, None, 1e-3))
    size = replace(results.growths["gated_2d_32"].sizes[0], curve=curve)
    figure = networks_page.minutes_figure([("gated_2d", size)])
    errors, scores = (panel.get_lines()[0].get_ydata() for panel in figure.axes)
    # Below the exact energy, as far as samples say.
    np.testing.assert_array_equal(errors, [1e-2, np.nan])
    assert list(scores) == [2e-3, 1e-3]
    check_texts(figure)


def test_chain_is_held_against_the_infinite_lattice(layout):
    bulk = {"energy_per_site": -0.44314, "energy_error": 2e-6, "known_energy": -0.4431471806}
    chain = {**HEISENBERG, "lattice": "chain"}
    _, text = page_of(
        layout, "chain_300", "heisenberg", [row(20)], CHAIN, hamiltonian=chain, bulk=bulk
    )
    assert "gives -0.4431400 ± 2e-06 per site for the infinite lattice; the known" in text
    assert "the known energy is -0.4431472." in text
    assert "| energy a site, distance from 1/4 - ln 2 | the infinite lattice | 7.2e-06 |" in text


def test_every_stage_has_its_configuration_in_both_budgets(tmp_path):
    for section in SECTIONS.values():
        assert section.budgets == (USUAL, TINY)
        for budget in section.budgets:
            layout = layout_of(section, budget)
            stages = section.stages(layout, budget)
            digests = {fingerprint(stage, tmp_path) for stage in stages}
            assert len(digests) == len(stages)
            for stage in stages:
                # Of a list that is given twice flags make one.
                names = [word.split("=")[1] for word in stage.arguments if "trainer_flag" in word]
                assert len(set(names)) == len(names), stage.name
    assert layout_of(SECTIONS["squares"], TINY).docs.parent.name == "squares-tiny"
    assert layout_of(SECTIONS["squares"], USUAL).root.name == "squares"


def test_figure_continues_from_size_to_size():
    curve = (Point(10, 1.0, 1e-2), Point(20, 2.0, 0.0))
    sizes = [
        read_record(Size, {**row(size), "machine": "", "date": "", "minutes": 3.0, **rest})
        for size, rest in ((4, {"total_minutes": 3.0}), (6, {"total_minutes": 6.0}))
    ]
    sizes = [replace(size, curve=curve) for size in sizes]
    figure = minutes_figure(sizes, HamiltonianSettings.from_mapping(HEISENBERG))
    first, second = figure.axes[0].get_lines()
    assert list(first.get_xdata()) == [1.0, 2.0]
    assert list(second.get_xdata()) == [4.0, 5.0]
    check_texts(figure)


GROWTH = """
import sys
from pathlib import Path
from tests.reproduce.searches.conftest import row, write_growth
write_growth(Path(sys.argv[1]), [row(4), row(6)], sizes=[4, 6, 8])
sys.exit(130)
"""


def test_sizes_of_a_growth_that_is_broken_off_are_kept_and_taken_up_again(layout, capfd):
    workdir = layout.run("heisenberg")
    command = [sys.executable, "-c", GROWTH, str(workdir)]
    section = SECTIONS["squares"]
    assert grow_and_keep(command, workdir, section, layout.docs) == 130
    kept = layout.weights_of("squares") / "heisenberg"
    assert f"Sizes 4, 6 are kept in {kept}." in capfd.readouterr().out
    text = (layout.docs / "squares_results.md").read_text()
    assert "Size 8 has not been trained yet." in text
    assert len(read_table(layout.docs / "ground_states.csv")) == 2
    shutil.rmtree(layout.root)
    look = [sys.executable, "-c", f"import os; print(sorted(os.listdir({str(workdir)!r})))"]
    assert grow_and_keep(look, workdir, section, layout.docs) == 0
    said = capfd.readouterr().out
    assert f"Sizes 4, 6 are taken from {kept}." in said
    assert "['config.json', 'growth.json', 'size-004', 'size-006']" in said
