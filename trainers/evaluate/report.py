"""The report of an evaluation: JSON, CSV, figures and one HTML page."""

import base64
import csv
import html
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from qtf.dynamics import figures
from qtf.dynamics.evaluation import Evaluation
from qtf.dynamics.metrics import Summary
from qtf.files import write_atomically, write_json

TITLES = {
    "mean_relative_entropy": "Mean relative entropy (MRE)",
    "fidelity": "Fidelity",
    "mean_squared_error": "Mean squared error",
    "amplitude_error": "Largest error of an amplitude",
    "norm_error": "Error of the norm",
    "energy_drift": "Energy drift",
    "magnetization_error": "Error of the magnetisation",
}
# Of axes, where they are not the title: units, or what is drawn instead.
LABELS = {
    "mean_relative_entropy": "MRE",
    "fidelity": "1 - fidelity",
    "amplitude_error": "Error of an amplitude",
    "energy_drift": "Energy drift [J]",
    "magnetization_error": "Error of <Z> a site",
}
EXPLANATIONS = {
    "mean_relative_entropy": "Relative entropy of the normalised absolute amplitudes; blind to"
    " phases and norm. Bands: 95 % confidence of the mean.",
    "fidelity": "Squared overlap of the normalised states, drawn as 1 - fidelity.",
    "mean_squared_error": "Of the rollout: mean over all components, real and imaginary parts.",
    "amplitude_error": "Largest absolute difference of an amplitude, global phase included.",
    "norm_error": "Difference between predicted and exact norm.",
    "energy_drift": "Difference between the energy of the normalised prediction and the exact"
    " initial energy.",
    "magnetization_error": "Difference of the mean z magnetisation of the normalised states.",
}
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem;
       color: #222; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #ddd; }
/* A table that is wider than the page scrolls by itself; heads wrap before it comes to that. */
.wide { overflow-x: auto; } th { vertical-align: bottom; overflow-wrap: normal; }
td, td span { white-space: nowrap; } .facts td, .errors td { white-space: normal; }
th:first-child, td:first-child { text-align: left; }
td.best { font-weight: bold; }
img { max-width: 100%; } figcaption, .note { color: #555; font-size: .92rem; }
"""


def write_report(
    out_dir: Path,
    evaluations: Mapping[int, Evaluation],
    printed: Mapping[int, tuple[np.ndarray, np.ndarray]],
    facts: Mapping[str, Any],
    training_rows: list[dict[str, Any]],
) -> Path:
    """Writes metrics.json, metrics.csv, figures and report.html into `out_dir`.

    Args:
        out_dir: Existing folder.
        evaluations: n_sites -> evaluation.
        printed: n_sites -> exact and predicted trajectory of the paper's printed state.
        facts: What was evaluated: dt, n_steps, times, names; recorded as they are.
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
        png = _png(figure)
        write_atomically(out_dir / "figures" / f"{name}.png", png)
        pictures[title] = (caption, png)
    page = out_dir / "report.html"
    write_atomically(page, _as_html(evaluations, facts, pictures))
    return page


def mre_table(evaluations: Mapping[int, Evaluation], step: int) -> list[dict[str, Any]]:
    """Returns the MRE of every predictor at one step, one row for each n."""
    return [
        {"n": n_sites}
        | {
            predictor: float(summary.mean[step])
            for predictor, summary in evaluation.summaries["mean_relative_entropy"].items()
        }
        for n_sites, evaluation in evaluations.items()
    ]


def _as_json(evaluations: Mapping[int, Evaluation], facts: Mapping[str, Any]) -> dict[str, Any]:
    by_n = {
        str(n_sites): {
            metric: {name: _summary_json(summary) for name, summary in by_name.items()}
            for metric, by_name in evaluation.summaries.items()
        }
        for n_sites, evaluation in evaluations.items()
    }
    return {**facts, "n_sites": by_n}


def _summary_json(summary: Summary) -> dict[str, list[float | None]]:
    # JSON knows no NaN and no infinity.
    return {
        name: [float(value) if np.isfinite(value) else None for value in values]
        for name, values in vars(summary).items()
    }


def _as_csv(evaluations: Mapping[int, Evaluation]) -> str:
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
    evaluations: Mapping[int, Evaluation],
    printed: Mapping[int, tuple[np.ndarray, np.ndarray]],
    facts: Mapping[str, Any],
    training_rows: list[dict[str, Any]],
) -> dict[str, tuple[str, str, Figure]]:
    drawn, dt, system = {}, facts["dt"], {"title": facts["system"]}
    for metric, title in TITLES.items():
        summaries = {n: _drawable(metric, e.summaries[metric]) for n, e in evaluations.items()}
        label = LABELS.get(metric, title)
        figure = figures.errors_figure(summaries, dt, label, **system)
        drawn[metric] = (title, EXPLANATIONS[metric], figure)
    exact, predicted = _states_to_draw(evaluations, printed)
    whose = "the paper's printed states" if printed else "one unseen state for each n"
    drawn["amplitudes"] = (
        "Amplitudes over time",
        f"Absolute amplitudes of the largest components, from {whose}.",
        figures.amplitudes_figure(exact, predicted, dt, **system),
    )
    drawn["magnetization"] = (
        "Magnetisation over time",
        f"Mean z magnetisation, from {whose}.",
        figures.magnetization_figure(exact, predicted, dt, **system),
    )
    for n in sorted(exact)[-2:]:
        steps = _quarters(len(exact[n]) - 1)
        title = f"{facts['system']}, n = {n}"
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
            figures.training_figure(training_rows, names, **system),
        )
    return drawn


def _drawable(metric: str, by_name: Mapping[str, Summary]) -> Mapping[str, Summary]:
    """Drops what is exact to rounding, which would set the scale, and flips the fidelity."""
    kept = {name: summary for name, summary in by_name.items() if name != "least squares"}
    if metric != "fidelity":
        return kept
    return {
        name: Summary(1 - s.mean, 1 - s.high, 1 - s.low, 1 - s.median) for name, s in kept.items()
    }


def _states_to_draw(
    evaluations: Mapping[int, Evaluation],
    printed: Mapping[int, tuple[np.ndarray, np.ndarray]],
) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    pairs = printed or {n: (e.exact, e.predicted) for n, e in evaluations.items()}
    exact = {n_sites: pair[0] for n_sites, pair in pairs.items()}
    return exact, {n_sites: pair[1] for n_sites, pair in pairs.items()}


def _quarters(n_steps: int) -> list[int]:
    return sorted({round(n_steps * part / 4) for part in (1, 2, 3, 4)})


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _as_html(
    evaluations: Mapping[int, Evaluation],
    facts: Mapping[str, Any],
    pictures: Mapping[str, tuple[str, bytes]],
) -> str:
    step = facts["n_steps"]
    body = [f"<h1>Evaluation of {html.escape(str(facts['run']))}</h1>", _facts_html(facts)]
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
    for title, (caption, png) in pictures.items():
        data = base64.b64encode(png).decode()
        body.append(
            f"<h2>{html.escape(title)}</h2><figure><img alt='{html.escape(title)}'"
            f" src='data:image/png;base64,{data}'><figcaption>{html.escape(caption)}"
            "</figcaption></figure>"
        )
    head = f"<meta charset='utf-8'><title>qtf evaluation</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(body)}</body></html>"


def _facts_html(facts: Mapping[str, Any]) -> str:
    shown = {key: value for key, value in facts.items() if not isinstance(value, dict | list)}
    shown["test sequences"] = ", ".join(f"{k} (n = {n})" for n, k in facts["n_sequences"].items())
    shown["trained on n"] = ", ".join(map(str, facts["trained_n_sites"]))
    others = [n for n in facts["n_sequences"] if int(n) not in facts["trained_n_sites"]]
    if others:
        shown["never trained on n"] = ", ".join(others)
    rows = "".join(
        f"<tr><td>{html.escape(name.replace('_', ' '))}</td>"
        f"<td>{html.escape(_number(value))}</td></tr>"
        for name, value in shown.items()
    )
    return f"<div class='wide'><table class='facts'>{rows}</table></div>"


def _table_html(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    lines = []
    for row in rows:
        # Of all predictors, least squares included; what is not finite is not the best.
        errors = [value for name, value in row.items() if name != "n" and np.isfinite(value)]
        best = min(errors, default=None)
        cells = "".join(
            f"<td{' class=best' if key != 'n' and value == best else ''}>{_number(value)}</td>"
            for key, value in ((name, row.get(name, "")) for name in names)
        )
        lines.append(f"<tr>{cells}</tr>")
    return f"<div class='wide'><table><tr>{head}</tr>{''.join(lines)}</table></div>"


def _metrics_html(evaluations: Mapping[int, Evaluation], step: int) -> str:
    head = "".join(f"<th>{html.escape(title)}</th>" for title in TITLES.values())
    lines = []
    for n_sites, evaluation in evaluations.items():
        cells = []
        for metric in TITLES:
            summary = evaluation.summaries[metric]["model"]
            mean = summary.mean[step]
            half = summary.high[step] - mean if np.isfinite(mean) else np.nan
            error = f"<span>&plusmn; {_number(half)}</span>"
            cells.append(f"<td>{_number(mean)} {error}</td>")
        lines.append(f"<tr><td>{n_sites}</td>{''.join(cells)}</tr>")
    rows = f"<tr><th>n</th>{head}</tr>{''.join(lines)}"
    return f"<div class='wide'><table class='errors'>{rows}</table></div>"


def _number(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4g}" if value == 0 or 1e-2 <= abs(value) < 1e3 else f"{value:.2e}"
