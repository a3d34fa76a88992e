"""Which of the served models the page can explore, and as what."""

from collections.abc import Mapping

from qtf.typing import Json
from serving.page.dynamics import Dynamics
from serving.page.ground_states import GroundState
from serving.page.open_systems import OpenSystem
from serving.page.served_model import ServedModel

__all__ = ["Explorable", "ServedModel", "describe", "read_model"]

Explorable = Dynamics | GroundState | OpenSystem

# What only the configurations of one kind have.
_SIGNS: dict[str, type[GroundState] | type[OpenSystem]] = {
    "wave_function": GroundState,
    "measurement": OpenSystem,
}
# Words of the page's routes for the kinds.
KINDS: dict[type[Explorable], str] = {
    Dynamics: "dynamics",
    GroundState: "ground_state",
    OpenSystem: "open_system",
}


def read_model(config: Mapping[str, Json] | None) -> Explorable:
    """Returns what a configuration says of its model.

    Raises:
        ValueError: There is none, it lacks what is needed, or says something impossible.
    """
    if not isinstance(config, Mapping):
        raise ValueError("The model has no assets/config.json.")
    kinds = [kind for key, kind in _SIGNS.items() if key in config]
    return (kinds[0] if kinds else Dynamics).from_config(config)


def describe(model: ServedModel) -> dict[str, Json]:
    """Returns what the page shows of a model, as JSON can hold it."""
    content: dict[str, Json] = {"name": model.name, "version": model.version}
    try:
        explorable = read_model(model.config)
    except ValueError as error:
        return {**content, "explorable": False, "reason": str(error)}
    kind = KINDS[type(explorable)]
    return {**content, "explorable": True, "kind": kind, **explorable.description()}
