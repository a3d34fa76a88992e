"""Runs everything behind a page of results; stopped at any time, the same command continues.

    python -m reproduce [SECTION ...] [--out_dir=OUT] [--stages=NAME,NAME] [--list] [--redraw]

Each stage is a command that a user could type, printed before it runs. Finished stages
whose inputs are unchanged are skipped. Sections, of which `dynamics` is the default:

    dynamics       docs/results.md: the dynamics of spins; --budget=short, full or tiny
    ground_states  docs/ground_state_results.md: ground states of squares and a chain
    growth         docs/growth_results.md: a chain and a square that grow
    networks       docs/networks_results.md: all networks on 6 x 6, for the same minutes
    squares        docs/squares_results.md: open Heisenberg squares to 16 x 16
    ising_squares  docs/ising_squares_results.md: 12 x 12 in five fields, and 21 x 21
    chain_300      docs/chain_300_results.md: the open Heisenberg chain to 300 spins
    periodic       docs/periodic_results.md: periodic squares
    open_systems   docs/open_system_results.md: open systems in time and at rest
    measurements   docs/measurement_results.md: couplings and noise learned from shots
    samplers       docs/sampler_results.md: direct samples against Markov chains
    full_scale     docs/full_scale.md: what takes days, started, stopped and resumed

From `networks` to `periodic` each size is kept in reproduce/weights as soon as it is finished, and
the same command goes on from there, also elsewhere; --budget=tiny shows that every part of them
works. What all sections have found of ground states is in docs/ground_states.csv, too.
"""

from collections.abc import Sequence

from absl import flags

from qtf.command_line import run_command, take_words
from reproduce.engine.layout import Layout
from reproduce.engine.plan import select
from reproduce.engine.sections import Section, layout_of, run_section
from reproduce.sections import (
    chain_300,
    dynamics,
    full_scale,
    ground_states,
    growth,
    ising_squares,
    measurements,
    networks,
    open_systems,
    periodic,
    samplers,
    squares,
)

# Whose ground states are in the table of all of them.
TABLED = (ground_states, growth, networks, squares, ising_squares, chain_300, periodic)
ROOMS = (dynamics, *TABLED, open_systems, measurements, samplers, full_scale)
SECTIONS = {room.SECTION.name: room.SECTION for room in ROOMS}
DEFAULT = dynamics.SECTION.name


def main() -> None:
    """Defines the flags and runs the command."""
    names = take_words() or [DEFAULT]
    chosen = [SECTIONS[name] for name in names if name in SECTIONS]
    budgets = next((section.budgets for section in chosen if section.budgets), ())
    if budgets:
        flags.DEFINE_enum("budget", budgets[0], budgets, "How long it takes.")
    default = "BUDGET" if len(chosen) == 1 and chosen[0].budgets else "SECTION"
    flags.DEFINE_string("out_dir", None, f"All outputs; default .reproduce/{default}.")
    flags.DEFINE_string(
        "docs_dir", None, "Folder of the page; default docs, with budget tiny OUT/docs."
    )
    flags.DEFINE_list("stages", [], "Only these stages, then the page; default all.")
    flags.DEFINE_bool("list", False, "Print the stages and stop.")
    flags.DEFINE_bool("redraw", False, "Only write page and figures anew, from what is there.")
    run_command(
        " ".join(("reproduce", *names)) if names != [DEFAULT] else "reproduce",
        lambda: _run(names, chosen),
        # The command that is running saves what it has, which takes as long as one of its steps.
        grace=None,
    )


def _run(names: Sequence[str], sections: Sequence[Section]) -> int:
    for name in names:
        if name not in SECTIONS:
            raise ValueError(f"Unknown section `{name}`; known are {', '.join(SECTIONS)}.")
    values = flags.FLAGS
    if len(sections) > 1 and (values.out_dir or values.stages):
        raise ValueError("Flags --out_dir and --stages are about one section; name only one.")
    for section in sections:
        budget = _choose_budget(section, values.budget if section.budgets else "")
        layout = layout_of(section, budget, out_dir=values.out_dir, docs_dir=values.docs_dir)
        stages = select(section.stages(layout, budget), () if values.redraw else values.stages)
        code = run_section(section, layout, stages, only_list=values.list, redraw=values.redraw)
        if code:
            return code
        if section.name in {room.SECTION.name for room in TABLED} and not values.list:
            _write_table(layout)
    return 0


def _choose_budget(section: Section, budget: str) -> str:
    """Returns the budget that is asked for, or the default where it is another section's."""
    return budget if budget in ("", *section.budgets) else section.budgets[0]


def _write_table(layout: Layout) -> None:
    from reproduce.ground_state_table import write_table

    write_table(layout.docs)


if __name__ == "__main__":
    main()
