"""Numbers of all random streams: each purpose draws numbers of its own from a seed."""

from enum import IntEnum


class Stream(IntEnum):
    """What random numbers are drawn for.

    The number is part of the seed: a new purpose gets a new one, and none ever changes.
    """

    # Trajectories in the files of the generator.
    TRAIN_FILES = 1
    VALIDATION_FILES = 2
    TEST_FILES = 3
    # Order of trajectories that come from elsewhere.
    GIVEN_ORDER = 4
    # Trajectories that the source computes during a training, see `qtf.data.exact_source`.
    TRAIN_STATES = 11
    VALIDATION_STATES_OF_SOURCE = 12
    TEST_STATES_OF_SOURCE = 13
    # Windows of trajectories that are given as arrays.
    TRAIN_WINDOWS = 14
    # Trajectories that trainings without files are validated on.
    VALIDATION_STATES = 21
    # Trajectories of a fit of the local generator, and their noise.
    FIT_STATES = 22
    FIT_NOISE = 23
    # States of evaluations without files, and those for fits of the least-squares predictor.
    TEST_STATES = 31
    LEAST_SQUARES_STATES = 32
    # Samples of validations of ground states, and flips that look for what they cannot show.
    GROUND_STATE_VALIDATION = 41
    GROUND_STATE_UNSEEN = 42
    # Samples that measure the trainings of a comparison of samplers, and the first spins of chains.
    SAMPLER_MEASUREMENT = 43
    CHAIN_START = 44
    # Samples of validations of open systems.
    OPEN_SYSTEM_VALIDATION = 47
    # Samples whose rates open systems follow in time.
    OPEN_SYSTEM_RATES = 48
    # Shots that are simulated, their random settings, and starts of fits to shots.
    SHOTS = 51
    SHOT_SETTINGS = 52
    SHOT_FIT_STARTS = 53
    # Settings that are held out to compare models of shots.
    SHOT_HOLD_OUT = 54
    # Guesses of parameters that measurements are planned for.
    SHOT_GUESSES = 55
    # Quantum trajectories that shots are measured on, one for each shot.
    SHOT_TRAJECTORIES = 56
    # Couplings of predictions, drawn from their covariance.
    SHOT_PREDICTIONS = 57
