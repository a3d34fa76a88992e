"""Older name of `qtf.ground_states.runs.recipes`, which configuration files of users import."""

from qtf.ground_states.runs.recipes import *  # noqa: F403
