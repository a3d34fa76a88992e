"""The report of an evaluation: JSON, CSV, figures and one HTML page."""

import csv
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from qtf.dynamics import figures
from qtf.dynamics.evaluation import Evaluation
from qtf.dynamics.metrics import METRICS, Metric, Summary
from qtf.files import write_atomically, write_json
from qtf.html_page import facts_table, figure_section, make_page, png_of, short_number

# n_sites -> evaluation
Evaluations = Mapping[int, Evaluation]
# n_sites -> exact and predicted trajectory, (n_times, 2**n) each
Pairs = Mapping[int, tuple[np.ndarray, np.ndarray]]
# Steps of the training with their metrics.
Rows = Sequence[Mapping[str, float]]


@dataclass(frozen=True)
class Facts:
    """What was evaluated.

    Attributes:
        run: Name of the run folder.
        data: Name of the source of the states.
        system: Hamiltonian in words.
        dt: Time step.
        n_steps: Steps that are predicted.
        n_sequences: n_sites -> number of test sequences.
        trained_n_sites: Chain lengths of the training.
        evaluation_seconds: n_sites -> time that the evaluation took.
        fit: Sentences of a fit, by name.
    """

    run: str
    data: str
    system: str
    dt: float
    n_steps: int
    n_sequences: Mapping[int, int]
    trained_n_sites: Sequence[int]
    evaluation_seconds: Mapping[int, float]
    fit: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Returns the facts as metrics.json has them."""
        return {
            **self._show(),
            "n_sequences": {str(n): count for n, count in self.n_sequences.items()},
            "trained_n_sites": list(self.trained_n_sites),
            "evaluation_seconds": {str(n): value for n, value in self.evaluation_seconds.items()},
        }

    def as_words(self) -> dict[str, str]:
        """Returns the facts as the page shows them."""
        words = {
            name.replace("_", " "): short_number(value) for name, value in self._show().items()
        }
        counts = self.n_sequences.items()
        words["test sequences"] = ", ".join(f"{count} (n = {n})" for n, count in counts)
        words["trained on n"] = ", ".join(map(str, self.trained_n_sites))
        others = [str(n) for n in self.n_sequences if n not in self.trained_n_sites]
        return words | ({"never trained on n": ", ".join(others)} if others else {})

    def _show(self) -> dict[str, str | float]:
        names = ("run", "data", "system", "dt", "n_steps")
        return {name: getattr(self, name) for name in names} | dict(self.fit)


@dataclass(frozen=True)
class ErrorRow:
    """The MRE of each predictor at one step.

    Attributes:
        n_sites: Number of spins.
        errors: Predictor -> MRE.
    """

    n_sites: int
    errors: Mapping[str, float]


def write_report(
    out_dir: Path, evaluations: Evaluations, printed: Pairs, facts: Facts, training_rows: Rows
) -> Path:
    """Writes metrics.json, metrics.csv, figures and report.html into `out_dir`.

    Args:
        out_dir: Existing folder.
        evaluations: n_sites -> evaluation.
        printed: n_sites -> exact and predicted trajectory of the paper's printed state.
        facts: What was evaluated.
        training_rows: Validation rows of the run, for the training curve.

    Returns:
        The path of the page.
    """
    write_json(out_dir / "metrics.json", _as_json(evaluations, facts))
    write_atomically(out_dir / "metrics.csv", _as_csv(evaluations))
    drawn = _draw(evaluations, printed, facts, training_rows)
    (out_dir / "figures").mkdir(exist_ok=True)
    # Components of other n, from an earlier evaluation, must not stay beside these.
    for stale in (out_dir / "figures").glob("components_n*.png"):
        stale.unlink()
    pictures = {}
    for name, (title, caption, figure) in drawn.items():
        png = png_of(figure)
        write_atomically(out_dir / "figures" / f"{name}.png", png)
        pictures[title] = (caption, png)
    page = out_dir / "report.html"
    write_atomically(page, _as_html(evaluations, facts, pictures))
    return page


def mre_table(evaluations: Evaluations, step: int) -> list[ErrorRow]:
    """Returns the MRE of every predictor at one step, one row for each n."""
    rows = []
    for n_sites, evaluation in evaluations.items():
        by_predictor = evaluation.summaries["mean_relative_entropy"].items()
        errors = {predictor: float(summary.mean[step]) for predictor, summary in by_predictor}
        rows.append(ErrorRow(n_sites, errors))
    return rows


def _as_json(evaluations: Evaluations, facts: Facts) -> dict[str, object]:
    by_n = {
        str(n_sites): {
            metric: {name: _summary_json(summary) for name, summary in by_name.items()}
            for metric, by_name in evaluation.summaries.items()
        }
        for n_sites, evaluation in evaluations.items()
    }
    return {**facts.as_json(), "n_sites": by_n}


def _summary_json(summary: Summary) -> dict[str, list[float | None]]:
    # JSON knows no NaN and no infinity.
    return {
        name: [float(value) if np.isfinite(value) else None for value in values]
        for name, values in vars(summary).items()
    }


def _as_csv(evaluations: Evaluations) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["n_sites", "predictor", "metric", "step", "mean", "low", "high", "median"])
    for n_sites, evaluation in evaluations.items():
        for metric, by_name in evaluation.summaries.items():
            for name, summary in by_name.items():
                columns = zip(summary.mean, summary.low, summary.high, summary.median, strict=True)
                for step, row in enumerate(columns):
                    writer.writerow([n_sites, name, metric, step, *map(float, row)])
    return text.getvalue()


def _draw(
    evaluations: Evaluations, printed: Pairs, facts: Facts, training_rows: Rows
) -> dict[str, tuple[str, str, Figure]]:
    dt, system = facts.dt, facts.system
    drawn: dict[str, tuple[str, str, Figure]] = {}
    for name, metric in _find_metrics(evaluations).items():
        summaries = {n: _drawable(metric, e.summaries[name]) for n, e in evaluations.items()}
        figure = figures.errors_figure(summaries, dt, metric.label or metric.title, title=system)
        drawn[name] = (metric.title, metric.explanation, figure)
    exact, predicted = _states_to_draw(evaluations, printed)
    whose = "the paper's printed states" if printed else "one unseen state for each n"
    drawn["amplitudes"] = (
        "Amplitudes over time",
        f"Absolute amplitudes of the largest components, from {whose}.",
        figures.amplitudes_figure(exact, predicted, dt, title=system),
    )
    drawn["magnetization"] = (
        "Magnetisation over time",
        f"Mean z magnetisation, from {whose}.",
        figures.magnetization_figure(exact, predicted, dt, title=system),
    )
    for n in sorted(exact)[-2:]:
        steps = _quarters(len(exact[n]) - 1)
        title = f"{facts.system}, n = {n}"
        drawn[f"components_n{n}"] = (
            f"All components, n = {n}",
            f"Absolute amplitude of every basis state, from {whose}.",
            figures.components_figure(exact[n], predicted[n], steps, dt, title=title),
        )
    # One validation makes no curve.
    if len(training_rows) > 1:
        names = [name for name in ("loss", "mre") if name in training_rows[0]]
        drawn["training"] = (
            "Training",
            "Validation metrics during training, means over chain lengths.",
            figures.training_figure(training_rows, names, title=system),
        )
    return drawn


def _find_metrics(evaluations: Evaluations) -> dict[str, Metric]:
    """Returns the metrics that every evaluation has."""
    return {
        name: metric
        for name, metric in METRICS.items()
        if all(name in evaluation.summaries for evaluation in evaluations.values())
    }


def _drawable(metric: Metric, by_name: Mapping[str, Summary]) -> Mapping[str, Summary]:
    """Drops what is exact to rounding, which would set the scale; turns what is best at 1."""
    kept = {name: summary for name, summary in by_name.items() if name != "least squares"}
    if metric.best != 1.0:
        return kept
    return {
        name: Summary(1 - s.mean, 1 - s.high, 1 - s.low, 1 - s.median) for name, s in kept.items()
    }


def _states_to_draw(
    evaluations: Evaluations, printed: Pairs
) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    pairs = printed or {n: (e.exact, e.predicted) for n, e in evaluations.items()}
    exact = {n_sites: pair[0] for n_sites, pair in pairs.items()}
    return exact, {n_sites: pair[1] for n_sites, pair in pairs.items()}


def _quarters(n_steps: int) -> list[int]:
    return sorted({round(n_steps * part / 4) for part in (1, 2, 3, 4)})


def _as_html(
    evaluations: Evaluations, facts: Facts, pictures: Mapping[str, tuple[str, bytes]]
) -> str:
    step = facts.n_steps
    body = [f"<h1>Evaluation of {html.escape(facts.run)}</h1>", facts_table(facts.as_words())]
    body.append(f"<h2>Mean relative entropy at step {step}</h2>")
    body.append(_table_html(mre_table(evaluations, step)))
    body.append(
        '<p class="note">Least squares is the one-step map fitted to training trajectories'
        " of the same n: exact once these span all 2<sup>n</sup> dimensions, but one fit for"
        " each n. Persistence and straight line are predictors that any claim has to beat."
        " The smallest number of a row is bold.</p>"
    )
    body.append(f"<h2>Other metrics of the model at step {step}</h2>")
    body.append(_metrics_html(evaluations, step))
    body += [figure_section(title, *picture) for title, picture in pictures.items()]
    return make_page("qtf evaluation", body)


def _table_html(rows: Sequence[ErrorRow]) -> str:
    predictors = list(dict.fromkeys(name for row in rows for name in row.errors))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("n", *predictors))
    lines = "".join(_row_html(row, predictors) for row in rows)
    return f"<div class='wide'><table><tr>{head}</tr>{lines}</table></div>"


def _row_html(row: ErrorRow, predictors: Sequence[str]) -> str:
    # Of all predictors, least squares included; what is not finite is not the best.
    best = min((value for value in row.errors.values() if np.isfinite(value)), default=None)
    cells = [f"<td>{row.n_sites}</td>"]
    for name in predictors:
        value = row.errors.get(name, "")
        cells.append(f"<td{' class=best' if value == best else ''}>{short_number(value)}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _metrics_html(evaluations: Evaluations, step: int) -> str:
    metrics = _find_metrics(evaluations)
    head = "".join(f"<th>{html.escape(metric.title)}</th>" for metric in metrics.values())
    lines = []
    for n_sites, evaluation in evaluations.items():
        cells = []
        for metric in metrics:
            summary = evaluation.summaries[metric]["model"]
            mean = summary.mean[step]
            half = summary.high[step] - mean if np.isfinite(mean) else np.nan
            error = f"<span>&plusmn; {short_number(half)}</span>"
            cells.append(f"<td>{short_number(mean)} {error}</td>")
        lines.append(f"<tr><td>{n_sites}</td>{''.join(cells)}</tr>")
    rows = f"<tr><th>n</th>{head}</tr>{''.join(lines)}"
    return f"<div class='wide'><table class='errors'>{rows}</table></div>"
