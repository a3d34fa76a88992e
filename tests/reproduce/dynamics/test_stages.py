from pathlib import Path

import pytest

from reproduce.engine.layout import ROOT, Layout
from reproduce.engine.stages import Stage
from reproduce.sections.dynamics.stages import stages_of


@pytest.fixture
def stages(tmp_path):
    layout = Layout(tmp_path / "out", tmp_path / "docs")
    return {stage.name: stage for stage in stages_of(layout, "short")}


def test_every_stage_comes_after_those_it_needs(stages):
    names = list(stages)
    for name, stage in stages.items():
        for needed in stage.needs:
            assert names.index(needed) < names.index(name)


def test_every_stage_writes_something_of_its_own(stages):
    outputs = [stage.output for stage in stages.values()]
    assert len(set(outputs)) == len(outputs)


def test_only_fine_tuning_starts_from_the_base_run(stages):
    starting = [
        name for name, stage in stages.items() if any("init_from" in word for word in stage.command)
    ]
    assert starting == ["transfer_8", "transfer_8_not_grown", "transfer_8_base_rate"]
    scratch_runs = ["scratch_8", "scratch_8", "scratch_8_base_rate"]
    for fine, scratch in zip(starting, scratch_runs, strict=True):
        where = ("--workdir", "--init_from", "--config.transfer")
        same = [
            [word for word in stages[name].command if not word.startswith(where)]
            for name in (fine, scratch)
        ]
        assert same[0] == same[1]


def test_every_configuration_exists(stages):
    for stage in stages.values():
        assert stage.config is None or (ROOT / stage.config).exists(), stage.config


def test_the_command_starts_with_module_and_configuration():
    stage = Stage("a", "room.command", ("--x=1",), Path("out"), config="c.py")
    assert stage.command == ("-m", "room.command", "--config=c.py", "--x=1")
