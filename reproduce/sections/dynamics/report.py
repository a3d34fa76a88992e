"""Writes the page of this section, its numbers and its figures."""

from collections.abc import Iterator

from qtf.files import write_atomically, write_json
from reports.figures import write_set
from reports.records import read_record
from reproduce.engine.layout import Layout
from reproduce.sections.dynamics.figures.all import all_figures
from reproduce.sections.dynamics.material import collect
from reproduce.sections.dynamics.page import page
from reproduce.sections.dynamics.requirements import all_requirements
from reproduce.sections.dynamics.results import Results, measure


def write_report(layout: Layout, others: str = "") -> Iterator[str]:
    """Writes everything and yields what holds.

    Args:
        layout: Where the stages' outputs are, and where the page goes.
        others: Part about the other sections.

    Raises:
        FileNotFoundError: There is no output of any stage.
    """
    material = collect(layout)
    if not material.runs:
        raise FileNotFoundError(
            f"Folder {layout.root} holds no finished run; run a training first."
        )
    numbers = measure(material)
    results = read_record(Results, numbers)
    requirements, figures = all_requirements(results), all_figures(material)
    minutes = {name: entry.seconds / 60 for name, entry in material.stages.items()}
    write_set(layout.docs / "figures", "results", figures, whole=True)
    write_json(layout.docs / "results.json", numbers)
    target = layout.docs / "results.md"
    write_atomically(target, page(results, requirements, sorted(figures), minutes, others))
    for requirement in requirements:
        yield requirement.line
    yield f"Page: {target}"
