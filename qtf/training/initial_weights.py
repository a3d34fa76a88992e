"""Weights of another run that a training starts from."""

from collections.abc import Mapping
from typing import Any

import keras

from qtf.run_kinds import check_kind
from qtf.settings import flatten
from qtf.training.run_folder import RunFolder

FLAG = "init_from"


def check_initial_run(folder: RunFolder, kind: str, alike: Mapping[str, Any]) -> None:
    """Checks that a training can start from the weights of another run.

    Args:
        folder: Folder of the other run.
        kind: Kind of the training, of `qtf.run_kinds`.
        alike: Nested settings of the training that the other run must have, too.

    Raises:
        FileNotFoundError: The folder holds no run, or no weights yet.
        ValueError: It is a run of another kind, or of another network.
    """
    check_kind(folder.kind, kind, flag=FLAG, folder=folder.path)
    recorded = flatten(folder.load_config())
    for key, value in flatten(alike).items():
        if key in recorded and recorded[key] != value:
            raise ValueError(
                f"Flag --{FLAG} must name a run with `{key}` = {value!r}, but {folder.path} has"
                f" {recorded[key]!r}."
            )
    folder.trained_weights()


def take_weights(model: keras.Model, folder: RunFolder) -> None:
    """Gives a model the weights that another run keeps.

    They are told apart by their order and shape only, as another run may wrap the same network.

    Raises:
        FileNotFoundError: The folder holds no run, or no weights yet.
        ValueError: They are of other shapes, or damaged.
    """
    others = folder.load_model().trainable_variables
    shapes = [tuple(variable.shape) for variable in model.trainable_variables]
    if [tuple(other.shape) for other in others] != shapes:
        raise ValueError(
            f"The weights of {folder.path} must have the shapes of this network, but differ; some"
            " networks have other shapes for other numbers of sites."
        )
    for variable, other in zip(model.trainable_variables, others, strict=True):
        variable.assign(other.value)
