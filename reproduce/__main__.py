"""Runs everything behind a page of results; stopped at any time, the same command continues.

    python -m reproduce [SECTION ...] [--out_dir=OUT] [--stages=NAME,NAME] [--list] [--redraw]

Each stage is a command that a user could type, printed before it runs. Finished stages
whose inputs are unchanged are skipped. Sections, of which `dynamics` is the default:

    dynamics       docs/results.md: the dynamics of spins; --budget=short, full or tiny
    ground_states  docs/ground_state_results.md: ground states of squares and a chain
    growth         docs/growth_results.md: a chain and a square that grow
    open_systems   docs/open_system_results.md: open systems in time and at rest
    samplers       docs/sampler_results.md: direct samples against Markov chains
    full_scale     docs/full_scale.md: what takes days, started, stopped and resumed
"""

from collections.abc import Sequence

from absl import flags

from qtf.command_line import run_command, take_words
from reproduce.engine.plan import select
from reproduce.engine.sections import Section, layout_of, run_section
from reproduce.sections import (
    dynamics,
    full_scale,
    ground_states,
    growth,
    open_systems,
    samplers,
)

ROOMS = (dynamics, ground_states, growth, open_systems, samplers, full_scale)
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
        budget = values.budget if section.budgets else ""
        layout = layout_of(section, budget, out_dir=values.out_dir, docs_dir=values.docs_dir)
        stages = select(section.stages(layout, budget), () if values.redraw else values.stages)
        code = run_section(section, layout, stages, only_list=values.list, redraw=values.redraw)
        if code:
            return code
    return 0


if __name__ == "__main__":
    main()
