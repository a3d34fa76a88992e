"""Older name of `qtf.ground_states.runs.settings`, which configuration files of users import."""

from qtf.ground_states.runs.settings import *  # noqa: F403
