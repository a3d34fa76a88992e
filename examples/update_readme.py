"""Copies into the README what programs have measured; no number there is typed by hand.

python examples/update_readme.py --demo_dir=.demo    the table and figure of the demo
python examples/update_readme.py --seconds           those of examples/time_first_successes.py
"""

import argparse
import json
import math
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN = "<!-- demo: written by examples/update_readme.py from what `make demo` printed -->"
END = "<!-- end of demo -->"
FIGURE = "docs/figures/demo_mean_relative_entropy.png"
SECONDS = "docs/first_successes.json"
BEGIN_SECONDS = f"<!-- seconds: written by examples/update_readme.py from {SECONDS} -->"
END_SECONDS = "<!-- end of seconds -->"
# Pages that lead with the first successes.
PAGES = ("README.md", "docs/index.md")
NOT_MEASURED = "Each takes less than a minute on two cores."


def main() -> None:
    """Replaces the part of the README between the markers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo_dir", type=Path, default=ROOT / ".demo")
    parser.add_argument("--seconds", action="store_true", help="those of the first successes")
    given = parser.parse_args()
    if given.seconds:
        if not (ROOT / SECONDS).exists():
            parser.error(f"{SECONDS} must be there; examples/time_first_successes.py writes it.")
        write_seconds(ROOT)
    else:
        write_demo(given.demo_dir)


def write_demo(demo: Path) -> None:
    """Puts the table and the figure of the demo into the README."""
    (ROOT / FIGURE).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(demo / "report" / "figures" / "mean_relative_entropy.png", ROOT / FIGURE)
    table = (demo / "summary.txt").read_text()
    part = (
        f"\n`make demo` ended with\n\n```\n{table}```\n\n"
        f"![Mean relative entropy over time for each chain length]({FIGURE})\n"
    )
    replace(ROOT / "README.md", BEGIN, END, part)


def write_seconds(root: Path) -> None:
    """Puts the seconds of the first successes on the pages that lead with them."""
    for page in PAGES:
        replace(root / page, BEGIN_SECONDS, END_SECONDS, f"\n{sentence(root)}\n")


def sentence(root: Path) -> str:
    """Returns what is said of the seconds, rounded up, or that there are none."""
    file = root / SECONDS
    if not file.exists():
        return NOT_MEASURED
    content = json.loads(file.read_text())
    times = [f"{math.ceil(each['seconds'])} s" for each in content["first_successes"]]
    shown = f"{', '.join(times[:-1])} and {times[-1]}"
    made = content["made"]
    return (
        f"They take {shown}, each as a program of its own with its imports\n"
        f"({made['machine']}; {made['date']})."
    )


def replace(path: Path, begin: str, end: str, part: str) -> None:
    """Replaces what stands between two markers of a file."""
    before, rest = path.read_text().split(begin)
    _, after = rest.split(end)
    path.write_text(f"{before}{begin}{part}{end}{after}")


if __name__ == "__main__":
    main()
