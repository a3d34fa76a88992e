"""Older name of `qtf.open_systems.runs.recipes`, which configuration files of users import."""

from qtf.open_systems.runs.recipes import *  # noqa: F403
