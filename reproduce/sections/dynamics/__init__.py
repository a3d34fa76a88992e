"""The dynamics of spins, beside the paper: `docs/results.md`, which its last stage writes."""

from reproduce.engine.sections import Section
from reproduce.sections.dynamics.budgets import BUDGETS
from reproduce.sections.dynamics.stages import stages_of

SECTION = Section("dynamics", stages_of, budgets=BUDGETS)
