import json

import pytest

from reproduce.engine.layout import Layout
from reproduce.engine.pages import write_page
from reproduce.sections.samplers.page import PAGE
from reproduce.sections.samplers.stages import stages_of

ESTIMATE = {"mean": 0.25, "error": 0.5, "effective_sample_size": 12.0, "r_hat": 1.5}
STUCK = {"mean": 0.9, "error": None, "effective_sample_size": None, "r_hat": None}


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path / "out", tmp_path)

    def written(name, figure, content):
        folder = layout.run(name)
        folder.mkdir(parents=True)
        (folder / "comparison.json").write_text(json.dumps(content))
        (folder / figure).write_bytes(name.encode())

    entry = {"n_samples": 4000, "magnetization": ESTIMATE, "abs_magnetization": ESTIMATE}
    stuck = {"n_samples": 2000, "magnetization": STUCK, "abs_magnetization": STUCK}
    modes = {"direct": entry, "chains": entry, "chains_from_up": stuck}
    for side in (4, 6):
        written(f"modes_{side}", "modes.png", {"modes": modes})
    curve = {"energy": -50.1, "energy_variance": 0.5, "relative_error": 2e-3, "seconds": 61.4}
    training = {"side": 4, "field": 3.0, "n_steps": 300, "n_samples": 128, "reference": -50.2}
    training |= {"reference_is_exact": True, "curves": {"direct": curve}}
    written("trainings", "training.png", {"training": training})
    return layout


def test_the_page_shows_what_was_compared(layout, tmp_path):
    list(write_page(PAGE, layout))
    page = (tmp_path / "sampler_results.md").read_text()
    assert "| 4 x 4, direct | 4000 | 0.250 ± 0.5 | 12 | 1.500 | 0.2500 ± 0.5 |" in page
    assert "from up | 2000 | 0.900 ± unknown | unknown | unknown |" in page
    assert "| direct | -50.1000 | 2.0e-03 | 0.5 | 61 |" in page
    assert "for the\nmean of Z, and 4000 of the chains are worth 12." in page
    assert "direct leave a relative error of 2.0e-03.\n" in page
    assert (tmp_path / "figures" / "samplers_modes_6.png").read_bytes() == b"modes_6"


def test_without_all_comparisons_the_page_stays(layout, tmp_path):
    (layout.run("modes_6") / "comparison.json").unlink()
    assert list(write_page(PAGE, layout)) == ["No page yet: stages modes_6 are missing."]
    assert not (tmp_path / "sampler_results.md").exists()


def test_a_comparison_waits_for_the_run_that_it_reads(tmp_path):
    stages = {stage.name: stage for stage in stages_of(Layout(tmp_path))}
    assert stages["modes_6"].needs == ("ising_6",)
    names = ("model.json", "best.weights.h5", "config.json")
    assert stages["modes_6"].inputs == tuple(tmp_path / "runs" / "ising_6" / name for name in names)
    assert stages["trainings"].needs == stages["trainings"].inputs == ()
