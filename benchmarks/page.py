"""The page `docs/benchmarks.md`, written from the rows."""

from collections.abc import Sequence

from benchmarks.figures import FIGURES
from benchmarks.rows import Row, number
from reports.requirements import tally
from reports.sentences import list_shortfalls
from reports.tables import table

INTRODUCTION = """# Benchmarks

How fast is each part beside the bound that the machine sets, and beside other packages that do the
same work?
{verdict}

The page is written by `make bench` and `make bench-peers` from [benchmarks.json](benchmarks.json),
not by hand. Every number is a median over runs that took turns with what it is compared with, in
one process on one machine. The fastest and the slowest run are in brackets. A ratio is the median
of the quotients of neighbouring runs, and there are three kinds of it:

- *faster than* says how many times as long the other one takes, and *slower than* how many times as
  long we take.
- *the time of* says how many times as long we take as a bound: the time of the same products, or of
  moving the same bytes, on this machine. Smaller is better. A value below 1 means that some of
  these products were avoided.
- *the memory of* says how many times as much memory we take as the other one. Smaller is better.

Rates of steps of reconfiguration count only the products that a step cannot do without: those of
antiparallel bonds, from the row on where two spins are exchanged, and no second evaluation of what
is known. The formulas are in `benchmarks/multiply_adds.py`.
"""
NOT_MEASURED = (
    "## GPU\n\nNothing was measured on a GPU, as none could be had. With `--backend=jax` trainings"
    " run on one without TensorFlow, and `make bench` uses the one that it finds."
)
# Rooms in the order of the page; others follow.
ORDER = (
    "machine",
    "SRU layer",
    "SRU parallel in time",
    "training step",
    "rollout",
    "generation",
    "weak scaling of generation",
    "large chains",
    "reading",
    "export",
    "ground states",
    "steps of reconfiguration",
    "growing ground states",
)
HOW = """## How to get this page

```
make bench                                  # everything but the peers
make bench-peers                            # PyTorch, sru, NetKet, QuTiP, in their own environment
.peers/bin/pip install -e FOLDER            # differentiable-tebd, whose sources no registry has
python -m benchmarks --only=rollout         # one room
```"""


def page(rows: Sequence[Row]) -> str:
    """Returns the page as markdown."""
    parts = [INTRODUCTION.format(verdict=_verdict(rows)).rstrip()]
    for device in dict.fromkeys(row.device for row in rows):
        here = [row for row in rows if row.device == device]
        dates = sorted({row.date for row in here})
        parts.append(
            f"## {device}\n\nMeasured {' to '.join(dict.fromkeys((dates[0], dates[-1])))}"
            f" with {_versions(here)}"
        )
        for room in sorted({row.room for row in here}, key=_place):
            parts.append(_room(room, [row for row in here if row.room == room]))
    if all("no GPU" in row.device for row in rows):
        parts.append(NOT_MEASURED)
    return "\n\n".join([*parts, HOW]) + "\n"


def _place(room: str) -> tuple[int, str]:
    return (ORDER.index(room) if room in ORDER else len(ORDER), room)


def _verdict(rows: Sequence[Row]) -> str:
    promises = [row.requirement for row in rows]
    counted = f"{tally(promises, 'promises')}; each stands beside the number that it is about."
    return "\n\n".join(filter(None, [counted, list_shortfalls(promises)]))


def _room(room: str, rows: Sequence[Row]) -> str:
    lines = []
    names = list(dict.fromkeys(row.name for row in rows))
    last: tuple[str, str] = ("", "")
    for row in sorted(rows, key=lambda row: names.index(row.name)):
        name = "" if row.name == last[0] else row.name
        # Peers were measured in a run of their own, beside ours in that run.
        measured = "" if (row.name, _measured(row)) == last else _measured(row)
        promise = row.requirement
        verdict = f"{promise.limit}: {promise.cell}" if promise.cell else ""
        lines.append([name, measured, promise.measured if row.against else "", verdict])
        last = (row.name, _measured(row))
    parts = [
        f"### {room[0].upper()}{room[1:]}",
        table(["what", "measured", "ratio", "promise"], lines, right=[1]),
    ]
    if room in FIGURES:
        parts.append(f"![{room}](figures/benchmarks_{FIGURES[room]}.png)")
    return "\n\n".join(parts)


def _measured(row: Row) -> str:
    low, high = number(row.low), number(row.high)
    spread = "" if low == high else f" [{low}, {high}]"
    return f"{number(row.value)} {row.unit}{spread}"


def _versions(rows: Sequence[Row]) -> str:
    versions: dict[str, str] = {}
    for row in rows:
        versions |= row.versions or {}
    return ", ".join(f"{name} {version}" for name, version in versions.items()) + "."
