import json

import pytest

from qtf.dynamics.runs.settings import DynamicsSettings
from qtf.ground_states.runs.settings import GroundStateSettings
from qtf.open_systems.runs.settings import OpenSystemSettings
from qtf.run_kinds import DYNAMICS, GROUND_STATES, OPEN_SYSTEMS, check_kind, kind_of
from qtf.training.run_folder import RunFolder

CONFIGS = {
    DYNAMICS: DynamicsSettings().as_mapping(),
    GROUND_STATES: GroundStateSettings().as_mapping(),
    OPEN_SYSTEMS: OpenSystemSettings().as_mapping(),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_keys_tell_the_kind_of_a_run_that_does_not_record_it(tmp_path, kind):
    (tmp_path / "config.json").write_text(json.dumps(CONFIGS[kind]))
    assert kind_of(CONFIGS[kind]) == RunFolder(tmp_path).kind == kind
    check_kind(kind, kind, flag="workdir", folder="RUN")


def test_a_run_folder_records_its_kind(tmp_path):
    for config in ({"keys": "of no trainer"}, {"keys": "of no trainer"}):
        folder = RunFolder(tmp_path)
        folder.open(config, kind=OPEN_SYSTEMS)
        folder.close()
        assert RunFolder(tmp_path).kind == OPEN_SYSTEMS
    assert json.loads((tmp_path / "run.json").read_text())["kind"] == OPEN_SYSTEMS


def test_a_run_of_another_kind_is_refused():
    message = "Flag --run must name a run of a ground state, but RUN holds an open system."
    with pytest.raises(ValueError, match=message):
        check_kind(OPEN_SYSTEMS, GROUND_STATES, flag="run", folder="RUN")
