from qtf.data.schema import SPLITS
from qtf.streams import Stream

# As in files and checkpoints that exist: none ever changes.
NUMBERS = {
    "TRAIN_FILES": 1,
    "VALIDATION_FILES": 2,
    "TEST_FILES": 3,
    "GIVEN_ORDER": 4,
    "TRAIN_STATES": 11,
    "VALIDATION_STATES_OF_SOURCE": 12,
    "TEST_STATES_OF_SOURCE": 13,
    "TRAIN_WINDOWS": 14,
    "VALIDATION_STATES": 21,
    "FIT_STATES": 22,
    "FIT_NOISE": 23,
    "TEST_STATES": 31,
    "LEAST_SQUARES_STATES": 32,
    "GROUND_STATE_VALIDATION": 41,
    "GROUND_STATE_UNSEEN": 42,
    "SAMPLER_MEASUREMENT": 43,
    "CHAIN_START": 44,
    "OPEN_SYSTEM_VALIDATION": 47,
    "OPEN_SYSTEM_RATES": 48,
    "SHOTS": 51,
    "SHOT_SETTINGS": 52,
    "SHOT_FIT_STARTS": 53,
    "SHOT_HOLD_OUT": 54,
    "SHOT_GUESSES": 55,
    "SHOT_TRAJECTORIES": 56,
    "SHOT_PREDICTIONS": 57,
}


def test_every_purpose_has_the_number_that_it_always_had():
    assert {stream.name: stream.value for stream in Stream} == NUMBERS


def test_splits_are_in_the_order_of_their_streams():
    for first in (Stream.TRAIN_FILES, Stream.TRAIN_STATES):
        names = [Stream(first + place).name.split("_")[0].lower() for place in range(len(SPLITS))]
        assert names == list(SPLITS)
