import json
from dataclasses import replace

import numpy as np
import pytest

from qtf.files import read_json
from qtf.measurements import Setting, ShotModel, simulate_shots
from qtf.measurements.outcomes import product_states
from reproduce.engine.layout import Layout
from reproduce.engine.pages import write_page
from reproduce.sections.measurements import chains, plans, selections, stages_of
from reproduce.sections.measurements.all_cases import ALL_CASES
from reproduce.sections.measurements.cases import CASES, DrawnCase, Problem
from reproduce.sections.measurements.draws import draw_all
from reproduce.sections.measurements.further import FurtherCase, Limit
from reproduce.sections.measurements.matrix_products import (
    amplitudes_of,
    draw_shots,
    evolve_product,
)
from reproduce.sections.measurements.page import PAGE, summarise


def make(random):
    model = ShotModel.of_words(1, terms=["X", "Z"])
    settings = [Setting("+y", 0.3 * k, "ZXY"[k % 3], 2000) for k in range(1, 7)]
    return Problem(model, random.uniform(0.5, 1.0, 2), settings)


SMALL = DrawnCase("small", "one spin", 3, 0.1, make, left_out=("X",))


def test_draws_continue_and_do_not_depend_on_how_often(tmp_path):
    draw_all(SMALL, 3, tmp_path / "a" / "draws.json")
    draw_all(SMALL, 1, tmp_path / "b" / "draws.json")
    draw_all(SMALL, 3, tmp_path / "b" / "draws.json")
    first, second = (read_json(tmp_path / name / "draws.json") for name in "ab")
    assert [draw["off"] for draw in first] == [draw["off"] for draw in second]
    assert len({draw["off"][0] for draw in first}) == 3
    for draw in first:
        assert np.all(np.abs(draw["off"]) < 5 * np.array(draw["errors"]))
        assert draw["left_out"]["X"]["named"] == "X"
        assert draw["left_out"]["X"]["p_value"] < 1e-3


def draws_of(case, off):
    error = {"errors": [0.01, 0.01], "shots": 10000, "p_value": 0.4, "n_starts": 1}
    left_out = {name: {"p_value": 1e-9, "named": name} for name in case.left_out}
    seconds = {"seconds": 2.0, "processor_seconds": 1.0, "left_out": left_out}
    return [{"number": k, "off": [x, -x], **error, **seconds} for k, x in enumerate(off)]


def test_numbers_of_draws():
    numbers = summarise(draws_of(CASES["noise"], [0.01, 0.03]))
    assert numbers["rms"] == pytest.approx(np.sqrt(5e-4))
    assert numbers["rms_over_bound"] == pytest.approx(np.sqrt(5.0))
    assert numbers["rms_per_shot"] == pytest.approx(np.sqrt(5.0))
    assert numbers["coverage_95"] == 0.5
    later = summarise(draws_of(CASES["noise"], [0.01] * 15 + [0.03] * 25))
    assert (later["coverage_95"], later["coverage_of_first"]) == (0.375, 0.75)
    assert numbers["left_out"]["decay"] == {"largest_p_value": 1e-9, "named": 1.0}


def test_the_page_says_what_holds_and_what_does_not(tmp_path):
    layout = Layout(tmp_path / "out", tmp_path)
    assert "are missing" in "".join(write_page(PAGE, layout))
    for name, case in CASES.items():
        folder = layout.run(name)
        folder.mkdir(parents=True)
        off = [0.03] * 2 if name == "local_10000" else [0.01] * 19 + [0.02]
        (folder / "draws.json").write_text(json.dumps(draws_of(case, off)))
    lines = list(write_page(PAGE, layout))
    page = (tmp_path / "measurement_results.md").read_text()
    assert "error over the bound | 3.000 | at most 1.1 | **falls short**" in page
    assert "95 % intervals that hold the truth | 95.0 % | 92 to 98 % | holds |" in page
    assert "without `decay`: largest p value | 1e-09, first named in 100 % of draws" in page
    assert any(line.startswith("FALLS SHORT") for line in lines)


def test_each_case_is_a_stage(tmp_path):
    stages = stages_of(Layout(tmp_path))
    assert [stage.name for stage in stages] == list(ALL_CASES)
    assert "--n_draws=60" in next(stage for stage in stages if stage.name == "wilde").arguments


@pytest.mark.parametrize("name", CASES)
def test_problems_are_drawn_as_the_page_says(name):
    model, truth, settings = CASES[name].make(np.random.default_rng(0))
    sizes = {"wilde": 13, "noise": 10, "depolarised": 7, "driven": 7}
    assert len(truth) == model.size == sizes.get(name, 18)
    shots = sum(setting.shots for setting in settings)
    of_case = {"wilde": 50_000, "noise": 10**6, "depolarised": 200_000, "driven": 100_000}
    assert shots == of_case.get(name) or name == f"local_{shots}"


@pytest.mark.parametrize(
    ("name", "left_out"), [("depolarised", "depolarised"), ("driven", "pulse*X")]
)
def test_what_is_left_out_of_a_small_draw_is_named(tmp_path, name, left_out):
    case = CASES[name]

    def few(random):
        model, truth, settings = case.make(random)
        # A strong one of what is left out.
        truth[model.names.index(left_out)] = 0.5
        return Problem(model, truth, settings[:60])

    small = replace(case, make=few, n_draws=1, left_out=(left_out,))
    draw_all(small, 1, tmp_path / "draws.json")
    (draw,) = read_json(tmp_path / "draws.json")
    assert np.all(np.abs(draw["off"]) < 5 * np.array(draw["errors"]))
    told = draw["left_out"][left_out]
    assert (told["p_value"] < 1e-3, told["named"]) == (True, left_out)


def test_draws_of_further_cases_are_theirs(tmp_path):
    case = FurtherCase("twice", "", 2, 0.1, lambda number: {"number": 2 * number}, len, ())
    draw_all(case, 2, tmp_path / "draws.json")
    assert read_json(tmp_path / "draws.json") == [{"number": 0}, {"number": 2}]


def test_limits_are_told_beside_what_was_measured():
    both = Limit("x", "words", least=1, most=2, unit=" s").requirement({"x": 2.5})
    assert (both.measured, both.limit, both.holds) == ("2.5 s", "at least 1 s, at most 2 s", False)
    assert Limit("x", "words", most=3).requirement({"x": 3}).holds
    assert not Limit("x", "words", least=3).requirement({"x": 2}).holds
    assert Limit("x", "words").requirement({"x": 2}).holds is None


def test_cases_that_were_run_alone_stand_beside_those_before(tmp_path):
    layout = Layout(tmp_path / "out", tmp_path)
    for name, draws in (("local_10000", draws_of(CASES["local_10000"], [0.01])), SELECTED):
        folder = layout.run(name)
        folder.mkdir(parents=True)
        (folder / "draws.json").write_text(json.dumps(draws))
        list(write_page(PAGE, layout))
        (folder / "draws.json").unlink()
    page = (tmp_path / "measurement_results.md").read_text()
    assert "10,000 shots at t = 1: error over the bound | 1.000 | at most 1.1 | holds" in page
    assert "exactly the right terms are kept | 1 | at least 18 | **falls short**" in page
    assert "What is left out is noticed" not in page


def selected(number, **changes):
    numbers = {"rms": 0.02, "bound": 0.01, "held_out_gain": 2.0}
    p_values = {"p_value": 0.5, "plateau_p_value": 0.4}
    names = {"wrong": [], "lost": [], "n_words": 63}
    return {"number": number, **numbers, **p_values, **names, "seconds": 1.0, **changes}


SELECTED = ("selection", [selected(0), selected(1, wrong=["X@1"]), selected(2, lost=["Z@1"])])


def test_numbers_of_selections():
    numbers = selections.summarise(SELECTED[1])
    assert (numbers["right"], numbers["wrong"], numbers["lost"]) == (1, 1, 1)
    assert numbers["rms_over_bound"] == pytest.approx(2.0)


def test_a_draw_of_a_selection_tells_what_is_wrong_and_what_is_lost(monkeypatch):
    monkeypatch.setattr(selections, "N_SITES", 2)
    monkeypatch.setattr(selections, "N_TERMS", 4)
    monkeypatch.setattr(selections, "SHOTS", 200_000)
    draw = selections.draw_selection(0)
    assert (draw["n_words"], draw["wrong"], draw["lost"]) == (15, [], [])
    assert 0 < draw["rms"] < 4 * draw["bound"]
    # All that the data ask for is wrong where nothing is said to be there.
    monkeypatch.setattr(selections, "Problem", lambda model, truth, sets: (model, 0 * truth, sets))
    monkeypatch.setattr(selections, "simulate_shots", lambda m, _, s, seed: shots_of(m, s))
    assert len(selections.draw_selection(0)["wrong"]) >= 1


def shots_of(model, settings):
    return simulate_shots(model, np.linspace(0.5, 1.0, model.size), settings[:40], seed=0)


def test_numbers_of_plans():
    squares = {"square": 1.0, "random_square": 4.0, "bound": 2.0, "random_bound": 4.0}
    shots = {"shots": 900, "random_shots": 1000, "share": 0.3, "share_at_one_time": 0.8}
    numbers = plans.summarise([{"number": 0, **squares, **shots}])
    assert numbers["share_of_shots"] == pytest.approx(0.225)
    assert numbers["share_by_error_bars"] == pytest.approx(0.45)


def test_a_draw_of_a_plan_takes_as_many_shots(monkeypatch):
    monkeypatch.setattr(plans, "local_coefficients", lambda random, shots: make(random))
    monkeypatch.setattr(plans, "N_CANDIDATES", 80)
    monkeypatch.setattr(plans, "SHOTS", 8000)
    draw = plans.draw_plan(0)
    assert draw["shots"] == draw["random_shots"] == 8000
    assert draw["bound"] < draw["random_bound"]
    assert draw["square"] < 10 * draw["bound"]
    assert draw["share"] < draw["share_at_one_time"] <= 1.0


def test_matrix_products_are_the_states_of_a_short_chain():
    random = np.random.default_rng(0)
    model = ShotModel.of_words(6, terms=["XX", "YY", "ZZ", "X@each"])
    values = random.uniform(-1, 1, model.size)
    start = Setting("+z 0.5:1.25 +y -x +z +x", 0.0, "Z" * 6, 1)
    times = (0.3, 1.0)
    states = evolve_product(values[:3], values[3:], start, times)
    hamiltonian = sum(
        value * term.to_sparse() for value, term in zip(values, model.terms.values(), strict=True)
    ).toarray()
    energies, vectors = np.linalg.eigh(hamiltonian)
    for state, time in zip(states, times, strict=True):
        psi0 = product_states(np.array([start.preparation]))[:, 0]
        psi = vectors @ (np.exp(-1j * energies * time) * (vectors.conj().T @ psi0))
        np.testing.assert_allclose(amplitudes_of(state), psi, atol=3e-5)


def test_shots_of_matrix_products_have_the_probabilities_of_a_model():
    random = np.random.default_rng(1)
    model = ShotModel.of_words(4, terms=["XX", "YY", "ZZ", "X@each"])
    values = random.uniform(-1, 1, model.size)
    settings = [Setting("+z", 0.5, basis, 20_000) for basis in ("XYZY", "YYXX", "ZXYZ")]
    states = evolve_product(values[:3], values[3:], settings[0], (0.5,))
    shots = draw_shots(states, settings, (0.5,), seed=0)
    for piece in model.predict(values, settings):
        for row, probabilities in zip(piece.rows, piece.values[:, 0], strict=True):
            counts = np.array([shots.counts[row].get(format(b, "04b"), 0) for b in range(16)])
            expected = 20_000 * probabilities
            # 15 degrees of freedom, of which 37.7 is exceeded once in a thousand.
            assert ((counts - expected) ** 2 / np.maximum(expected, 1)).sum() < 38


def test_a_draw_of_a_chain(monkeypatch):
    monkeypatch.setattr("qtf.measurements.chain_fit.PURE_SITES", (2, 4, 6))
    monkeypatch.setattr(chains, "TIMES", (0.2, 0.4))
    monkeypatch.setattr(chains, "N_SETTINGS", 60)
    monkeypatch.setattr(chains, "SHORT", 3)
    monkeypatch.setattr(chains, "N_SHORT", 1)
    monkeypatch.setattr(chains, "WORKERS", 1)
    draw = chains.draw_chain(0, n_sites=5)
    assert draw["square"] < 4 * draw["bound"]
    numbers = chains.summarise([draw, {**draw, "square": 4 * draw["square"], "seconds": 1e3}])
    assert numbers["rms_over_short"] == pytest.approx(
        (2.5 * draw["square"] / draw["short_square"]) ** 0.5
    )
    assert numbers["most_seconds"] == 1e3
