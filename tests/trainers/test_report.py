import re

import numpy as np
import pytest

from qtf.dynamics import figures
from qtf.dynamics.evaluation import evaluate
from qtf.physics import Chain, evolve, ising, sample_initial_states
from tests.figure_checks import check_texts
from trainers.report import write_report

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
    facts = {
        "run": "RUN",
        "system": "Ising model, open chain",
        "dt": DT,
        "n_steps": N_STEPS,
        "n_sequences": {"2": 4, "3": 4},
        "trained_n_sites": [2],
    }
    rows = [{"step": step, "loss": 0.1 / step, "mre": 0.2 / step} for step in (1, 2, 3)]
    page = write_report(tmp_path, evaluations, {}, facts, rows).read_text()
    tables = re.findall(r"(.{0,18})<table", page)
    assert tables == ["<div class='wide'>"[-18:]] * 3
    assert re.search(r"\.wide \{ overflow-x: auto; \}", page)
    assert "<td>system</td><td>Ising model, open chain</td>" in page
    assert len(drawn) == 7 + 2 + 2 + 1
    for figure in drawn:
        assert figure.get_suptitle().startswith("Ising model, open chain")
        check_texts(figure)
