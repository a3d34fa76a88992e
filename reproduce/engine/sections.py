"""A section of the results, and the command that runs it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtf.files import locked, writable_folder
from reproduce.engine.journal import Journal
from reproduce.engine.layout import ROOT, Layout
from reproduce.engine.pages import Page, write_page
from reproduce.engine.plan import plan_text
from reproduce.engine.runner import Runner, StageFailedError
from reproduce.engine.stages import Stage

# Of a section whose only other budget shows that every stage works.
USUAL, TINY = "usual", "tiny"


@dataclass(frozen=True)
class Section:
    """What is run, and what is written about it.

    Attributes:
        name: Name on the command line, and of the folder of its outputs.
        stages: Returns the stages for a layout and a budget.
        page: Returns the page, or None where the last stage writes it. It is made only when it is
            needed, as its room imports TensorFlow.
        budgets: What the flag --budget may be, the default first; empty where there is none.
    """

    name: str
    stages: Callable[[Layout, str], Sequence[Stage]]
    page: Callable[[], Page[Any]] | None = None
    budgets: tuple[str, ...] = ()

    def folder(self, budget: str) -> str:
        """Returns the name of the folder of its outputs."""
        if USUAL not in self.budgets:
            return budget or self.name
        return self.name if budget == USUAL else f"{self.name}-{budget}"


def layout_of(
    section: Section, budget: str = "", *, out_dir: str | None = None, docs_dir: str | None = None
) -> Layout:
    """Returns where the files of a section are.

    Args:
        section: The section.
        budget: One of its budgets.
        out_dir: Folder of all outputs, or None for the default.
        docs_dir: Folder of the page, or None for the default.
    """
    root = Path(out_dir or ROOT / ".reproduce" / section.folder(budget)).resolve()
    docs = root / "docs" if budget == TINY else ROOT / "docs"
    return Layout(root, Path(docs_dir or docs).resolve())


def run_section(
    section: Section,
    layout: Layout,
    stages: Sequence[Stage],
    *,
    only_list: bool = False,
    redraw: bool = False,
) -> int:
    """Runs stages of a section, writes its page, and returns the exit code.

    Args:
        section: The section.
        layout: Where its files are.
        stages: The stages to run.
        only_list: Whether only to print them.
        redraw: Whether only to write the page anew.
    """
    with locked(writable_folder(layout.root)):
        runner = Runner(layout.root, Journal(layout.journal), _say)
        if not redraw:
            _say(plan_text(stages, runner.is_finished))
        if only_list:
            return 0
        writable_folder(layout.docs)
        try:
            for line in _run(section, stages, runner, layout, redraw=redraw):
                _say(line)
        except StageFailedError as error:
            _say(f"reproduce: {error} Everything before it is kept; the same command continues.")
            return 1
    return 0


def _run(
    section: Section, stages: Sequence[Stage], runner: Runner, layout: Layout, *, redraw: bool
) -> Iterator[str]:
    if not redraw:
        runner.run(stages)
    elif section.page is None:
        runner.run_anew(stages[-1])
    if section.page is not None:
        from qtf.quiet_import import import_tensorflow_quietly

        import_tensorflow_quietly()
        yield from write_page(section.page(), layout, redraw=redraw)


def _say(text: str) -> None:
    print(text, flush=True)
