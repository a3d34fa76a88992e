"""The page `docs/measurement_results.md` and its numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qtf.files import read_json
from reports.provenance import Made
from reports.records import read_record
from reports.requirements import Requirement, tally
from reports.sentences import fill_text, list_shortfalls
from reports.tables import table
from reproduce.engine.layout import Layout
from reproduce.engine.pages import MissingRunsError, Page
from reproduce.engine.texts import join_parts, read_parts
from reproduce.sections.measurements.all_cases import ALL_CASES, FURTHER
from reproduce.sections.measurements.cases import CASES, DrawnCase

NAME = "measurement_results"
PARTS = read_parts(__file__)
# Standard errors of an interval of 95 %.
WIDTH = 1.96
NOTICED = 1e-3
# As many as were drawn at first; more of them say how much of their coverage is chance.
FIRST_DRAWS = 20


@dataclass(frozen=True)
class LeftOut:
    """Fits without a parameter.

    Attributes:
        largest_p_value: Of the goodness of all of them.
        named: Share of draws in which it is the first that is asked for.
    """

    largest_p_value: float
    named: float


@dataclass(frozen=True)
class Learned:
    """What the draws of a case came to.

    Attributes:
        n_draws: Number of draws.
        n_parameters: Parameters of a draw.
        rms: Root mean square error of a parameter.
        bound: The same of the bound.
        rms_over_bound: Their ratio.
        rms_per_shot: Root mean square error times the root of the shots.
        coverage_95: Share of 95 % intervals that hold the truth.
        coverage_of_first: The same of the first draws alone, `FIRST_DRAWS`.
        smallest_p_value: Smallest p value of the goodness of a fit.
        seconds: Mean duration of a fit, beside whatever else the machine did.
        processor_seconds: Mean time of processors that a fit took.
        most_processor_seconds: Longest one.
        left_out: By the parameter that is left out.
    """

    n_draws: int
    n_parameters: int
    rms: float
    bound: float
    rms_over_bound: float
    rms_per_shot: float
    coverage_95: float
    coverage_of_first: float
    smallest_p_value: float
    seconds: float
    processor_seconds: float
    most_processor_seconds: float
    left_out: Mapping[str, LeftOut]


@dataclass(frozen=True)
class Results:
    """Numbers of the page, by the names of the cases that were run."""

    made: Made
    cases: Mapping[str, Mapping[str, Any]]

    @property
    def learned(self) -> list[tuple[DrawnCase, Learned]]:
        """Plain fits."""
        return [
            (case, read_record(Learned, self.cases[name]))
            for name, case in CASES.items()
            if name in self.cases
        ]

    @property
    def further(self) -> dict[str, list[Requirement]]:
        """What has to hold of other cases, by their names."""
        return {
            name: case.requirements(self.cases[name])
            for name, case in FURTHER.items()
            if name in self.cases
        }


def collect(layout: Layout) -> dict[str, Any]:
    """Returns the numbers of the cases that were run.

    Raises:
        MissingRunsError: There is none.
    """
    files = {name: layout.run(name) / "draws.json" for name in ALL_CASES}
    there = {name: read_json(path) for name, path in files.items() if path.exists()}
    if not there:
        raise MissingRunsError(f"No page yet: stages {', '.join(files)} are missing.")
    of_case = {name: case.summarise for name, case in FURTHER.items()}
    return {"cases": {name: of_case.get(name, summarise)(there[name]) for name in there}}


def summarise(draws: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the numbers of the draws of one case.

    Args:
        draws: What `draws.draw` returned.
    """
    off, errors = (np.array([draw[key] for draw in draws]) for key in ("off", "errors"))
    rms, bound = (float(np.sqrt((values**2).mean())) for values in (off, errors))
    # Of draws that were made before it was measured it is not known.
    processor = [draw["processor_seconds"] for draw in draws if "processor_seconds" in draw]
    holds = np.abs(off) < WIDTH * errors
    return {
        "n_draws": len(draws),
        "n_parameters": off.shape[1],
        "rms": rms,
        "bound": bound,
        "rms_over_bound": rms / bound,
        "rms_per_shot": rms * draws[0]["shots"] ** 0.5,
        "coverage_95": float(holds.mean()),
        "coverage_of_first": float(holds[:FIRST_DRAWS].mean()),
        "smallest_p_value": min(draw["p_value"] for draw in draws),
        "seconds": float(np.mean([draw["seconds"] for draw in draws])),
        "processor_seconds": float(np.mean(processor)),
        "most_processor_seconds": max(processor),
        "left_out": {
            name: {
                "largest_p_value": max(draw["left_out"][name]["p_value"] for draw in draws),
                "named": float(
                    np.mean([draw["left_out"][name]["named"] == name for draw in draws])
                ),
            }
            for name in draws[0]["left_out"]
        },
    }


def requirements(case: DrawnCase, learned: Learned) -> list[Requirement]:
    """Returns what has to hold of a case, beside what was measured."""
    limit = case.most_over_bound
    asked = [
        Requirement(
            f"{case.words}: error over the bound",
            f"{learned.rms_over_bound:.3f}",
            learned.rms_over_bound <= limit,
            f"at most {limit}",
        )
    ]
    if case.most_per_shot is not None:
        asked.append(
            Requirement(
                f"{case.words}: error times the root of the shots",
                f"{learned.rms_per_shot:.3f}",
                learned.rms_per_shot <= case.most_per_shot,
                f"at most {case.most_per_shot}",
            )
        )
    if case.covers is not None:
        least, most = case.covers
        asked.append(
            Requirement(
                f"{case.words}: 95 % intervals that hold the truth",
                f"{100 * learned.coverage_95:.1f} %",
                least <= learned.coverage_95 <= most,
                f"{100 * least:.0f} to {100 * most:.0f} %",
            )
        )
    if case.most_seconds is not None:
        asked.append(
            Requirement(
                f"{case.words}: longest fit, time of one core",
                f"{learned.most_processor_seconds:.1f} s",
                learned.most_processor_seconds <= case.most_seconds,
                f"at most {case.most_seconds:.0f} s",
            )
        )
    return [*asked, *_noticed(learned)]


def _noticed(learned: Learned) -> Iterator[Requirement]:
    for name, left_out in learned.left_out.items():
        yield Requirement(
            f"without `{name}`: largest p value",
            f"{left_out.largest_p_value:.1g}, first named in {100 * left_out.named:.0f} % of draws",
            left_out.largest_p_value < NOTICED,
            f"below {NOTICED}",
        )


def text(results: Results) -> str:
    """Returns the page as markdown."""
    learned = [one for case, numbers in results.learned for one in requirements(case, numbers)]
    own = [one for one in learned if not one.words.startswith("without")]
    left_out = [one for one in learned if one.words.startswith("without")]
    further = results.further
    everything = [*learned, *(one for of_case in further.values() for one in of_case)]
    page = fill_text(
        PARTS["page"],
        made=results.made.lines(),
        tally=tally(everything).capitalize(),
        short=list_shortfalls(everything),
        rows="\n\n".join([_cases(results), _verdicts(own)]),
    )
    parts = [page, PARTS["missing"].format(rows=_verdicts(left_out)) if left_out else ""]
    by_part: dict[str, list[Requirement]] = {}
    for name, asked in further.items():
        by_part.setdefault(name.partition("_")[0], []).extend(asked)
    parts += [PARTS[name].format(rows=_verdicts(asked)) for name, asked in by_part.items()]
    return join_parts(parts)


def lines(results: Results) -> Iterator[str]:
    """Yields a line about each requirement."""
    for case, numbers in results.learned:
        for requirement in requirements(case, numbers):
            yield requirement.line
    for asked in results.further.values():
        for requirement in asked:
            yield requirement.line


def _cases(results: Results) -> str:
    head = [
        "",
        "draws",
        "parameters",
        "error",
        "bound",
        "95 % intervals hold",
        f"of the first {FIRST_DRAWS} draws",
        "core seconds",
        "seconds",
        "least p value",
    ]
    rows = [
        [
            case.words,
            str(learned.n_draws),
            str(learned.n_parameters),
            f"{learned.rms:.2g}",
            f"{learned.bound:.2g}",
            f"{100 * learned.coverage_95:.1f} %",
            f"{100 * learned.coverage_of_first:.1f} %",
            f"{learned.processor_seconds:.1f}",
            f"{learned.seconds:.1f}",
            f"{learned.smallest_p_value:.2g}",
        ]
        for case, learned in results.learned
    ]
    return table(head, rows)


def _verdicts(asked: list[Requirement]) -> str:
    rows = [[one.words, one.measured, one.limit, one.cell] for one in asked]
    return table(["", "measured", "asked for", ""], rows)


PAGE = Page(NAME, Results, collect, text, lines, keeps="cases")
