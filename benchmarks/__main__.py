"""Measures the speed of every part in one run and writes the tables and figures.

    python -m benchmarks [--only=ROOM,ROOM] [--runs=7] [--peers=PYTHON] [--docs=docs]

Rooms are the modules of this package with a function `measure`. Each runs in a process of its
own, one after the other, and its rows go to `benchmarks.json` as soon as they are known; rows of
rooms that did not run stay. The page and the figures are drawn from that file. With `--peers`,
the Python of an environment that has the packages of `benchmarks/peers/requirements.txt`, the
rooms that need them run as well; `make bench-peers` does that.
"""

import argparse
import os
import sys
import time
import traceback
from pathlib import Path

from benchmarks.figures import write_figures
from benchmarks.page import page
from benchmarks.peers.remote import PYTHON_VARIABLE
from benchmarks.rooms import PEER_ROOMS, ROOMS, measure_room
from benchmarks.rows import Row, load_rows, merge, write_rows
from qtf.files import write_atomically


def main() -> None:
    """Measures, writes, and prints every row as it comes; a room that fails is named at the end."""
    arguments = _arguments()
    target = arguments.docs / "benchmarks.json"
    failed = []
    for room in arguments.rooms:
        started = time.monotonic()
        try:
            rows = measure_room(room, arguments.runs)
        except Exception:  # noqa: BLE001  costs the rows of this room only
            traceback.print_exc()
            failed.append(room)
            continue
        print(f"== {room}, {time.monotonic() - started:.0f} s", flush=True)
        for row in rows:
            print(_text(row), flush=True)
        write_rows(target, merge(load_rows(target), rows))
    rows = load_rows(target)
    write_atomically(arguments.docs / "benchmarks.md", page(rows))
    write_figures(rows, arguments.docs / "figures")
    if failed:
        sys.exit(f"python -m benchmarks: these rooms failed, see above: {', '.join(failed)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ", ".join(ROOMS + PEER_ROOMS)
    parser.add_argument("--only", default="", help=f"some of {names}")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--peers", type=Path, help="Python that can import the peers")
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    default = PEER_ROOMS if arguments.peers else ROOMS
    arguments.rooms = arguments.only.split(",") if arguments.only else default
    for room in arguments.rooms:
        if room not in ROOMS + PEER_ROOMS:
            parser.error(f"unknown room `{room}`; known are {names}")
        if room in PEER_ROOMS and not arguments.peers:
            parser.error(f"room `{room}` needs --peers=PYTHON, see `make bench-peers`")
    if arguments.runs < 1:
        parser.error(f"--runs must be positive, but is {arguments.runs}")
    if arguments.peers:
        os.environ[PYTHON_VARIABLE] = str(arguments.peers.absolute())
    return arguments


def _text(row: Row) -> str:
    ratio = f", {row.requirement.measured}" if row.against else ""
    return f"  {row.name}: {row.value:.4g} {row.unit}{ratio}  {row.requirement.verdict}".rstrip()


if __name__ == "__main__":
    main()
