"""Tables of the results page, as markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

from reproduce.checks import Check, couplings
from reproduce.layout import TRANSFER_RUNS
from reproduce.panels import ROUNDING
from reproduce.paper_values import MRE_100, ROLLOUT_LOSS, TIMES

Values = dict[str, Any]
NETWORKS = {
    "increment": "`increment`",
    "paper": "`paper`, our budget",
    "local_generator": "local generator",
}
TRANSFERS = {run.key: run.words for run in TRANSFER_RUNS.values()}
RATES = {"paper_rate": "1e-4", "base_rate": "1e-3"}
TRIVIAL = {
    "straight_line": "straight line",
    "persistence": "persistence",
    "least_squares": "least squares",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a markdown table, all columns but the first aligned right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = [head, rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


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


def metric_table(results: Values, key: str) -> str:
    """Returns one number for every n: each network, and beside it the trivial predictors.

    Args:
        results: Of `reproduce.results`.
        key: For example "mre_100".
    """
    networks = [name for name in NETWORKS if results.get(name, {}).get("n_sites")]
    n_sites = sorted({n for name in networks for n in results[name]["n_sites"]}, key=int)
    head = ["n", *(NETWORKS[name] for name in networks), *TRIVIAL.values()]
    rows = []
    for n in n_sites:
        entries = [results[name]["n_sites"].get(n, {}) for name in networks]
        known = next(entry for entry in entries if entry)
        cells = [_cell(entry, key) for entry in entries]
        cells += [_cell(known.get(name, {}), key) for name in TRIVIAL]
        rows.append([n, *cells])
    return table(head, rows)


def check_table(checks: Sequence[Check]) -> str:
    """Returns what must hold, what was found, and whether it holds."""
    rows = [(c.requirement, c.found, "holds" if c.holds else "**falls short**") for c in checks]
    return table(["what must hold", "found", ""], rows)


def paper_table(results: Values) -> str:
    """Returns the paper's main claims beside the largest value of each predictor, n = 2..7."""
    columns: list[tuple[str, list[Values]]] = []
    for name, title in NETWORKS.items():
        entries = _base_entries(results.get(name, {}))
        if entries:
            columns.append((title, entries))
    first = columns[0][1]
    columns += [
        (TRIVIAL[name], [entry[name] for entry in first])
        for name in ("straight_line", "persistence")
    ]
    lines = (
        ("loss of a rollout of 100 steps, largest of all n", ROLLOUT_LOSS, "rollout_loss_100"),
        ("MRE at step 100, largest of all n", MRE_100, "mre_100"),
        ("MRE at step 250, largest of all n", None, "mre_250"),
    )
    rows = [
        [what, "a figure, linear growth" if quoted is None else f"at most {quoted:g}"]
        + [number(_largest(entries, key)) for _, entries in columns]
        for what, quoted, key in lines
    ]
    return table(["what", "paper", *(title for title, _ in columns)], rows)


def couplings_table(values: Values) -> str:
    """Returns what the local generator has learned, from exact and from noisy trajectories.

    Args:
        values: Of the local generator.
    """
    exact = couplings(values, "generator")
    noisy = couplings(values, "generator_from_noisy_data")
    head = ["coupling", "exact", "learned", "error bar", "learned from noise", "error bar"]
    rows = []
    for name, (true, value, bar) in exact.items():
        cells = [f"{true:g}", f"{value:.9f}", f"{bar:.0e}"]
        cells += [f"{noisy[name][1]:.6f}", f"{noisy[name][2]:.0e}"] if name in noisy else ["-"] * 2
        rows.append([f"`{name}`", *cells])
    return table(head, rows)


def times_table(rows: Sequence[Values]) -> str:
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
        quoted = TIMES.get(row["n_sites"], {}).get(row["batch_size"])
        paper = ["-", "-"] if quoted is None else [f"{seconds:g}" for seconds in quoted]
        exact = f"{row['exact']:.2g} ({row['exact_method']})"
        ours = [f"{row['one_at_a_time']:.2g}", exact, f"{row['network']:.2g}"]
        lines.append([str(row["n_sites"]), str(row["batch_size"]), *paper, *ours])
    return table(head, lines)


def transfer_table(values: Values) -> str:
    """Returns validation losses of every epoch and the ratios to those from scratch."""
    losses, ratios = values["validation_loss"], values["loss_ratios"]
    head = ["epoch", *(TRANSFERS[name] for name in losses)]
    head += [f"ratio, {RATES[rate]}" for rate in ratios]
    columns = [*losses.values(), *ratios.values()]
    rows = [
        [str(epoch), *map(number, values)]
        for epoch, values in enumerate(zip(*columns, strict=False), start=1)
    ]
    return table(head, rows)


def transfer_error_table(values: Values) -> str:
    """Returns the errors at the transfer's n after the shared budget."""
    (n_sites,) = values["n_sites"]
    fine = values["n_sites"][n_sites]
    lines = [(TRANSFERS["fine_tuned"], fine)]
    for name, words in TRANSFERS.items():
        if values.get(name, {}).get("n_sites"):
            lines.append((words, values[name]["n_sites"][n_sites]))
    lines += [(TRIVIAL[name], fine[name]) for name in TRIVIAL if name in fine]
    keys = ("mre_100", "mre_250", "fidelity_100", "fidelity_250")
    head = [f"n = {n_sites}", "MRE, step 100", "MRE, step 250", "fidelity, 100", "fidelity, 250"]
    return table(head, [[words, *(_cell(entry, key) for key in keys)] for words, entry in lines])


def _base_entries(network: Values) -> list[Values]:
    return [entry for n, entry in network.get("n_sites", {}).items() if 2 <= int(n) <= 7]


def _cell(entry: Values, key: str) -> str:
    if key not in entry:
        return "-"
    return f"{entry[key]:.6f}" if key.startswith("fidelity") and entry[key] else number(entry[key])


def _largest(entries: Sequence[Values], key: str) -> float | None:
    values = [entry[key] for entry in entries]
    return None if None in values else max(values)
