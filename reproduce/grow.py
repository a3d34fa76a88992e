"""Grows a ground state, and keeps every size with its weights as soon as it is finished.

    python -m reproduce.grow --config=CONFIG --section=SECTION --workdir=RUN --docs_dir=DOCS \
        [--trainer_flag=FLAG ...]

Each size that is finished goes to `reproduce/weights/SECTION/RUN` beside DOCS, and page and table
in DOCS are written anew. Where there is no run folder, the growth goes on from what is kept.
"""

import sys
from pathlib import Path

from absl import flags

from qtf.command_line import run_command
from reproduce.engine.layout import Layout
from reproduce.engine.runner import run_command_with_heartbeat
from reproduce.engine.sections import Section
from reproduce.sections import chain_300, ising_squares, networks, periodic, squares

SECTIONS = {
    room.SECTION.name: room.SECTION
    for room in (networks, squares, ising_squares, chain_300, periodic)
}


def main() -> None:
    """Defines the flags and runs the command."""
    config = flags.DEFINE_string("config", None, "The configuration.", required=True)
    section = flags.DEFINE_enum("section", None, list(SECTIONS), "Whose it is.", required=True)
    workdir = flags.DEFINE_string("workdir", None, "Run folder of the growth.", required=True)
    docs_dir = flags.DEFINE_string("docs_dir", None, "Folder of the page.", required=True)
    passed_on = flags.DEFINE_multi_string("trainer_flag", [], "Passed on; may be repeated.")

    def grow() -> int:
        run = Path(workdir.value).resolve()
        command = [sys.executable, "-m", "trainers.ground_state", f"--config={config.value}"]
        command += [*passed_on.value, f"--workdir={run}"]
        docs = Path(docs_dir.value).resolve()
        return grow_and_keep(command, run, SECTIONS[section.value], docs)

    run_command("reproduce-grow", grow, grace=None)


def grow_and_keep(command: list[str], workdir: Path, section: Section, docs: Path) -> int:
    """Runs a growth and keeps what it finishes, and returns its exit code.

    Args:
        command: Program and arguments of the growth.
        workdir: Its run folder, of the name of its case.
        section: Its section.
        docs: Folder of the page.

    Raises:
        ValueError: Sizes of another search are kept.
    """
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from reproduce.searches.kept import check_same_search, keep_finished, sizes_of, take_up

    layout = Layout(workdir.parents[1], docs)
    kept = layout.weights_of(section.name) / workdir.name
    sizes = take_up(kept, workdir)
    if sizes:
        print(f"Sizes {', '.join(map(str, sizes))} are taken from {kept}.", flush=True)
    check_same_search(workdir, kept)
    if sizes_of(kept):
        # What a start before has kept, but not written any more.
        _write_pages(section, layout)

    def keep() -> None:
        new = keep_finished(workdir, kept)
        if new:
            _write_pages(section, layout)
            print(f"Sizes {', '.join(map(str, new))} are kept in {kept}.", flush=True)

    try:
        return run_command_with_heartbeat(command, keep)
    finally:
        keep()


def _write_pages(section: Section, layout: Layout) -> None:
    from reproduce.engine.pages import write_page
    from reproduce.ground_state_table import write_table

    if section.page is not None:
        # Its lines are for the end of the section.
        list(write_page(section.page(), layout))
        write_table(layout.docs)


if __name__ == "__main__":
    main()
