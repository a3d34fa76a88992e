import pytest

from reproduce.engine.layout import Layout
from reproduce.sections.dynamics.budgets import BUDGETS, budget
from reproduce.sections.dynamics.stages import stages_of


@pytest.mark.parametrize("name", BUDGETS)
def test_a_budget_names_only_stages_that_exist(name, tmp_path):
    stages = {stage.name for stage in stages_of(Layout(tmp_path, tmp_path), name)}
    assert set(budget(name).minutes) == stages
    assert set(budget(name).arguments) <= stages


@pytest.mark.parametrize("name", ["full", "short"])
def test_budgets_that_count_evaluate_a_thousand_states_of_each_n(name, tmp_path):
    by_name = {stage.name: stage for stage in stages_of(Layout(tmp_path, tmp_path), name)}
    arguments = by_name["evaluate_increment"].arguments
    assert {"--n_sites=2,3,4,5,6,7", "--n_steps=250", "--n_samples=1000"} <= set(arguments)
    assert "--n_sites=8" in by_name["evaluate_transfer_8"].arguments


def test_an_unknown_budget_is_an_error():
    with pytest.raises(ValueError, match="`budget` must be one of .*'tiny'.*, but is 'huge'"):
        budget("huge")


def test_the_short_budget_keeps_the_learning_rates_of_the_paper():
    arguments = dict(word.split("=") for word in budget("short").arguments["paper"])
    decay = float(arguments["--config.training.optimizer.decay"])
    steps = int(arguments["--config.training.steps_per_epoch"])
    assert decay ** (3750 / steps) == pytest.approx(0.95, rel=1e-4)
