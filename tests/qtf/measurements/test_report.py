"""The page of a fit: its numbers are those of the fit, its points those of dense sums."""

import re
from dataclasses import replace

import numpy as np
import pytest

from qtf.measurements import (
    Setting,
    ShotModel,
    TrajectoryModel,
    fit_chain,
    fit_words,
    select_words,
    simulate_shots,
)
from qtf.measurements.figures import (
    bands_figure,
    marginals_figure,
    parameters_figure,
    residuals_figure,
)
from qtf.measurements.learned import LearnedParameters
from qtf.measurements.predictions import predict_means
from qtf.measurements.report import NEIGHBOURS, SPINS, compare_means, write_report
from tests.figure_checks import check_texts


@pytest.fixture(scope="module")
def learned():
    """Fit of two spins with a readout error, a given field, and its data."""
    model = ShotModel.of_words(2, terms=["ZZ", "X"], readout=["e01"])
    settings = [
        Setting(start, 0.3 * k, basis, 300)
        for start in ("+z -x", "+y +x")
        for k in range(1, 4)
        for basis in ("XY", "YZ", "ZX")
    ]
    shots = simulate_shots(model, [0.9, 0.5, 0.03], settings, seed=2)
    fit = fit_words(shots, terms=["ZZ", "X"], readout=["e01"], fixed={"X": 0.5})
    return fit, shots


def test_the_page_has_the_numbers_and_three_figures(learned, tmp_path):
    fit, shots = learned
    path = write_report(tmp_path / "r.html", fit, shots, data="a.csv", facts={"device": "ours"})
    text = path.read_text()
    assert text.count("<img") == 3
    assert "http" not in text
    rows = {
        name: cells
        for name, *cells in re.findall(
            r"<tr><td>([\w@]+)</td><td>([-\d.]+)</td><td>([\w.-]+)</td><td>([\w.-]*)</td></tr>",
            text,
        )
    }
    for name, error in zip(fit.model.names, fit.errors, strict=True):
        value, bar, _ = rows[name]
        assert float(value) == pytest.approx(fit[name], abs=1e-6)
        if name == "X":
            assert bar == "given"
        else:
            assert float(bar) == pytest.approx(error, rel=0.01)
    for words in ("a.csv", "ours", "5400", fit.verdict):
        assert words in text


def test_points_are_means_of_the_counts_beside_those_of_the_model(learned):
    fit, shots = learned
    means = compare_means(fit, shots)
    assert {kind: points.shape for kind, points in means.items()} == {
        SPINS: (36, 3),
        NEIGHBOURS: (18, 3),
    }
    wanted: dict = {SPINS: [], NEIGHBOURS: []}
    many = [Setting(s.words, s.time, s.basis, 400_000) for s in shots.settings]
    exact = simulate_shots(fit.model, fit.parameters, many, seed=0)
    for setting, counts, truth in zip(shots.settings, shots.counts, exact.counts, strict=True):
        for kind, signs in ((SPINS, [(0,), (1,)]), (NEIGHBOURS, [(0, 1)])):
            for sites in signs:
                both = [
                    sum(n * (-1) ** sum(int(bits[s]) for s in sites) for bits, n in of.items())
                    / sum(of.values())
                    for of in (truth, counts)
                ]
                wanted[kind].append((*both, setting.shots))
    for kind, points in means.items():
        expected = np.array(wanted[kind])
        # The same points, whatever their order: each measured mean has its predicted one.
        for predicted, measured, error in points:
            near = expected[np.abs(expected[:, 1] - measured) < 1e-12]
            assert np.abs(near[:, 0] - predicted).min() < 0.01
            assert error == pytest.approx(np.sqrt((1 - predicted**2) / 300))


def test_a_long_chain_is_shown_by_its_windows(tmp_path):
    model = ShotModel.of_words(12, terms=["ZZ", "X"])
    settings = [Setting("+z", 0.2 * k, "YZXYZXYZXYZX", 200) for k in (1, 2)]
    shots = simulate_shots(model, [0.8, 0.5], settings, seed=3)
    fit = fit_chain(shots, terms=["ZZ", "X"])
    means = compare_means(fit, shots)
    # Windows of 8 sites: 1 to 8, and 5 to 12, each in a patch of 10.
    assert means[SPINS].shape == (2 * 2 * 8, 3)
    whole = compare_means(replace(fit, model=model), shots)[SPINS]
    for predicted, measured, _ in means[SPINS]:
        near = whole[np.abs(whole[:, 1] - measured) < 1e-12]
        assert np.abs(near[:, 0] - predicted).min() < 1e-3
    assert "<img" in write_report(tmp_path / "r.html", fit, shots).read_text()


def test_means_of_a_chain_with_a_depolarised_preparation_are_those_of_its_windows():
    words = {"terms": ["ZZ", "X"], "preparation_errors": ["depolarised"]}
    settings = [Setting("+z", 0.2 * k, "YZXYZXYZX", 200) for k in (1, 2)]
    shots = simulate_shots(TrajectoryModel.of_words(9, **words), [0.8, 0.5, 0.1], settings, seed=3)
    means = compare_means(fit_chain(shots, **words), shots)
    for predicted, measured, error in means[SPINS]:
        assert abs(predicted - measured) < 5 * error


def test_a_selection_says_what_it_kept(learned, tmp_path):
    _, shots = learned
    selection = select_words(shots, terms=["ZZ", "X", "Y"], readout=["e01"])
    text = write_report(tmp_path / "r.html", selection, shots).read_text()
    assert "Kept " in text
    assert "Information criterion" in text


def test_what_is_missing_stands_on_the_page(tmp_path):
    model = ShotModel.of_words(1, terms=["X", "Z"])
    settings = [Setting("+z", 0.3 * k, basis, 3000) for k in (1, 2, 3, 4) for basis in "XYZ"]
    shots = simulate_shots(model, [0.8, 0.6], settings, seed=1)
    fit = fit_words(shots, terms=["X"], n_starts=1)
    text = write_report(tmp_path / "r.html", fit, shots).read_text()
    assert "does not explain the data" in text
    assert "What the data ask for besides" in text
    # One spin has no neighbours.
    assert list(compare_means(fit, shots)) == [SPINS]


def test_no_text_is_over_another(learned):
    fit, shots = learned
    parameters = LearnedParameters.of_fit(fit)
    figures = [
        parameters_figure(fit),
        residuals_figure(fit.goodness.residuals),
        marginals_figure(compare_means(fit, shots)),
        predict_means(parameters, 3, [0.0, 0.5, 1.0], n_samples=5).plot(),
    ]
    for figure in figures:
        check_texts(figure)


def test_residuals_of_many_times_are_labelled_at_some():
    figure = residuals_figure({0.1 * k: [1.0, 9.0] for k in range(60)})
    assert len(figure.axes[0].get_yticks()) == 20
    check_texts(figure)


def test_the_file_is_whole_or_not_there(learned, tmp_path):
    fit, shots = learned
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        write_report(tmp_path / "no" / "r.html", fit, shots)
    assert list(tmp_path.iterdir()) == []


def test_bands_of_any_number_of_observables_have_room():
    times = np.linspace(0.0, 2.0, 9)
    band = np.stack([np.cos(times), np.cos(times) - 0.1, np.cos(times) + 0.1], axis=1)
    for words in (["Z"], ["X", "Y", "Z", "XX", "YY", "ZIZ", "X@12"]):
        bands = dict.fromkeys(words, band)
        exact = dict.fromkeys(words, band[:, 0])
        figure = bands_figure(times, bands, exact=exact, title="12 sites, as 20,000 shots tell")
        drawn = [panel for panel in figure.axes if panel.lines]
        assert len(drawn) == len(words)
        check_texts(figure)
