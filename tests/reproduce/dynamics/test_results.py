import json
from dataclasses import replace

import numpy as np
import pytest

from reports.records import read_record
from reproduce.sections.dynamics.material import Series
from reproduce.sections.dynamics.requirements import all_requirements
from reproduce.sections.dynamics.results import Results, better_from_step, divide_losses, measure


@pytest.fixture(scope="module")
def found(material):
    return measure(material)


def requirements(numbers):
    return all_requirements(read_record(Results, numbers))


def test_results_have_the_keys_that_readers_rely_on(found):
    assert set(found) == {
        "increment",
        "paper",
        "local_generator",
        "transfer_8",
        "machine",
        "date",
        "versions",
    }
    for name in ("increment", "paper", "local_generator"):
        assert found[name]["minutes"] == 12.5
        for n in ("2", "3"):
            entry = found[name]["n_sites"][n]
            for values in (entry, entry["straight_line"], entry["persistence"]):
                assert {"mre_100", "mre_250", "fidelity_100"} <= set(values)
                assert all(isinstance(values[key], float) for key in ("mre_100", "fidelity_100"))
    assert json.loads(json.dumps(found)) == found


def test_results_are_the_numbers_of_the_evaluation(material, found):
    metrics = material.evaluations["increment"].n_sites[3]
    entry = found["increment"]["n_sites"]["3"]
    entropy = metrics["mean_relative_entropy"]
    assert entry["mre_100"] == entropy["model"].mean[100]
    assert entry["mre_250"] == entropy["model"].mean[250]
    assert entry["fidelity_100"] == metrics["fidelity"]["model"].median[100]
    assert entry["persistence"]["mre_100"] == entropy["persistence"].mean[100]
    losses = metrics["mean_squared_error"]["model"].mean[1:101]
    assert entry["rollout_loss_100"] == pytest.approx(np.mean(losses))


def test_results_leave_out_what_has_not_run(material):
    runs = {"increment": material.runs["increment"]}
    found = measure(replace(material, runs=runs, evaluations={}, times=()))
    assert set(found) == {"increment", "machine", "date", "versions"}
    assert found["increment"]["n_sites"] == {}


def test_local_generator_has_the_chain_lengths_of_all_its_evaluations(found):
    assert set(found["local_generator"]["n_sites"]) == {"2", "3", "4", "5"}
    assert found["local_generator"]["generator"]["seconds"] == 0.5
    assert found["local_generator"]["noise"] == 1e-3


def test_transfer_has_both_trainings_from_scratch_and_the_ratios(found):
    transfer = found["transfer_8"]
    assert set(transfer["n_sites"]) == {"4"}
    assert transfer["loss_ratios"]["paper_rate"] == pytest.approx([0.01, 0.002])
    assert transfer["loss_ratios"]["base_rate"] == pytest.approx([0.1, 0.5])
    assert transfer["from_scratch"]["n_sites"]["4"]["mre_100"] > 0


def test_loss_ratios_end_with_the_shorter_run():
    losses = {"fine_tuned": [1.0, 1.0, 1.0], "from_scratch": [2.0, 4.0]}
    assert divide_losses(losses) == {"paper_rate": [0.5, 0.25]}


def entropies(model, line):
    return {"mean_relative_entropy": {"model": Series(model), "straight line": Series(line)}}


@pytest.mark.parametrize(
    ("model", "line", "expected"),
    [
        ([0, 5, 1, 1], [0, 0, 2, 2], 2),
        ([0, 5, 3, 1], [0, 0, 2, 2], 3),
        ([0, 5, 1, 3], [0, 0, 2, 2], None),
        ([0, 5, 1, None], [0, 0, 2, 2], None),
        ([0, 5, 1, 1], [0, 0, 2, None], 2),
    ],
)
def test_better_from_step_is_where_the_model_stays_below_the_line(model, line, expected):
    assert better_from_step(entropies(model, line)) == expected


def test_checks_compare_with_the_limits(found):
    checks = {check.words: check for check in requirements(found)}
    texts = {text: check.holds for text, check in checks.items()}
    assert texts["`increment` is trained in at most 90 minutes"] is True
    assert texts["MRE at step 100, n = 3: at most 0.0003"] is True
    ratio = "validation loss of fine-tuning over that from scratch, every epoch, learning rate"
    assert texts[f"{ratio} the paper's 1e-4: at most 0.33"] is True
    assert texts[f"{ratio} the base run's 1e-3: at most 0.33"] is False
    slow = "local generator fitted in less than a minute, start of the program included"
    assert texts[slow] is False


def test_checks_fail_for_values_above_the_limits(found):
    bad = json.loads(json.dumps(found))
    bad["increment"]["minutes"] = 91.0
    for entry in bad["increment"]["n_sites"].values():
        entry["mre_100"], entry["mre_250"], entry["fidelity_100"] = 0.1, None, 0.5
        entry["better_than_straight_line_from_step"] = None
    checks = [check for check in requirements(bad) if "fine-tuning" not in check.words]
    mine = [check for check in checks if "local generator" not in check.words]
    assert len(mine) == 6
    assert not any(check.holds for check in mine)
    assert {"not finite (n = 2)", "n = 2: not at the end, n = 3: not at the end"} <= {
        check.measured for check in mine
    }


def test_checks_compare_learned_couplings_with_the_exact_ones(found):
    checks = {check.words: check for check in requirements(found)}
    assert checks["local generator: error of the couplings: at most 1e-06"].holds is True
    noise = "local generator with noise of 0.001 on every amplitude"
    assert checks[f"{noise}: relative error of the couplings: at most 0.01"].holds is True
    assert checks[f"{noise}: distance of the couplings in error bars: at most 3.6"].holds is True
    bad = json.loads(json.dumps(found))
    learned = bad["local_generator"]["generator_from_noisy_data"]["hamiltonian"]
    learned["parameters"]["longitudinal_field"] = 0.51
    bad["local_generator"]["generator"]["hamiltonian"]["parameters"]["transverse_field"] = -1.051
    wrong = [check for check in requirements(bad) if "of the couplings" in check.words]
    assert [check.holds for check in wrong] == [False, False, False]


def test_checks_of_the_local_generator_use_its_chain_lengths(found):
    few = json.loads(json.dumps(found["local_generator"]))
    few["n_sites"]["12"] = {"amplitude_error_250": 2e-7, "mre_250": 1e-11}
    made = {key: found[key] for key in ("machine", "date", "versions")}
    checks = requirements({**made, "local_generator": few})
    checks = [check for check in checks if "12" in check.words]
    assert [check.holds for check in checks] == [False, True]
