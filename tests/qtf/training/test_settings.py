import keras
import numpy as np
import pytest

from qtf.checks import Number
from qtf.training.distribution import is_chief, make_strategy
from qtf.training.optimization import make_optimizer
from qtf.training.optimizers import OptimizerSettings
from qtf.training.run_folder import RunFolder
from qtf.training.settings import TrainingSettings


def rates(steps, **optimizer):
    settings = TrainingSettings.from_mapping(
        {"n_epochs": 10, "steps_per_epoch": 100, "optimizer": optimizer}
    )
    schedule = make_optimizer(settings)._learning_rate
    return [float(schedule(step)) for step in steps]


def test_exponential_schedule_decays_each_epoch_down_to_the_floor():
    found = rates([0, 99, 100, 250, 10**5], schedule="exponential", decay=0.95, floor=5e-5)
    np.testing.assert_allclose(found, [1e-3, 1e-3, 0.95e-3, 0.95**2 * 1e-3, 5e-5], rtol=1e-6)


def test_cosine_schedule_warms_up_and_ends_at_the_floor():
    found = rates(
        [0, 9, 10, 505, 1000], schedule="cosine", learning_rate=1e-2, warmup_steps=10, floor=1e-4
    )
    np.testing.assert_allclose(found, [1e-3, 1e-2, 1e-2, (1e-2 + 1e-4) / 2, 1e-4], rtol=1e-5)


def test_inverse_square_root_falls_with_every_step():
    found = rates([0, 1, 1000, 300_000], schedule="inverse_sqrt", decay=1e-3)
    expected = [1e-3, 1e-3 / 1.001**0.5, 1e-3 / 2**0.5, 1e-3 / 301**0.5]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_last_third_of_every_epoch_is_lower():
    found = rates([0, 66, 67, 99, 100, 166, 167, 10**5], schedule="last_third_lower", decay=0.5)
    np.testing.assert_allclose(found, [1e-3, 1e-3, 5e-4, 5e-4, 1e-3, 1e-3, 5e-4, 1e-3], rtol=1e-6)


def test_last_third_of_120_steps_begins_at_the_80th():
    settings = TrainingSettings(
        steps_per_epoch=120, optimizer=OptimizerSettings(schedule="last_third_lower", decay=0.5)
    )
    schedule = make_optimizer(settings)._learning_rate
    assert [float(schedule(step)) < 1e-3 for step in (79, 80, 199, 200)] == [False, True] * 2


def test_a_schedule_begins_when_the_optimiser_has_taken_earlier_steps():
    settings = TrainingSettings(optimizer=OptimizerSettings(schedule="inverse_sqrt", decay=1.0))
    delayed = make_optimizer(settings, first_step=70)._learning_rate
    np.testing.assert_allclose(
        [float(delayed(step)) for step in (70, 73)], [1e-3, 0.5e-3], rtol=1e-6
    )


@pytest.mark.parametrize(
    ("schedule", "first_step"), [("cosine", 0), ("inverse_sqrt", 5), ("last_third_lower", 0)]
)
def test_schedules_round_trip(schedule, first_step):
    settings = OptimizerSettings(schedule=schedule)
    optimizer = make_optimizer(TrainingSettings(optimizer=settings), first_step=first_step)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert copy.get_config() == optimizer.get_config()


def test_plain_gradient_descent_follows_the_schedule():
    settings = OptimizerSettings(name="sgd", learning_rate=0.5, schedule="constant")
    optimizer = make_optimizer(TrainingSettings(optimizer=settings))
    weight = keras.Variable([3.0])
    optimizer.apply([np.array([2.0], "float32")], [weight])
    np.testing.assert_allclose(np.asarray(weight), [2.0])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_epoch": 1}, "Unknown key `training.n_epoch`; known are .*n_epochs"),
        ({"optimizer": {"lr": 1}}, "Unknown key `training.optimizer.lr`"),
        ({"n_epochs": 0}, "Setting `training.n_epochs` must be positive, but is 0."),
        (
            {"optimizer": {"name": "x"}},
            "Setting `training.optimizer.name` must be one of adam, sgd, but",
        ),
        ({"patience": -1}, "Setting `training.patience` must not be negative, but is -1."),
        ({"strategy": "x"}, 'Setting `training.strategy` must be one of .* but is "x".'),
        ({"precision": "half"}, 'Setting `training.precision` must be one of .* but is "half".'),
        ({"optimizer": {"schedule": "x"}}, "Setting `training.optimizer.schedule` must be one of"),
        (
            {"optimizer": {"learning_rate": 0.0}},
            "`training.optimizer.learning_rate` must be positive",
        ),
        ({"optimizer": {"clip_norm": -1.0}}, "`training.optimizer.clip_norm` must not be negative"),
        (
            {"optimizer": {"learning_rate": float("inf")}},
            "learning_rate` must be finite, but is inf",
        ),
        ({"optimizer": {"beta_1": 1.0}}, "beta_1` must be at least 0 and below 1, but is 1.0"),
        ({"optimizer": {"epsilon": float("nan")}}, "epsilon` must be finite, but is nan"),
        ({"seed": 2**31}, "`training.seed` must be at least 0 and at most 2147483647, but is"),
        ({"xla": 1}, "`training.xla` must be True or False, but is 1"),
        (
            {"optimizer": {"schedule": "exponential", "decay": 1.5}},
            'decay` must be at most 1 for the schedule "exponential", but is 1.5',
        ),
        (
            {"optimizer": {"schedule": "cosine", "learning_rate": 1e-3, "floor": 1e-2}},
            "floor` must be at most `training.optimizer.learning_rate` = 0.001, but is 0.01",
        ),
    ],
)
def test_from_mapping_raises_on_bad_values(values, message):
    with pytest.raises(ValueError, match=message):
        TrainingSettings.from_mapping(values)


def test_one_device_strategy_is_its_own_chief():
    assert is_chief(make_strategy("one_device"))


def test_load_model_of_an_empty_folder_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no run: no config.json"):
        RunFolder(tmp_path).load_model()


def test_load_model_before_training_says_so(tmp_path):
    folder = RunFolder(tmp_path)
    folder.open({})
    folder.close()
    with pytest.raises(FileNotFoundError, match="has no weights yet: no model.json"):
        RunFolder(tmp_path).load_model()


def test_damaged_files_of_a_run_are_named(tmp_path):
    folder = RunFolder(tmp_path)
    folder.open({})
    folder.close()
    folder.save_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    (tmp_path / "best.weights.h5").write_bytes(b"rubbish")
    with pytest.raises(ValueError, match="Weights .*best.weights.h5 do not fit the model"):
        folder.load_model()
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="config.json holds no JSON"):
        folder.load_config()


NUMBERS = (float("nan"), float("inf"), -float("inf"), -1, True, "3", None)


NUMBER_KEYS = [
    (settings.section, key)
    for settings in (TrainingSettings, OptimizerSettings)
    for key, rule in settings.rules().items()
    if isinstance(rule, Number)
]


@pytest.mark.parametrize("value", NUMBERS, ids=str)
@pytest.mark.parametrize(("section", "key"), NUMBER_KEYS)
def test_no_number_of_the_training_is_taken_without_a_meaning(section, key, value):
    if key == "stop_below" and value == -1 and value is not True:
        return
    values = {key: value} if section == "training" else {"optimizer": {key: value}}
    with pytest.raises(ValueError, match=f"Setting `{section}.{key}` must"):
        TrainingSettings.from_mapping(values)


def test_every_number_of_the_training_has_a_rule():
    assert len(NUMBER_KEYS) == 20
    for settings in (TrainingSettings, OptimizerSettings):
        words = {"monitor", "stop_metric"}
        assert settings().as_mapping().keys() - words == settings.rules().keys()
