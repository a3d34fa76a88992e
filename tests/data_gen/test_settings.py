import json

import pytest
from ml_collections import ConfigDict

from data_gen.settings import GenerationSettings, settings_from_config


def test_counts_are_given_for_all_or_for_each_length(config):
    settings = settings_from_config(config)
    assert settings.counts("train") == {2: 7, 3: 5}
    assert settings.as_record()["n_trajectories"] == {"train": [7, 5], "test": [2, 2]}


def test_config_dict_gives_the_same_settings(config):
    assert settings_from_config(ConfigDict(config)) == settings_from_config(config)


def test_settings_survive_json(config):
    settings = settings_from_config(config)
    copy = settings_from_config(json.loads(json.dumps(settings.as_record())))
    assert copy.as_record() == settings.as_record()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_step": 3}, "unknown key `n_step`. Did you mean `n_steps`"),
        ({"n_sites": ()}, r"`n_sites` must hold different integers from 1 to 12, but is \(\)"),
        ({"n_sites": (0, 2)}, r"`n_sites` must hold .*, but is \(0, 2\)"),
        ({"n_sites": (2, 13)}, r"`n_sites` must hold .*, but is \(2, 13\)"),
        ({"n_sites": (2, 2)}, r"`n_sites` must hold different .*, but is \(2, 2\)"),
        ({"n_sites": (2.5,)}, "`n_sites` must hold different integers"),
        ({"hamiltonian": "ising"}, "`hamiltonian` must hold further settings, but is 'ising'"),
        ({"hamiltonian": {"name": "ising", "n_sites": 2}}, r"`hamiltonian\.n_sites` is not"),
        ({"hamiltonian": {"name": "icing"}}, "icing"),
        ({"hamiltonian": {"name": "ising", "couplng": 1.0}}, "couplng"),
        ({"initial_states": "x"}, "`initial_states` must be one of .*, but is .x"),
        ({"dt": 0.0}, r"`dt` must be positive, but is 0\.0"),
        ({"dt": -0.1}, r"`dt` must be positive, but is -0\.1"),
        ({"dt": float("nan")}, "`dt` must be finite, but is nan"),
        ({"dt": True}, "`dt` must be a number, but is True"),
        ({"dt": "x"}, "`dt` must be a number, but is .x"),
        ({"n_steps": 0}, "`n_steps` must be positive, but is 0"),
        ({"min_shards": 1.5}, r"`min_shards` must be an integer, but is 1\.5"),
        ({"shard_megabytes": 0}, "`shard_megabytes` must be positive, but is 0"),
        ({"seed": -1}, "`seed` must not be negative, but is -1"),
        ({"dtype": "float16"}, "`dtype` must be one of .*, but is .float16"),
        ({"compression": "zip"}, "`compression` must be one of .*, but is .zip"),
        ({"n_trajectories": {"dev": 3}}, "`n_trajectories` must give numbers for some of"),
        ({"n_trajectories": 5}, "`n_trajectories` must hold further settings, but is 5"),
        ({"n_trajectories": {"train": 0}}, r"`n_trajectories\.train` must be .*, but is 0"),
        ({"n_trajectories": {"train": (1, 2, 3)}}, "for each of the 2 entries of `n_sites`"),
    ],
)
def test_settings_fail_on_a_wrong_value(config, changes, message):
    with pytest.raises(ValueError, match=message):
        settings_from_config({**config, **changes})


def test_what_is_missing_has_its_default(config):
    del config["dt"]
    assert settings_from_config(config).dt == GenerationSettings().dt == 0.002
