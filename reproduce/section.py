"""A part of the results: runs of one trainer and a page about them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from absl import flags

from qtf.command_line import run_command
from reproduce.layout import Layout
from reproduce.stages import Stage


@dataclass(frozen=True)
class Section:
    """What is run, and what is written about it.

    Attributes:
        name: Of the command and of its folder of outputs.
        stages_of: Returns the stages.
        write_page: Writes a page into a folder, and yields lines about it.
    """

    name: str
    stages_of: Callable[[Layout], Sequence[Stage]]
    write_page: Callable[[Layout, Path], Iterator[str]]


def training_stage(
    layout: Layout, name: str, module: str, config: str, *further: str, minutes: float
) -> Stage:
    """Returns the training with a configuration, and further flags, in the folder of this name."""
    folder = layout.run(name)
    arguments = (f"--workdir={folder}", *further)
    return Stage(name, module, arguments, folder, config=config, minutes=minutes)


def main(section: Section) -> None:
    """Defines the flags of a section and runs its command."""
    folder = section.name.replace("-", "_")
    out_dir = flags.DEFINE_string("out_dir", None, f"Outputs; default .reproduce/{folder}.")
    docs_dir = flags.DEFINE_string("docs_dir", None, "Folder of the page; default docs.")
    names = flags.DEFINE_list("stages", [], "Only these stages, then the page; default all.")
    only_list = flags.DEFINE_bool("list", False, "Print the stages and stop.")
    run_command(
        f"reproduce-{section.name}",
        lambda: _run(section, out_dir.value, docs_dir.value, names.value, only_list.value),
        # The command that is running saves what it has, which takes as long as one of its steps.
        grace=None,
    )


def _run(
    section: Section, out_dir: str | None, docs_dir: str | None, names: list[str], only_list: bool
) -> int:
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.files import locked, writable_folder
    from qtf.quiet_import import import_tensorflow_quietly
    from reproduce.fingerprints import ROOT
    from reproduce.plan import plan_text, select
    from reproduce.runner import Journal, Runner, StageFailedError

    default = ROOT / ".reproduce" / section.name.replace("-", "_")
    folder = Path(out_dir or default).resolve()
    docs = Path(docs_dir or ROOT / "docs").resolve()
    layout = Layout(folder)
    stages = select(section.stages_of(layout), names)
    with locked(writable_folder(folder)):
        runner = Runner(folder, Journal(layout.journal), _say)
        _say(plan_text(stages, runner.is_finished))
        if only_list:
            return 0
        try:
            runner.run(stages)
        except StageFailedError as error:
            _say(f"{error} Everything before it is kept; the same command continues.")
            return 1
        import_tensorflow_quietly()
        for line in section.write_page(layout, writable_folder(docs)):
            _say(line)
    return 0


def _say(text: str) -> None:
    print(text, flush=True)
