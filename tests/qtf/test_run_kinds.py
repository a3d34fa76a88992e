import pytest

from qtf.run_kinds import DYNAMICS, GROUND_STATES, OPEN_SYSTEMS, check_kind, kind_of
from trainers.dynamics.settings import DynamicsSettings
from trainers.ground_states import config as ground_state_config
from trainers.open_systems import config as open_system_config

CONFIGS = {
    DYNAMICS: DynamicsSettings().as_mapping(),
    GROUND_STATES: ground_state_config.default().to_dict(),
    OPEN_SYSTEMS: open_system_config.default().to_dict(),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_configuration_tells_the_kind_of_a_run(kind):
    assert kind_of(CONFIGS[kind]) == kind
    check_kind(CONFIGS[kind], kind, flag="workdir", folder="RUN")


def test_a_run_of_another_kind_is_refused():
    message = "Flag --run must name a run of a ground state, but RUN holds an open system."
    with pytest.raises(ValueError, match=message):
        check_kind(CONFIGS[OPEN_SYSTEMS], GROUND_STATES, flag="run", folder="RUN")
