"""Fit a generator, evaluate it on longer chains without files, export it: as a user would."""

import json
import sys
from pathlib import Path

import pytest

from tests import preloaded

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


def run(module, *arguments):
    return preloaded.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Run folder of a fit, and what the command printed."""
    folder = tmp_path_factory.mktemp("runs") / "generator"
    result = run(
        "trainers.dynamics",
        "--config=configs/dynamics/local_generator.py",
        "--config.exact.hamiltonian.transverse_field=0.7",
        "--config.fit.n_trajectories=30",
        "--config.data.rollout_steps=20",
        "--config.data.n_validation=4",
        "--config.training.xla=False",
        f"--workdir={folder}",
    )
    assert result.returncode == 0, result.stderr
    return folder, result.stdout


def test_the_command_prints_what_it_has_learned(fitted):
    folder, out = fitted
    assert "Ising chain with coupling 1.000000000 +- " in out
    assert "transverse_field 0.700000000 +- " in out
    assert out.endswith(f"Run folder: {folder}\n")


def test_evaluation_without_files_reaches_chains_that_no_fit_has_seen(fitted, tmp_path):
    result = run(
        "trainers.evaluate",
        f"--workdir={fitted[0]}",
        f"--out_dir={tmp_path}",
        "--n_sites=5,9",
        "--n_steps=30",
        "--n_samples=3",
    )
    assert result.returncode == 0, result.stderr
    content = json.loads((tmp_path / "metrics.json").read_text())
    assert content["n_sequences"] == {"5": 3, "9": 3}
    for metrics in content["n_sites"].values():
        assert max(metrics["amplitude_error"]["model"]["mean"]) < 1e-12
        assert metrics["amplitude_error"]["straight line"]["mean"][30] > 1e-4
    assert "least squares" in content["n_sites"]["5"]["fidelity"]
    assert "least squares" not in content["n_sites"]["9"]["fidelity"]
    assert "never trained on n" in (tmp_path / "report.html").read_text()
    # A fit is validated once, which makes no curve.
    assert not (tmp_path / "figures" / "training.png").exists()


def test_export_serves_longer_chains(fitted, tmp_path):
    result = run(
        "trainers.export", f"--workdir={fitted[0]}", f"--model_dir={tmp_path}/m", "--n_sites=3,9"
    )
    assert result.returncode == 0, result.stderr
    card = (tmp_path / "m" / "1" / "assets" / "model_card.md").read_text()
    assert "for systems of 3, 9\nspins" in card


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        ("trainers.evaluate", ["--out_dir=x", "--n_sites=5,x"], "--n_sites must hold positive"),
        ("trainers.export", ["--model_dir=x", "--n_sites=0.5"], "--n_sites must hold positive"),
    ],
)
def test_a_mistake_is_one_line(fitted, module, arguments, message):
    result = run(module, f"--workdir={fitted[0]}", *arguments)
    assert result.returncode == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
