"""Takes pictures of the built site, for looking at: python -m documentation.site_pictures.

Opens pages of `build/site`, which `make docs` builds, in headless Chromium, at the width of a
telephone and at that of a desktop, and writes `build/site_pictures/PAGE-WIDTH.png`. Whatever is
wider than its window, and pictures that do not load, are named, and the command then ends with
exit code 1.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from documentation.chromium import Chromium

ROOT = Path(__file__).resolve().parents[1]
WIDTHS = (390, 1280)
# Browsers draw no picture that is much higher.
MAX_HEIGHT = 12_000
# One of each kind: first page, tutorial, figures, guides with equations and wide tables, results,
# signatures of functions, settings.
PAGES = (
    "index",
    "tutorial",
    "gallery",
    "ground_states",
    "reconfiguration",
    "open_systems",
    "results",
    "squares_results",
    "reference/qtf.physics",
    "reference/settings",
)
HEIGHT = "document.documentElement.scrollHeight"
OVERHANG = "document.documentElement.scrollWidth - window.innerWidth"
# Elements that stick out although nothing around them scrolls.
STICKING_OUT = """
[...document.querySelectorAll('body *')].filter(element => {
  if (element.getBoundingClientRect().right <= window.innerWidth + 1) return false;
  for (let outer = element; outer !== document.body; outer = outer.parentElement) {
    const style = getComputedStyle(outer);
    if (style.position === 'fixed' || style.overflowX !== 'visible') return false;
  }
  return true;
}).slice(0, 3).map(element => `<${element.localName}> ${element.textContent.trim().slice(0, 60)}`)
"""
MISSING = """
[...document.images].filter(image => image.complete && image.naturalWidth === 0)
  .map(image => image.getAttribute('src'))
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Takes the pictures, and names what is wrong.

    Args:
        arguments: Words of the command line; None: those of the process.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pages", nargs="*", default=PAGES, help="pages, as index or reference/qtf")
    parser.add_argument("--site", type=Path, default=ROOT / "build/site")
    parser.add_argument("--out_dir", type=Path, default=ROOT / "build/site_pictures")
    chosen = parser.parse_args(arguments)
    missing = [name for name in chosen.pages if not (chosen.site / f"{name}.html").exists()]
    if missing:
        parser.error(f"No page {', '.join(missing)} in {chosen.site}; make docs builds the site.")
    faults = "\n".join(take_pictures(chosen.site, chosen.pages, chosen.out_dir))
    if faults:
        sys.exit(faults)


def take_pictures(site: Path, pages: Sequence[str], out_dir: Path) -> Iterator[str]:
    """Writes a picture of each page at each width, and yields what is wrong.

    Args:
        site: Folder of the site.
        pages: Names of pages, without ending.
        out_dir: Folder of the pictures.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="qtf-site-") as profile:
        browser = Chromium(Path(profile))
        try:
            for name in pages:
                for width in WIDTHS:
                    browser.resize(width, 900)
                    browser.open((site / f"{name}.html").resolve().as_uri())
                    yield from (f"{name}, {width} pixels wide: {fault}" for fault in look(browser))
                    path = out_dir / f"{name.replace('/', '-')}-{width}.png"
                    height = min(browser.evaluate(HEIGHT), MAX_HEIGHT)
                    browser.screenshot(path, width=width, height=height)
        finally:
            browser.close()


def look(browser: Chromium) -> Iterator[str]:
    """Yields what is wrong with the page that is open.

    Args:
        browser: Its browser.
    """
    overhang = browser.evaluate(OVERHANG)
    if overhang > 0:
        elements = "; ".join(browser.evaluate(STICKING_OUT))
        yield f"{overhang} pixels stick out, of {elements}"
    for source in browser.evaluate(MISSING):
        yield f"picture {source} does not load"


if __name__ == "__main__":
    main()
