"""Older name of `qtf.open_systems.runs.settings`, which configuration files of users import."""

from qtf.open_systems.runs.settings import *  # noqa: F403
