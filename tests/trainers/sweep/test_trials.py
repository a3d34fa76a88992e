import pytest

from trainers.sweep.trials import make_trials, parse_seeds


def test_trials_are_every_combination_seeds_within():
    trials = make_trials(["a.x=1,2", "b.y=u,v"], "0:2")
    assert len(trials) == 8
    assert [list(trial.values.values()) for trial in trials[:3]] == [
        ["1", "u", "0"],
        ["1", "u", "1"],
        ["1", "v", "0"],
    ]
    assert trials[-1].name == "x=2,y=v,seed=1"


def test_keys_with_the_same_last_word_are_told_apart():
    (trial,) = make_trials(["a.units=1", "b.units=2"])
    assert trial.name == "a.units=1,b.units=2"


def test_a_key_that_ends_another_is_told_from_it():
    (trial,) = make_trials(["n=1", "data.n=2", "x_data.n=3"])
    assert trial.name == "n=1,data.n=2,x_data.n=3"


def test_commas_within_brackets_and_quotes_belong_to_the_value():
    trials = make_trials(["data.n_sites=(2,3),(2,3,4)", "name='a,b',c"])
    assert [trial.values["data.n_sites"] for trial in trials] == ["(2,3)"] * 2 + ["(2,3,4)"] * 2
    assert [trial.values["name"] for trial in trials[:2]] == ["'a,b'", "c"]


def test_values_that_are_paths_give_names_of_folders():
    (trial,) = make_trials(["a.terms_file=my terms/x.json"])
    assert trial.name == "terms_file=my_terms_x.json"
    assert trial.words == ["--config.a.terms_file=my terms/x.json"]


@pytest.mark.parametrize("text", ["a.b", "a.b=", "a.b=1,,2", "a.b=1,1", "=1", "a b=1", "--a=1"])
def test_over_that_is_no_key_with_values_is_one_clear_error(text):
    with pytest.raises(ValueError, match="must be a key and its different values"):
        make_trials([text])


def test_setting_given_twice_is_one_clear_error():
    with pytest.raises(ValueError, match="name each setting once, but `a.b` twice"):
        make_trials(["a.b=1", "a.b=2"])


def test_seed_given_in_both_ways_is_one_clear_error():
    with pytest.raises(ValueError, match="must not both set `training.seed`"):
        make_trials(["training.seed=1"], "0:2")


def test_nothing_to_vary_is_one_clear_error():
    with pytest.raises(ValueError, match="needs something to vary"):
        make_trials([])


@pytest.mark.parametrize("text", ["", "3:3", "5:2", "a", "1,1", "-1:2", "1:2:3"])
def test_seeds_written_in_another_way_are_one_clear_error(text):
    with pytest.raises(ValueError, match="must be FIRST:END, without the end"):
        parse_seeds(text)


def test_names_that_are_too_long_or_alike_are_one_clear_error():
    with pytest.raises(ValueError, match="names of at most 200 letters"):
        make_trials([f"a.b={'x' * 200}"])
    with pytest.raises(ValueError, match="different names of folders"):
        make_trials(["a.b=x/y,x y"])
