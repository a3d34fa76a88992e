import dataclasses
import importlib
import json

import numpy as np
import pytest

from qtf.configuration import from_config
from qtf.ground_states.runs.assembly import make_task, make_wave_function
from qtf.ground_states.runs.facts import Facts, find_facts
from qtf.ground_states.runs.settings import GroundStateSettings
from qtf.physics import HamiltonianSettings
from qtf.physics.finite_size import fit_sizes
from qtf.training.optimization import learning_rate
from trainers.ground_state.growth.grow import check_finished, grow
from trainers.ground_state.growth.report import bulk_line
from trainers.ground_state.growth.rows import Row, bulk_energy
from trainers.ground_state.growth.stages import make_stages

HEISENBERG = HamiltonianSettings("heisenberg", {"lattice": "chain"})


def configuration(name, choice, **changes):
    found = importlib.import_module(f"configs.ground_state.{name}").get_config(choice)
    for key, value in changes.items():
        found.update_from_flattened_dict({key.replace("__", "."): value})
    return from_config(GroundStateSettings, found)


def row(size, energy, error=1e-3, averaged=None):
    return Row(
        size=size,
        n_sites=size,
        n_steps=1,
        n_evaluation=2,
        energy_variance=1.0,
        v_score=1.0,
        n_samples=2,
        learning_rate=1.0,
        seconds=None,
        reference_energy=None,
        reference_source=None,
        energy=energy,
        energy_error=error,
        energy_with_symmetries=averaged,
        energy_error_with_symmetries=None if averaged is None else 1e-3,
    )


def rows_of_a_line(error=1e-3, averaged=None):
    return [
        row(n, -0.5 * n + 0.2, error, None if averaged is None else averaged * n)
        for n in (8, 12, 16)
    ]


def test_each_size_has_its_own_schedule():
    config = configuration(
        "grow_chain",
        "desktop",
        growth__sizes=(8, 12, 16, 20),
        growth__n_steps=(100, 50),
        growth__n_samples=(32, 64, 96),
        growth__n_prefixes=(6, 8),
        growth__learning_rates=(),
        growth__clip_norms=(1.0,),
        penalties__temperature=0.5,
    )
    stages = make_stages(config)
    assert [stage.name for stage in stages] == ["size-008", "size-012", "size-016", "size-020"]
    assert [stage.start for stage in stages] == [None, "size-008", "size-012", "size-016"]
    settings = [stage.settings for stage in stages]
    assert [part.n_sites for part in settings] == [8, 12, 16, 20]
    training = [part.training for part in settings]
    assert [part.n_steps for part in training] == [600, 100, 50, 50]
    assert [part.seed for part in training] == [0, 1, 2, 3]
    assert [part.optimizer.clip_norm for part in training] == [5.0, 1.0, 1.0, 1.0]
    assert {part.optimizer.learning_rate for part in training} == {0.03}
    assert [part.sampling.n_samples for part in settings] == [1024, 32, 64, 96]
    assert [part.sampling.n_prefixes for part in settings] == [4, 6, 8, 8]
    assert [part.penalties.temperature for part in settings] == [0.5, 0.0, 0.0, 0.0]


def test_steps_follow_the_law():
    law = (1000.0, 0.2, 200.0)
    changes = {"growth__sizes": (6, 8, 10, 16, 60), "growth__steps_per_epoch": 32}
    stages = make_stages(configuration("grow_chain", "desktop", **changes, growth__law=law))
    found = [stage.settings.training.n_steps for stage in stages]
    # By hand: 1000 exp(-0.4) + 200 = 870.3 is closest to 27 times 32, and so on.
    assert found == [600, 27 * 32, 20 * 32, 10 * 32, 6 * 32]
    # What the list holds does not matter then.
    changes["growth__n_steps"] = (7,) * 9
    few = configuration("grow_chain", "desktop", **changes, growth__law=(0.0, 0.0, 0.0))
    assert make_stages(few)[-1].settings.training.n_steps == 32


def test_the_last_steps_of_chosen_sizes_train_the_average():
    config = configuration(
        "grow_chain",
        "desktop",
        growth__sizes=(8, 12, 16),
        growth__n_symmetric_steps=(0, 100, 0),
        growth__symmetric_learning_rates=(0.3, 0.02),
        growth__n_averages=(0, 64, 128),
        symmetry__group="lattice_and_flip",
        sampling__n_prefixes=4,
    )
    stages = make_stages(config)
    names = ["size-008", "size-012", "size-012-symmetric", "size-016"]
    assert [stage.name for stage in stages] == names
    assert [stage.start for stage in stages] == [None, *names[:-1]]
    assert [stage.is_symmetric for stage in stages] == [False, False, True, False]
    assert [stage.n_averages for stage in stages] == [0, 0, 0, 128]
    assert [stage.n_evaluation for stage in stages] == [10000, 10000, 64, 10000]
    settings = [stage.settings for stage in stages]
    assert [part.n_sites for part in settings] == [8, 12, 12, 16]
    assert [part.symmetry.in_training for part in settings] == [False, False, True, False]
    assert [part.sampling.n_prefixes for part in settings] == [4, 4, 1, 4]
    assert [part.training.n_steps for part in settings] == [600, 300, 100, 300]
    assert [part.training.optimizer.learning_rate for part in settings] == [0.03, 0.1, 0.02, 0.1]
    assert len({part.training.seed for part in settings}) == 4


def test_older_settings_have_one_number_of_averages():
    settings = GroundStateSettings.from_mapping({"growth": {"n_averages": 32}})
    assert settings.growth.n_averages == (32,)


def test_lattice_that_is_not_named_is_a_chain():
    config = configuration("grow_chain", "desktop", growth__sizes=(8, 12))
    unnamed = HamiltonianSettings("heisenberg", {"n_sites": 8})
    physics = dataclasses.replace(config.physics, hamiltonian=unnamed)
    stages = make_stages(dataclasses.replace(config, physics=physics))
    assert [stage.settings.n_sites for stage in stages] == [8, 12]
    assert bulk_energy(rows_of_a_line(), unnamed).known_energy == pytest.approx(-0.4431471806)


def test_the_paper_s_chain_is_trained_as_the_paper_says():
    stages = make_stages(configuration("grow_chain", "paper"))
    assert [stage.size for stage in stages] == list(range(80, 301, 20))
    first = stages[0].settings.training
    assert first.n_steps == 500_000
    rate = learning_rate(first.optimizer, first.steps_per_epoch, first.n_steps)
    assert float(rate(3000)) == pytest.approx(0.5e-3)
    for stage in stages[1:]:
        further = stage.settings.training
        assert (further.n_steps, further.optimizer.learning_rate) == (1000, 1e-4)
        assert (further.optimizer.schedule, further.optimizer.clip_norm) == ("constant", 1.0)
        assert stage.settings.sampling.n_samples == 100
    # Two logarithms of probabilities, two sines, two cosines.
    assert make_wave_function(stages[0].settings, Facts()).network.heads == (2, 4)


def test_the_paper_s_squares_are_trained_as_the_paper_says():
    stages = make_stages(configuration("grow_square", "paper"))
    assert [stage.size for stage in stages] == list(range(6, 31, 2))
    found = [stage.settings.training for stage in stages]
    assert [settings.n_steps for settings in found] == [10_000, 1000, 1000, 1000] + [100] * 9
    rates = [settings.optimizer.learning_rate for settings in found]
    assert rates == [1e-4] * 4 + [1e-5] * 9
    penalties = [stage.settings.penalties for stage in stages]
    assert [values.temperature for values in penalties] == [1.0] + [0.0] * 12
    assert {values.magnetization for values in penalties} == {10.0}
    square = stages[-1].settings.physics.hamiltonian.lattice
    assert (square.n_rows, square.n_columns) == (30, 30)


@pytest.mark.parametrize("name", ["grow_chain", "grow_square"])
def test_every_size_of_the_desktop_has_a_task(name):
    for stage in make_stages(configuration(name, "desktop")):
        assert make_task(stage.settings, find_facts(stage.settings)).reference < 0


@pytest.mark.parametrize("name", ["grow_chain", "grow_square"])
def test_wrong_choices_are_named(name):
    with pytest.raises(ValueError, match='must be desktop or paper.*, but is "laptop"'):
        configuration(name, "laptop")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"growth__sizes": (8, 6)}, r"growth.sizes.* ascend .* but is \(8, 6\)"),
        ({"growth__sizes": (1, 6)}, "growth.sizes.* at least 2, but one is 1"),
        ({"reference": -1.0}, "`reference` must be None for a growth.* but is -1.0"),
        ({"growth__n_steps": ()}, "`growth.n_steps` must have at least one value"),
        ({"growth__n_steps": (70,)}, "multiples of `growth.steps_per_epoch` = 50, but holds 70"),
        ({"growth__n_steps": (50,) * 7}, "`growth.n_steps` must have at most 4 .* but has 7"),
        ({"growth__steps_per_epoch": 0}, "`growth.steps_per_epoch` must be positive, but is 0"),
        ({"growth__log_every_steps": 0}, "`growth.log_every_steps` must be positive, but is 0"),
        ({"refinement__n_epochs": 5}, "`refinement.n_epochs` must be 0 for a growth, but is 5"),
        (
            {"training__strategy": "multi_worker"},
            'strategy` must be "one_device" or "mirrored" for a growth, but is "multi_worker"',
        ),
        ({"growth__n_evaluation": 1}, "`growth.n_evaluation` must be at least 2, but is 1"),
        ({"growth__n_averages": (1,)}, r"`growth.n_averages` must hold 0 or at least 2, .* \(1,\)"),
        ({"growth__n_averages": (0,) * 6}, "`growth.n_averages` must have at most 5 values"),
        ({"growth__law": (1.0, 2.0)}, r"`growth.law` must hold 3 values, C, r .* is \(1.0, 2.0\)"),
        ({"growth__law": (1.0, -1.0, 1.0)}, "`growth.law` holds .* not be negative, but one is -1"),
        ({"growth__n_symmetric_steps": (50,)}, '`symmetry.group` must not be "none" with'),
        (
            {
                "growth__n_symmetric_steps": (50,),
                "symmetry__group": "flip",
                "symmetry__in_training": True,
                "sampling__n_prefixes": 1,
            },
            "`symmetry.in_training` must be False with `growth.n_symmetric_steps`, but is True",
        ),
        (
            {"growth__n_symmetric_steps": (0, 70), "symmetry__group": "flip"},
            "`growth.n_symmetric_steps` must hold multiples .* = 50, but holds 70",
        ),
        (
            {"growth__minutes": 1.0, "sampling__grow_at": (0.5,), "sampling__grow_to": (2,)},
            r"`sampling.grow_at` must be empty with `growth.minutes`, but is \(0.5,\)",
        ),
        ({"growth__minutes": -1.0}, "`growth.minutes` must not be negative, but is -1.0"),
    ],
)
def test_mistakes_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        configuration("grow_chain", "desktop", **changes)


def test_what_does_not_fit_a_finished_size_is_refused(tmp_path):
    two = {"growth__sizes": (16, 32), "growth__n_steps": (300,)}
    stages = make_stages(configuration("grow_chain", "desktop", **two))
    folder = tmp_path / "size-032"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(stages[1].settings.as_mapping()))
    check_finished(stages, tmp_path)
    for changes, message in (
        ({"growth__n_steps": (250,)}, "size-032 holds a run with `training.n_epochs` = 6, but 5"),
        ({"growth__sizes": (24, 32)}, "with `growth.start` = 'size-016', but 'size-024' is asked"),
    ):
        changed = make_stages(configuration("grow_chain", "desktop", **{**two, **changes}))
        with pytest.raises(ValueError, match=message):
            check_finished(changed, tmp_path)


def facts_of(settings):
    return [find_facts(stage.settings) for stage in make_stages(settings)]


def test_a_run_of_one_size_is_no_growth(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    config = configuration("grow_chain", "desktop", growth__sizes=(4, 6))
    with pytest.raises(ValueError, match="holds a run of one size; choose another folder"):
        next(grow(config, facts_of(config), tmp_path))


def test_networks_with_weights_for_each_position_are_refused_before_any_training(tmp_path):
    changes = {"growth__sizes": (4, 6), "network__name": "transformer", "network__units": 8}
    config = configuration("grow_chain", "desktop", **changes)
    with pytest.raises(ValueError, match='`network.name` must be .* for a growth.* "transformer"'):
        next(grow(config, facts_of(config), tmp_path / "growth"))
    assert not (tmp_path / "growth").exists()


def test_bulk_energy_needs_as_many_sizes_as_terms():
    rows = rows_of_a_line()
    bulk = bulk_energy(rows, HEISENBERG)
    assert "; the error bar is that of the samples, with nothing to check the" in bulk_line(bulk)
    assert bulk.energy_per_site == pytest.approx(-0.5)
    assert bulk.n_degrees_of_freedom == 0
    assert bulk.known_energy == pytest.approx(-0.4431471806)
    assert bulk_energy(rows[:2], HEISENBERG) is None
    assert bulk_energy(rows, HamiltonianSettings("ising")).known_energy is None
    assert bulk_energy(rows_of_a_line(error=0.0), HEISENBERG) is None
    averaged = rows_of_a_line(averaged=-0.6)
    assert bulk_energy(averaged, HEISENBERG).energy_per_site == pytest.approx(-0.6)
    assert bulk_energy([*averaged[:2], rows[2]], HEISENBERG).with_symmetries is False


def test_rows_are_read_as_they_are_written():
    written = row(8, -4.0, averaged=-4.1)
    stored = json.loads(json.dumps({**vars(written), "minutes": 3.0}))
    assert Row.from_mapping(stored) == dataclasses.replace(written, warnings=[])


@pytest.mark.parametrize(
    ("off", "widened", "words"),
    [
        (1e-3, 1.0, "that of the samples, as chi squared per degree of freedom is 1e-06 (2 left)"),
        (8.0, 8.0, "that of the samples times 8, as chi squared per degree of freedom is 64 (2"),
    ],
)
def test_bulk_energy_has_an_error_bar_that_covers_a_bad_fit(off, widened, words):
    sizes = np.array([8, 12, 16, 20, 24])
    terms = sizes[:, None] ** np.array([1.0, 0.0, -1.0])
    # What no fit can follow, of chi squared 1 for each of 2 degrees of freedom.
    left = np.linalg.svd(terms)[0][:, 3] * 1e-3 * np.sqrt(2)
    energies = terms @ [-0.5, 0.2, 0.1] + off * left
    rows = [row(int(n), float(e)) for n, e in zip(sizes, energies, strict=True)]
    bulk = bulk_energy(rows, HEISENBERG)
    fit = fit_sizes(sizes, energies, [1e-3] * 5, (1, 0, -1))
    assert bulk.energy_error == pytest.approx(widened * fit.bulk_error, rel=1e-6)
    assert words in bulk_line(bulk)
