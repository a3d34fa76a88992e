"""The page `docs/serving_results.md` and its figure, from the results."""

import statistics
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.load.results import (
    CLOSED,
    LARGE_NUMBERS,
    N_BATCH,
    OPEN,
    PROTOCOLS,
    Results,
    number,
    requirements,
    spread,
)
from qtf.figure_style import COLORS, EXACT, add_grid, make_figure, put_legend_below
from reports.requirements import tally
from reports.sentences import fill_text, list_shortfalls
from reports.tables import table

FIGURE = "serving_results.png"
INTRODUCTION = """# Serving: results

How much of the speed of a model is left when many clients ask a server for it, and how long does
each of them wait? {tally}.

{short}

The page is written by `python -m benchmarks.load` from
[serving_results.json](serving_results.json), not by hand.

{made}

The server runs in a process of its own; the clients run on the same machine and take their share of
it. They ask for rollouts of 5 spins over 100 steps by the recommended network with random weights,
with one state in each request. The model `half_plus_two` shows what a request costs besides its
model. The *limit* is the same SavedModel in the process of the clients, in batches of {n_batch},
timed just before each load. All numbers are medians over {repeats} repetitions, with the smallest
and the largest in brackets. Each load lasts {seconds} s, and the server has {workers}."""
HOW = """## How to get this page

```
python -m benchmarks.load
```"""
NAMES = {True: "batching, the default", False: "without batching"}


def page(results: Results) -> str:
    """Returns the page as markdown."""
    asked = requirements(results)
    workers = "one process" if results.workers == 1 else f"{results.workers} processes"
    rows = [[each.words, each.measured, each.limit, each.cell] for each in asked]
    return (
        "\n\n".join(
            [
                fill_text(
                    INTRODUCTION,
                    tally=tally(asked),
                    short=list_shortfalls(asked),
                    made=results.made.lines(),
                    n_batch=N_BATCH,
                    repeats=results.repeats,
                    seconds=number(results.seconds),
                    workers=workers,
                ),
                "## What must hold",
                table(["what", "measured", "asked", ""], rows, right=[1, 2]),
                f"## Throughput and latency\n\n![Load]({'figures/' + FIGURE})",
                *(
                    _loads(results, protocol, kind)
                    for kind in (CLOSED, OPEN)
                    for protocol in PROTOCOLS
                ),
                _overheads(results),
                _large(results),
                HOW,
                "",
            ]
        ).rstrip("\n")
        + "\n"
    )


def _loads(results: Results, protocol: str, kind: str) -> str:
    title, first = {
        CLOSED: ("clients without pause", "clients"),
        OPEN: ("requests at random times", "share of the limit"),
    }[kind]
    rows = [
        [
            number(load.offered),
            NAMES[load.batching],
            spread(load.rate),
            number(load.share),
            spread(load.p50),
            spread(load.p99),
            str(load.n_failed),
        ]
        for load in results.loads
        if (load.protocol, load.kind) == (protocol, kind)
    ]
    head = [first, "server", "states/s", "of the limit", "p50 [ms]", "p99 [ms]", "failed"]
    return f"### {protocol}, {title}\n\n" + table(head, rows, right=[0, 2, 3, 4, 5, 6])


def _overheads(results: Results) -> str:
    rows = [
        [
            each.protocol,
            str(each.n_clients),
            spread(each.rate),
            spread(each.processor),
            spread(each.p50),
            spread(each.p99),
        ]
        for each in results.overheads
    ]
    head = ["protocol", "clients", "requests/s", "processor [ms]", "p50 [ms]", "p99 [ms]"]
    return "### Three numbers\n\n" + table(head, rows)


def _large(results: Results) -> str:
    rows = [
        [
            f"{LARGE_NUMBERS:,}",
            spread(results.large.seconds),
            spread(results.large.wait),
            spread(results.large.usual_wait),
        ]
    ]
    head = ["numbers", "seconds", "longest wait of others [ms]", "without it [ms]"]
    return "### Large requests, REST\n\n" + table(head, rows)


def draw(results: Results) -> Figure:
    """Draws throughput and latency against the offered load, one column for each protocol."""
    figure = make_figure(
        9.0, 6.4, title="Rollouts of 5 spins, 100 steps, one state a request, at random times"
    )
    axes = figure.subplots(2, len(PROTOCOLS), sharex=True, sharey="row", squeeze=False)
    for column, protocol in enumerate(PROTOCOLS):
        throughput, latency = axes[0][column], axes[1][column]
        throughput.set_title(protocol, fontsize="medium")
        _curves(throughput, latency, results, protocol)
        latency.set_xlabel("offered, of the limit")
        latency.set_yscale("log")
        for panel in (throughput, latency):
            add_grid(panel)
    axes[0][0].set_ylabel("answered, of the limit")
    axes[1][0].set_ylabel("latency [ms]")
    put_legend_below(figure)
    return figure


def _curves(throughput: Axes, latency: Axes, results: Results, protocol: str) -> None:
    for place, batching in enumerate((True, False)):
        loads = [
            load
            for load in results.loads
            if (load.protocol, load.kind, load.batching) == (protocol, OPEN, batching)
        ]
        offered = [load.offered for load in loads]
        style = {"color": COLORS[place], "marker": "o", "markersize": 4}
        throughput.plot(offered, [load.share for load in loads], **style)
        for name, line in (("p50", "-"), ("p99", ":")):
            values = _medians([getattr(load, name) for load in loads])
            label = f"{NAMES[batching]}, {name}"
            latency.plot(offered, values, line, label=label, **style)
    throughput.axhline(1.0, label=f"batches of {N_BATCH} in process", **EXACT)


def _medians(values: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.median(each) for each in values]
