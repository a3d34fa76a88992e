import re

import numpy as np
import pytest

from qtf.dynamics import figures
from qtf.dynamics.evaluation import Evaluation, evaluate
from qtf.dynamics.metrics import METRICS, Summary
from qtf.physics import Chain, evolve, ising, sample_initial_states
from tests.figure_checks import check_texts
from trainers.evaluate import report
from trainers.evaluate.report import Facts, write_report

DT, N_STEPS = 0.002, 20


@pytest.fixture(scope="module")
def evaluations():
    def of(n_sites):
        hamiltonian = ising(Chain(n_sites))
        psi0 = sample_initial_states("paper", n_sites, 4, seed=1)
        times = DT * np.arange(N_STEPS + 1)
        wrong = 1.0 + 1e-3 * np.linspace(0.0, 1.0, N_STEPS + 1)[:, None]
        return evaluate(
            lambda psi0: evolve(hamiltonian, psi0, times) * wrong,
            psi0,
            hamiltonian,
            dt=DT,
            n_steps=N_STEPS,
        )

    return {n_sites: of(n_sites) for n_sites in (2, 3)}


@pytest.fixture
def drawn(monkeypatch):
    """The figures of a report, as they are made."""
    found = []
    for name in ("errors", "amplitudes", "components", "magnetization", "training"):
        function = getattr(figures, f"{name}_figure")

        def kept(*arguments, function=function, **options):
            found.append(function(*arguments, **options))
            return found[-1]

        monkeypatch.setattr(figures, f"{name}_figure", kept)
    return found


def test_a_report_is_readable_in_a_narrow_window(tmp_path, evaluations, drawn):
    facts = Facts(
        run="RUN",
        data="DATA",
        system="Ising model, open chain",
        dt=DT,
        n_steps=N_STEPS,
        n_sequences={2: 4, 3: 4},
        trained_n_sites=(2,),
        evaluation_seconds={2: 0.1, 3: 0.2},
    )
    rows = [{"step": step, "loss": 0.1 / step, "mre": 0.2 / step} for step in (1, 2, 3)]
    page = write_report(tmp_path, evaluations, {}, facts, rows).read_text()
    tables = re.findall(r"(.{0,18})<table", page)
    assert tables == ["<div class='wide'>"[-18:]] * 3
    assert re.search(r"\.wide \{ overflow-x: auto; \}", page)
    assert "<td>never trained on n</td><td>3</td>" in page
    assert "<td>system</td><td>Ising model, open chain</td>" in page
    assert len(drawn) == 7 + 2 + 2 + 1
    for figure in drawn:
        assert figure.get_suptitle().startswith("Ising model, open chain")
        check_texts(figure)


TRAJECTORY = np.full((3, 4), 0.5)


def evaluation(errors):
    """An evaluation of three times with constant errors of the predictors."""
    by_name = {name: Summary(*np.full((4, 3), value)) for name, value in errors.items()}
    summaries = dict.fromkeys(METRICS, by_name)
    return Evaluation(2, 5, summaries, exact=TRAJECTORY, predicted=TRAJECTORY)


@pytest.fixture
def _without_figures(monkeypatch):
    monkeypatch.setattr(report, "_draw", lambda *arguments: {})


def page(tmp_path, errors, **fit):
    facts = Facts("r", "d", "Ising model", 0.1, 2, {2: 5}, (2,), {2: 0.1}, fit)
    return write_report(tmp_path, {2: evaluation(errors)}, {}, facts, []).read_text()


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
