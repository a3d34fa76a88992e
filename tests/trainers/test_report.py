import numpy as np
import pytest

from qtf.dynamics.evaluation import Evaluation
from qtf.dynamics.metrics import METRICS, Summary
from trainers import report
from trainers.report import write_report

TRAJECTORY = np.full((3, 4), 0.5)


def evaluation(errors):
    """An evaluation of three times with constant errors of the predictors."""
    by_name = {name: Summary(*np.full((4, 3), value)) for name, value in errors.items()}
    summaries = dict.fromkeys(METRICS, by_name)
    return Evaluation(2, 5, summaries, exact=TRAJECTORY, predicted=TRAJECTORY)


@pytest.fixture
def _without_figures(monkeypatch):
    monkeypatch.setattr(report, "_draw", lambda *arguments: {})


def page(tmp_path, errors, **facts):
    known = {"run": "r", "dt": 0.1, "n_steps": 2, "n_sequences": {"2": 5}, "trained_n_sites": [2]}
    path = write_report(tmp_path, {2: evaluation(errors)}, {}, {**known, **facts}, [])
    return path.read_text()


ERRORS = {"model": 1e-4, "persistence": 0.2, "straight line": 0.01, "least squares": 1e-12}


@pytest.mark.usefixtures("_without_figures")
@pytest.mark.parametrize(
    ("changes", "best"),
    [
        ({}, "1.00e-12"),
        ({"least squares": 1e-3}, "1.00e-04"),
        ({"least squares": np.nan}, "1.00e-04"),
        ({"model": np.inf, "least squares": np.inf}, "0.01"),
    ],
)
def test_the_best_predictor_of_a_row_is_bold_whichever_it_is(tmp_path, changes, best):
    text = page(tmp_path, ERRORS | changes)
    assert text.count("<td class=best>") == 1
    assert f"<td class=best>{best}</td>" in text


@pytest.mark.usefixtures("_without_figures")
def test_without_a_finite_number_nothing_is_bold(tmp_path):
    assert "<td class=best>" not in page(tmp_path, dict.fromkeys(ERRORS, np.nan))


def test_figures_are_drawn_of_errors_that_are_infinite(tmp_path):
    page(tmp_path, ERRORS | {"model": np.inf})
    assert (tmp_path / "figures" / "mean_relative_entropy.png").exists()


@pytest.mark.usefixtures("_without_figures")
def test_what_a_fit_has_said_is_a_fact(tmp_path):
    text = page(tmp_path, ERRORS, fit="Such a generator explains the data, p = 0.4.")
    assert "<td>Such a generator explains the data, p = 0.4.</td>" in text
