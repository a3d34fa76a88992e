"""Mistakes in settings are told at once: before TensorFlow, which takes seconds, is imported."""

import json
import subprocess
import sys

import pytest

# A process of its own for every command, forked from one that has imported what all of them do.
PROGRAM = """
import json
import os
import runpy
import sys
import absl.app
import ml_collections.config_flags
import numpy
import scipy.sparse.linalg
exit_codes = []
for folder, arguments in json.loads(sys.argv[1]):
    if (child := os.fork()) == 0:
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT), number)
        break
    exit_codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
else:
    print(json.dumps(exit_codes))
    sys.exit()
sys.argv = arguments
try:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
finally:
    print([name for name in ("tensorflow", "keras") if name in sys.modules])
"""
DYNAMICS = ["trainers.dynamics", "--config=configs/dynamics/demo.py"]
GROUND_STATE = ["trainers.ground_state", "--config=configs/ground_state/heisenberg_chain.py:8"]
OPEN_SYSTEM = ["trainers.open_system", "--config=configs/open_system/ising_chain.py:3,1.0"]
TRAJECTORIES = ["trainers.trajectories", *OPEN_SYSTEM[1:]]
ISING = ["trainers.ground_state", "--config=configs/ground_state/ising_square.py:3,3.0"]
GROWTH = ["trainers.ground_state", "--config=configs/ground_state/grow_chain.py"]
HAMILTONIAN, PSI = "--config.physics.hamiltonian", "--config.wave_function"
FLIP = "--config.symmetry.group=flip"
GATED = ["--config.network.name=gated_2d", f"{PSI}.order=snake"]
# Nine spins of a sublattice change their sign together.
ODD = ["--config.growth.sizes=(18,22)", FLIP, f"{PSI}.positive=0", f"{PSI}.marshall_sign=0"]
WRONG_GROUND_STATES = [
    (GROUND_STATE, ["--config.min_sr.momentum=1.5"], "`min_sr.momentum` must be at least 0"),
    (GROUND_STATE, ["--config.symmetry.in_training=True"], '`symmetry.group` must not be "none"'),
    (GROUND_STATE, ["--config.refinement.n_epochs=-1"], "`refinement.n_epochs` must not be neg"),
    (GROUND_STATE, ["--config.network.name=gated_2d"], '`wave_function.order` must be "snake"'),
    (GROUND_STATE, GATED, '`network.name` = "gated_2d" needs a lattice with rows of sites'),
    (GROUND_STATE, ["--config.network.width=8"], "`network.width` is none of the network gru"),
    (GROUND_STATE, [f"{HAMILTONIAN}.coupling=-1.0"], "a sign that Marshall's rule does not make"),
    (GROUND_STATE, [f"{HAMILTONIAN}.n_sites=7"], "an even number of sites, but there are 7"),
    (ISING, [f"{HAMILTONIAN}.longitudinal_field=0.5", FLIP], "`symmetry.group` must be one of the"),
    (GROWTH, ["--config.growth.n_steps=(70,)"], "`growth.n_steps` must hold positive multiples"),
    (GROWTH, ["--init_from=RUN"], "Flag --init_from must not be given for a growth, but is."),
    (GROWTH, ["--extend=2"], "`training.extend` must be 0 for a growth, but is 2"),
    (GROUND_STATE, ["--config.orthogonal_to=A,B"], "`wave_function.positive` must be False with"),
    (GROWTH, ODD, '`symmetry.group` must be "none" unless'),
]
GENERATOR = [DYNAMICS[0], "--config=configs/dynamics/local_generator.py"]
JUMPS, DECAY = "--config.physics.jumps", "--config.physics.decay_rate=0.5"
# Command, what is asked, exit code, what is told: a wrong value, a combination, an unknown key.
MISTAKES = [
    (DYNAMICS, ["--config.model.units=-1"], 1, "`model.units` must be positive, but is -1"),
    (DYNAMICS, ["--config.loss=mae"], 1, "`loss` must be one of mean_squared_error, squared_dist"),
    (DYNAMICS, ["--config.model.n_max=4"], 1, "`data.n_sites` must be within 1..4 (model.n_max)"),
    (DYNAMICS, ["--config.data.weights=(1.0,)"], 1, "`data.weights` must be empty or hold one num"),
    (DYNAMICS, [], 1, 'Flag --data_dir is needed when `data.source` is "files"'),
    (GENERATOR, ["--extend=2"], 1, "`training.extend` must be 0 for a fit, which ends by itself"),
    (DYNAMICS, ["--extend=0"], 2, "--extend=0: 0 is not a positive integer"),
    (GENERATOR, ["--config.model.units=8"], 1, "`model.units` belongs to the networks, not to"),
    (DYNAMICS, ["--config.model.unit=8"], 2, "Did you mean `model.units`?"),
    *((command, flags, 1, words) for command, flags, words in WRONG_GROUND_STATES),
    (GROUND_STATE, ["--config.network.unit=8"], 2, "Did you mean `network.units`?"),
    (OPEN_SYSTEM, ["--config.training.n_epochs=0"], 1, "`training.n_epochs` must be positive"),
    (OPEN_SYSTEM, ["--config.training.precision=mixed_bfloat16"], 1, "`training.precision` must"),
    (OPEN_SYSTEM, [f"{JUMPS}.dephasing=-1"], 1, "`jumps.dephasing` must be at least 0, but is -1"),
    (OPEN_SYSTEM, [f"{JUMPS}.pump=1", DECAY], 1, "`physics.decay_rate` must be left out where"),
    (OPEN_SYSTEM, ["--config.reference=no"], 1, "`reference` must be a folder of `qtf traj"),
    (TRAJECTORIES, ["--config.start=/rho.npy"], 1, "`start` must be one of +x, -x, +y, -y, +z, -z"),
    (TRAJECTORIES, ["--times=0,-1"], 1, "Flag --times must hold times of at least 0, but is 0,-1"),
    (TRAJECTORIES, ["--interval=60"], 1, "`interval` must be at most duration = 50.0, but is 60"),
    (TRAJECTORIES, ["--n_trajectories=1"], 2, "--n_trajectories=1"),
    (OPEN_SYSTEM, ["--config.start=up"], 1, "a file with a density matrix (.npy, .npz), but is"),
    (OPEN_SYSTEM, ["--config.network.unit=8"], 2, "Did you mean `network.units`?"),
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Exit code of each command, and the folder that holds its output."""
    folders = [tmp_path_factory.mktemp("mistake") for _ in MISTAKES]
    commands = [
        (str(folder), [*command, *flags, f"--workdir={folder / 'run'}"])
        for folder, (command, flags, *_) in zip(folders, MISTAKES, strict=True)
    ]
    program = [sys.executable, "-c", PROGRAM, json.dumps(commands)]
    done = subprocess.run(program, stdout=subprocess.PIPE, check=True)
    return list(zip(json.loads(done.stdout), folders, strict=True))


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=lambda n: " ".join(MISTAKES[n][1]))
def test_a_mistake_is_told_without_tensorflow(answers, number):
    *_, code, words = MISTAKES[number]
    returned, folder = answers[number]
    told = (folder / "err").read_text()
    assert returned == code
    assert words in told
    assert told.count("\n") == 1
    assert (folder / "out").read_text() == "[]\n"
    assert not (folder / "run").exists()
