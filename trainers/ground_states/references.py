"""Which energy a ground-state run is held against, and where it is from."""

from typing import Any

from qtf.physics import HamiltonianSettings
from qtf.physics.known_energies import KnownEnergy, find_ground_energy
from qtf.progress import announced

# Kind of an energy that the configuration tells.
GIVEN = "given"


def find_reference(config: dict[str, Any]) -> KnownEnergy | None:
    """Returns the energy that the configuration tells, or the best one that is known, if any.

    Args:
        config: Resolved configuration.
    """
    if config["reference"] is not None:
        return KnownEnergy(config["reference"], 0.0, "the configuration", GIVEN)
    hamiltonian = HamiltonianSettings.from_mapping(config["physics"]["hamiltonian"])
    with announced("exact ground energy"):
        return find_ground_energy(hamiltonian)


def reference_entries(reference: KnownEnergy | None) -> dict[str, Any]:
    """Returns what a stored result says of its reference beside the energy."""
    names = ("source", "error", "kind")
    return {
        f"reference_{name}": None if reference is None else getattr(reference, name)
        for name in names
    }
