"""What is set of the steps of a search: interrupted, they go on as if nothing had been."""

import contextlib

import pytest

from qtf.ground_states.task import Reconfiguration
from qtf.training.run_folder import RunFolder
from qtf.training.tensorflow_checkpoints import TensorFlowCheckpoints

from .test_assembly import RECONFIGURATION, search, small

SETTINGS = {
    **RECONFIGURATION,
    "network__units": 4,
    "network__context": True,
    "sampling__n_samples": 8,
    "sampling__n_validation": 20,
    "sampling__grow_at": (0.5, 0.75),
    "sampling__grow_to": (2, 3),
    "min_sr__relative_shift": 1e-3,
    "min_sr__second_moment": 0.9,
    "training__average_last": 0.5,
    "training__steps_per_epoch": 2,
}


class Killed(BaseException):
    """Stands for kill -9."""


def test_a_killed_run_goes_on_with_samples_moments_and_averages(tmp_path, monkeypatch):
    numbers = []
    direction = Reconfiguration.direction

    def recorded(self, bits, *arguments):
        # Once for each graph.
        numbers.append(bits.shape[0])
        return direction(self, bits, *arguments)

    monkeypatch.setattr(Reconfiguration, "direction", recorded)
    whole = search(small(**SETTINGS), tmp_path / "whole")
    assert numbers == [8, 16, 24]
    assert whole.step.configurations.n_rows == 24
    save = TensorFlowCheckpoints.save

    def deadly(self):
        save(self)
        if self.progress.step == 6:
            raise Killed

    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        patch.setattr(TensorFlowCheckpoints, "save", deadly)
        search(small(**SETTINGS), tmp_path / "parts")
    parts = search(small(**SETTINGS), tmp_path / "parts")
    assert parts.estimate(20) == whole.estimate(20)
    texts = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("whole", "parts")]
    assert texts[0] == texts[1]
    kept = [RunFolder(tmp_path / name).load_model() for name in ("whole", "parts")]
    one, other = ([w.tolist() for w in model.get_weights()] for model in kept)
    assert one == other


def test_samples_grow_at_shares_of_the_training():
    few = small(**{**SETTINGS, "sampling__grow_at": (), "sampling__grow_to": ()})
    assert few.sampling.growth(8) == []
    many = small(**SETTINGS)
    assert many.sampling.growth(8) == [(4, 2), (6, 3)]
    with pytest.raises(ValueError, match="`sampling.grow_to` .* must be positive, but one is 0"):
        small(**{**SETTINGS, "sampling__grow_to": (2, 0)})
