"""Copies what the demo printed, and its figure, into the README.

python examples/update_readme.py --demo_dir=.demo
"""

import argparse
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN = "<!-- demo: written by examples/update_readme.py from what `make demo` printed -->"
END = "<!-- end of demo -->"
FIGURE = "docs/figures/demo_mean_relative_entropy.png"


def main() -> None:
    """Replaces the part of the README between the markers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo_dir", type=Path, default=ROOT / ".demo")
    demo = parser.parse_args().demo_dir
    (ROOT / FIGURE).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(demo / "report" / "figures" / "mean_relative_entropy.png", ROOT / FIGURE)
    readme = ROOT / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    _, after = rest.split(END)
    table = (demo / "summary.txt").read_text()
    part = (
        f"{BEGIN}\n`make demo` ended with\n\n```\n{table}```\n\n"
        f"![Mean relative entropy over time for each chain length]({FIGURE})\n{END}"
    )
    readme.write_text(before + part + after)


if __name__ == "__main__":
    main()
