"""Our fit of shots beside the code that wilde2022 published, of the demonstration of that paper.

13 parameters of a chain of 10 from 50,000 shots. Both maximise the same likelihood; theirs starts
near the truth, ours without any guess, and where they end must be the same within the error bars.
The peer is in no registry: without its sources in the peers' environment there are no rows.
"""

import numpy as np

from benchmarks.peers.remote import remote
from benchmarks.rows import PEER, Row, compare
from benchmarks.timing import clock, run_in_turns
from qtf.measurements import ShotModel, fit_shots, simulate_shots
from qtf.measurements.experiments import Experiments, Setting

ROOM = "learning from shots"
PEER_CODE = "differentiable-tebd with L-BFGS-B"
WORDS = ("XX", "YY", "ZZ", "X@each")
N_SITES, TIMES, SETTINGS_A_TIME, SHOTS = 10, (0.2, 0.4, 0.6, 0.8, 1.0), 100, 100
SEED = 3
# Of the start of the peer from the truth, a parameter.
START_OFF = 0.15
# Error bars, root mean square, that the two results may differ by: Trotter steps have an error.
LARGEST_DISTANCE = 0.3
FEW_RUNS = 3


def measure(count: int) -> list[Row]:
    """Returns the row of this room, or none where the peer is not installed.

    Raises:
        RuntimeError: The two results differ.
    """
    model, truth, shots = _experiment()
    ours = fit_shots(model, shots, candidates=())
    with remote("tebd_learning") as make:
        if not make("is_there")():
            print("The peer of this room is in no registry: install differentiable-tebd there.")
            return []
        random = np.random.default_rng(SEED)
        problem = {
            "times": [setting.time for setting in shots.settings],
            "bases": [setting.basis for setting in shots.settings],
            "bits": [[*_repeated(counts)] for counts in shots.counts],
            "start": (truth + START_OFF * random.choice([-1.0, 1.0], len(truth))).tolist(),
        }
        found = {"expected": ours.parameters.tolist(), "errors": ours.errors.tolist()}
        distance = make("distance", **problem, **found)()
        if distance > LARGEST_DISTANCE:
            raise RuntimeError(f"The peer ends {distance:.2g} error bars from ours.")
        runs = {
            "ours": clock(lambda: fit_shots(model, shots, candidates=())),
            "theirs": make("fit", **problem),
        }
        seconds = run_in_turns(runs, min(count, FEW_RUNS))
    name = f"{model.size} parameters of {N_SITES} spins from {shots.shots:,} shots"
    return [compare(ROOM, name, seconds["ours"], PEER_CODE, seconds["theirs"], PEER)]


def _experiment() -> tuple[ShotModel, np.ndarray, Experiments]:
    random = np.random.default_rng(SEED)
    model = ShotModel.of_words(N_SITES, terms=WORDS)
    truth = random.uniform(-1.0, 1.0, model.size)
    settings = [
        Setting("+z", time, "".join(random.choice(list("XYZ"), N_SITES)), SHOTS)
        for time in TIMES
        for _ in range(SETTINGS_A_TIME)
    ]
    return model, truth, simulate_shots(model, truth, settings, seed=SEED)


def _repeated(counts: dict[str, int]) -> list[str]:
    return [bits for bits, count in counts.items() for _ in range(count)]
