"""What the configurations of ground states and open systems are still made by."""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from qtf.checks import check_settings
from qtf.configuration_files import nearest_key
from qtf.training.settings import OptimizerSettings, TrainingSettings

LOOP_RULES = TrainingSettings.rules()


def merged(
    full: ConfigDict, config: ConfigDict, *, hamiltonian_in: str, rules: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns `config` on top of `full` as plain nested mappings.

    Args:
        full: All keys that are known, with their defaults; locked.
        config: Possibly with some of them only.
        hamiltonian_in: The section whose key `hamiltonian` is replaced as a whole.
        rules: What values must be, nested as the keys.

    Raises:
        ValueError: A key is unknown or a value breaks its rule.
    """
    values = config.to_dict()
    # As given: afterwards True, for example, may have become 1.0.
    check_settings(values, rules)
    # Its keys depend on its name; whoever builds the Hamiltonian checks them.
    hamiltonian = values.get(hamiltonian_in, {}).pop("hamiltonian", None)
    _check_known(full.to_dict(), values)
    try:
        full.update(values)
    except TypeError as error:
        raise ValueError(f"Configuration has a value of the wrong type: {error}") from error
    resolved_values = full.to_dict()
    if hamiltonian is not None:
        resolved_values[hamiltonian_in]["hamiltonian"] = hamiltonian
    check_settings(resolved_values, rules)
    return resolved_values


def _check_known(known: dict[str, Any], values: Mapping[str, Any], *above: str) -> None:
    section = known
    for name in above:
        section = section[name]
    for name, value in values.items():
        if name not in section:
            raise ValueError(
                f"Configuration has the unknown key `{'.'.join((*above, name))}`."
                f" {nearest_key(known, above, name)}"
            )
        if isinstance(section[name], dict) and isinstance(value, Mapping):
            _check_known(known, value, *above, name)


def training_defaults() -> dict[str, Any]:
    """Returns the settings of the loop, see `qtf.training.settings`."""
    optimizer = OptimizerSettings(schedule="exponential", floor=5e-5)
    return TrainingSettings(n_epochs=100, optimizer=optimizer).as_mapping()
