"""Writes results.json, results.md and the figures from what the other stages left.

python -m reproduce.report --out_dir=OUT --docs_dir=docs

It stands above the sections, as `docs/results.md` names the results of all of them.
"""

from collections.abc import Iterator
from pathlib import Path

from absl import flags

from qtf.command_line import run_command
from qtf.files import write_atomically, write_json
from reports.figures import write_set
from reports.records import read_record
from reproduce.engine.layout import Layout


def main() -> None:
    """Defines the flags and runs the command."""
    out_dir = flags.DEFINE_string("out_dir", None, "Folder of the stages' outputs.", required=True)
    docs_dir = flags.DEFINE_string("docs_dir", None, "Folder of results.md.", required=True)

    def report() -> None:
        for line in write_report(Layout(Path(out_dir.value), Path(docs_dir.value))):
            print(line)

    run_command("reproduce-report", report, resumable=False)


def write_report(layout: Layout) -> Iterator[str]:
    """Writes everything and yields what holds.

    Args:
        layout: Where the stages' outputs are, and where the page goes.

    Raises:
        FileNotFoundError: There is no output of any stage.
    """
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from reproduce.other_results import describe_others
    from reproduce.sections.dynamics.figures.all import all_figures
    from reproduce.sections.dynamics.material import collect
    from reproduce.sections.dynamics.page import page
    from reproduce.sections.dynamics.requirements import all_requirements
    from reproduce.sections.dynamics.results import Results, measure

    material = collect(layout)
    if not material.runs:
        raise FileNotFoundError(
            f"Folder {layout.root} holds no finished run; run a training first."
        )
    numbers = measure(material)
    results = read_record(Results, numbers)
    requirements, figures = all_requirements(results), all_figures(material)
    minutes = {name: entry.seconds / 60 for name, entry in material.stages.items()}
    others = describe_others(layout.docs)
    write_set(layout.docs / "figures", "results", figures, whole=True)
    write_json(layout.docs / "results.json", numbers)
    target = layout.docs / "results.md"
    write_atomically(target, page(results, requirements, sorted(figures), minutes, others))
    for requirement in requirements:
        yield requirement.line
    yield f"Page: {target}"


if __name__ == "__main__":
    main()
