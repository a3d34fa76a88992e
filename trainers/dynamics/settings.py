"""Older name of `qtf.dynamics.runs.settings`, which configuration files of users import."""

from qtf.dynamics.runs.settings import *  # noqa: F403
