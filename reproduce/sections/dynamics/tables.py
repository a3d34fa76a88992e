"""Tables of the results page, as markdown."""

import math
from collections.abc import Sequence

from reports.requirements import Requirement
from reports.tables import table
from reproduce.sections.dynamics.figures.panels import ROUNDING
from reproduce.sections.dynamics.material import Times
from reproduce.sections.dynamics.paper_values import MRE_100, ROLLOUT_LOSS, TIMES
from reproduce.sections.dynamics.results import (
    Errors,
    LocalGenerator,
    Results,
    Tested,
    Trained,
    Transfer,
)
from reproduce.sections.dynamics.runs import BASE_RUNS, TRANSFER_RUNS, TRIVIAL

TRANSFERS = {run.key: run.words for run in TRANSFER_RUNS.values()}
RATES = {"paper_rate": "1e-4", "base_rate": "1e-3"}
ABSENT = "-"


def number(value: float | None) -> str:
    """Returns a number with three digits.

    Example:
        >>> number(0.0001234), number(0.5), number(None)
        ('1.23e-04', '0.500', 'not finite')
    """
    if value is None:
        return "not finite"
    if abs(value) < ROUNDING:
        return f"< {ROUNDING:.0e}"
    return f"{value:.3f}" if 0.1 <= abs(value) < 100 else f"{value:.2e}"


def metric_table(results: Results, key: str) -> str:
    """Returns one number for every n: each network, and beside it the trivial predictors.

    Args:
        results: All numbers.
        key: Attribute of `Errors`.
    """
    networks = results.tested_runs()
    head = ["n", *(BASE_RUNS[name] for name in networks), *TRIVIAL]
    rows = []
    for n in sorted({n for network in networks.values() for n in network.n_sites}):
        tested = [network.n_sites.get(n) for network in networks.values()]
        first = next(entry for entry in tested if entry)
        cells = [_cell(entry or Errors(), key) for entry in tested]
        cells += [_cell(getattr(first, predictor), key) for predictor in TRIVIAL.values()]
        rows.append([str(n), *cells])
    return table(head, rows)


def requirement_table(requirements: Sequence[Requirement]) -> str:
    """Returns what must hold, what was found, and whether it holds."""
    rows = [(each.words, each.measured, each.cell) for each in requirements]
    return table(["what must hold", "found", ""], rows)


def paper_table(results: Results) -> str:
    """Returns the paper's main claims beside the largest value of each predictor, n = 2..7."""
    columns: dict[str, Sequence[Errors]] = {
        BASE_RUNS[name]: tested
        for name, network in results.tested_runs().items()
        if (tested := _of_the_paper(network))
    }
    first = next(iter(columns.values()))
    for words in ("straight line", "persistence"):
        columns[words] = [getattr(entry, TRIVIAL[words]) for entry in first]
    lines = (
        ("loss of a rollout of 100 steps, largest of all n", ROLLOUT_LOSS, "rollout_loss_100"),
        ("MRE at step 100, largest of all n", MRE_100, "mre_100"),
        ("MRE at step 250, largest of all n", None, "mre_250"),
    )
    rows = [
        [what, "a figure, linear growth" if quoted is None else f"at most {quoted:g}"]
        + [number(_largest(errors, key)) for errors in columns.values()]
        for what, quoted, key in lines
    ]
    return table(["what", "paper", *columns], rows)


def largest_error(network: Trained, key: str) -> str:
    """Returns the largest error of a network for the numbers of spins of the paper.

    Args:
        network: A network that was evaluated.
        key: Attribute of `Errors`.
    """
    return number(_largest(_of_the_paper(network), key))


def couplings_table(generator: LocalGenerator) -> str:
    """Returns what the local generator has learned, from exact and from noisy trajectories."""
    exact = generator.couplings(generator.generator)
    noisy = generator.couplings(generator.generator_from_noisy_data)
    head = ["coupling", "exact", "learned", "error bar", "learned from noise", "error bar"]
    rows = []
    for name, (true, value, bar) in exact.items():
        cells = [f"{true:g}", f"{value:.9f}", f"{bar:.0e}"]
        _, noisy_value, noisy_bar = noisy.get(name, (0.0, None, None))
        cells.append(ABSENT if noisy_value is None else f"{noisy_value:.6f}")
        cells.append(ABSENT if noisy_bar is None else f"{noisy_bar:.0e}")
        rows.append([f"`{name}`", *cells])
    return table(head, rows)


def times_table(rows: Sequence[Times]) -> str:
    """Returns the table of times, the paper's two columns and our three."""
    head = [
        "n",
        "batch",
        "paper: exact diagonalisation",
        "paper: network, P40",
        "one trajectory at a time",
        "best exact method",
        "network",
    ]
    lines = []
    for row in rows:
        quoted = TIMES.get(row.n_sites, {}).get(row.batch_size)
        paper = [ABSENT, ABSENT] if quoted is None else [f"{seconds:g}" for seconds in quoted]
        exact = f"{row.exact:.2g} ({row.exact_method})"
        ours = [f"{row.one_at_a_time:.2g}", exact, f"{row.network:.2g}"]
        lines.append([str(row.n_sites), str(row.batch_size), *paper, *ours])
    return table(head, lines)


def transfer_table(transfer: Transfer) -> str:
    """Returns validation losses of every epoch and the ratios to those from scratch."""
    losses, ratios = transfer.validation_loss, transfer.loss_ratios
    columns = {words: losses[key] for key, words in TRANSFERS.items() if key in losses}
    columns |= {f"ratio, {words}": ratios[key] for key, words in RATES.items() if key in ratios}
    rows = [
        [str(epoch), *map(number, numbers)]
        for epoch, numbers in enumerate(zip(*columns.values(), strict=False), start=1)
    ]
    return table(["epoch", *columns], rows)


def transfer_error_table(transfer: Transfer) -> str:
    """Returns the errors at the transfer's n after the shared budget."""
    (n_sites,) = transfer.n_sites
    fine = transfer.n_sites[n_sites]
    trainings = transfer.trainings()
    lines: dict[str, Errors] = {
        words: trainings[key].n_sites[n_sites]
        for key, words in TRANSFERS.items()
        if key in trainings
    }
    lines |= {words: getattr(fine, key) for words, key in TRIVIAL.items()}
    keys = ("mre_100", "mre_250", "fidelity_100", "fidelity_250")
    head = [f"n = {n_sites}", "MRE, step 100", "MRE, step 250", "fidelity, 100", "fidelity, 250"]
    rows = [[words, *(_cell(errors, key) for key in keys)] for words, errors in lines.items()]
    return table(head, [row for row in rows if set(row[1:]) != {ABSENT}])


def _cell(errors: Errors, key: str) -> str:
    value = getattr(errors, key)
    if value is not None and math.isnan(value):
        return ABSENT
    return f"{value:.6f}" if key.startswith("fidelity") and value else number(value)


def _of_the_paper(network: Trained) -> list[Tested]:
    return [tested for n, tested in network.n_sites.items() if 2 <= n <= 7]


def _largest(errors: Sequence[Errors], key: str) -> float | None:
    values = [getattr(entry, key) for entry in errors]
    return None if None in values else max(values)
