"""The page `docs/results.md`: the texts of `page.md` around the numbers."""

from collections.abc import Iterator, Mapping, Sequence

from reports.requirements import Requirement, tally
from reports.tables import table
from reproduce.engine.texts import join_parts, read_parts
from reproduce.sections.dynamics import tables
from reproduce.sections.dynamics.budgets import budget
from reproduce.sections.dynamics.material import Times
from reproduce.sections.dynamics.paper_values import MRE_100
from reproduce.sections.dynamics.results import LocalGenerator, Results, Transfer
from reproduce.sections.dynamics.runs import BASE_RUNS, FINE_TUNED, LOCAL_GENERATOR

PARTS = read_parts(__file__)
# Title, number, figure below the table.
METRICS = (
    ("Mean relative entropy at step 100", "mre_100", "mre_100"),
    ("Mean relative entropy at step 250", "mre_250", "mre_250"),
    ("Fidelity at step 100, median", "fidelity_100", "fidelity"),
    ("Fidelity at step 250, median", "fidelity_250", ""),
    ("Largest error of an amplitude at step 250, mean over states", "amplitude_error_250", ""),
)


def page(
    results: Results,
    requirements: Sequence[Requirement],
    figures: Sequence[str],
    stage_minutes: Mapping[str, float],
    others: str = "",
) -> str:
    """Returns the page as markdown.

    Args:
        results: All numbers.
        requirements: What must hold.
        figures: Names of the figures that were drawn.
        stage_minutes: Stage -> how long it took.
        others: Part about the other sections.
    """
    rows = [(f"`{name}`", f"{minutes:.1f}") for name, minutes in stage_minutes.items()]
    short, full = (sum(budget(name).minutes.values()) / 60 for name in ("short", "full"))
    return join_parts(
        [
            *_parts_of_results(results, requirements, figures),
            others,
            PARTS["how"].format(short=short, full=full),
            table(["stage", "minutes taken"], rows) if rows else "",
        ]
    )


def _parts_of_results(
    results: Results, requirements: Sequence[Requirement], figures: Sequence[str]
) -> Iterator[str]:
    yield _head(results, requirements)
    if requirements:
        rows = tables.requirement_table(requirements)
        yield PARTS["verdict"].format(tally=tally(requirements), requirements=rows)
    if results.tested_runs():
        yield PARTS["comparison"].format(table=tables.paper_table(results))
        yield _picture("losses", figures)
        yield from _errors(results, figures)
    pictures = [_picture(name, figures) for name in figures if name.startswith("components_")]
    pictures = [_picture("amplitudes", figures), *pictures, _picture("magnetization", figures)]
    if any(pictures):
        yield from (PARTS["states"], *pictures)
    if results.increment and results.increment.times:
        yield from (_times(results.increment.times), _picture("times", figures))
    if results.transfer_8 and results.transfer_8.n_sites:
        yield from (_transfer(results.transfer_8), _picture("transfer", figures))
    if results.local_generator:
        yield from _generator(results.local_generator)


def _head(results: Results, requirements: Sequence[Requirement]) -> str:
    trained = results.base_runs()
    if results.transfer_8:
        trained[FINE_TUNED] = results.transfer_8
    words = {**BASE_RUNS, FINE_TUNED: "transfer, fine-tuned"}
    rows = [
        (
            words[name],
            f"{network.minutes:.1f}",
            "a fit" if name == LOCAL_GENERATOR else f"{network.steps:,}",
        )
        for name, network in trained.items()
    ]
    return PARTS["head"].format(
        answer=_answer(results, requirements),
        made=results.lines(),
        trained=table(["trained", "minutes", "optimiser steps"], rows),
        counts=_count_states(results),
    )


def _answer(results: Results, requirements: Sequence[Requirement]) -> str:
    sentences = [f"{tally(requirements)}."] if requirements else []
    if results.increment and results.increment.n_sites:
        largest = tables.largest_error(results.increment, "mre_100")
        sentences.append(
            f"For 2 to 7 spins the mean relative entropy of `increment` after 100 steps is at most"
            f" {largest}, where the paper claims at most {MRE_100:g}."
        )
    return " ".join(sentences)


def _count_states(results: Results) -> str:
    """Returns how many states each n was evaluated with, in words."""
    counts: dict[int, set[int]] = {}
    for network in results.tested_runs().values():
        for n_sites, tested in network.n_sites.items():
            counts.setdefault(tested.n_states, set()).add(n_sites)
    return "; ".join(
        f"{count:,} for n = {', '.join(map(str, sorted(n_sites)))}"
        for count, n_sites in counts.items()
    )


def _errors(results: Results, figures: Sequence[str]) -> Iterator[str]:
    yield PARTS["errors"]
    for title, key, picture in METRICS:
        yield PARTS["metric"].format(title=title, table=tables.metric_table(results, key))
        yield _picture(picture, figures)
    yield PARTS["least_squares"]


def _times(rows: Sequence[Times]) -> str:
    slower = [row.network / row.exact for row in rows]
    return PARTS["times"].format(
        table=tables.times_table(rows), least=min(slower), most=max(slower)
    )


def _transfer(transfer: Transfer) -> str:
    (n_sites,) = transfer.n_sites
    sentences = [PARTS["fine_tuning"].format(steps=transfer.steps)]
    if "base_rate" in transfer.loss_ratios:
        sentences.append(PARTS["base_rate"])
    if transfer.fine_tuned_not_grown:
        sentences.append(PARTS["not_grown"])
    return PARTS["transfer"].format(
        n_sites=n_sites,
        sentences=" ".join(sentences),
        losses=tables.transfer_table(transfer),
        errors=tables.transfer_error_table(transfer),
    )


def _generator(generator: LocalGenerator) -> Iterator[str]:
    fit = generator.generator
    if fit.n_trajectories:
        yield PARTS["generator"].format(**vars(fit), table=tables.couplings_table(generator))
        if generator.noise:
            yield PARTS["noise"].format(noise=generator.noise)


def _picture(name: str, figures: Sequence[str]) -> str:
    if name not in figures:
        return ""
    key = name.split("_")[0] if name.startswith("components") else name
    caption = PARTS[f"caption_{key}"]
    return PARTS["picture"].format(name=name, title=name.replace("_", " "), caption=caption)
