"""The site of the documentation is built from the clone, without a link that leads nowhere."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from commands.table import COMMANDS
from documentation.api import ROOMS, public_names
from documentation.docstrings import prepare

ROOT = Path(__file__).resolve().parents[2]


class Links(HTMLParser):
    """Collects what a page links to, what it loads, and the anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.loaded: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if "id" in values:
            self.anchors.add(values["id"])
        if tag == "a" and values.get("href"):
            self.targets.add(values["href"])
        if tag in ("script", "img") and values.get("src"):
            self.loaded.add(values["src"])
        if tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.add(values["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    flags = ["--builder", "html", "--fail-on-warning", "--keep-going", "--quiet"]
    command = [sys.executable, "-m", "sphinx", *flags, "docs", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {path: Links(path.read_text()) for path in site.rglob("*.html")}


@pytest.mark.long
def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(pages):
    for path, links in pages.items():
        for loaded in links.loaded:
            assert not loaded.startswith(("http:", "https:", "//")), (path.name, loaded)
        for target in links.targets:
            if target.startswith(("http:", "https:", "mailto:", "data:")):
                continue
            file, anchor = urldefrag(target)
            goal = (path.parent / unquote(file).split("?")[0]).resolve() if file else path
            assert goal.exists(), (path.name, target)
            if anchor and goal in pages and path.name != "search.html":
                assert unquote(anchor) in pages[goal].anchors | {"top"}, (path.name, target)


@pytest.mark.long
def test_every_public_name_and_every_command_is_in_the_reference(site, pages):
    for room in ROOMS:
        page = site / "reference" / f"{room}.html"
        text = page.read_text()
        for name, _ in public_names(room):
            listed = f"{room}.{name}" in pages[page].anchors
            assert listed or f">{name}<" in text, f"{room}.{name}"
    help_page = (site / "reference/commands.html").read_text()
    assert all(f"qtf {name}" in help_page for name in COMMANDS)
    assert "dynamics.tolerance" in (site / "reference/settings.html").read_text()


@pytest.mark.long
def test_equations_are_set_without_a_script(site):
    for name in ("open_systems", "ground_states", "signs", "reconfiguration", "conventions"):
        text = (site / f"{name}.html").read_text()
        assert '<math xmlns="http://www.w3.org/1998/Math/MathML"' in text
        assert "\\frac" not in text


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_no_mean_is_taken_for_a_tag_of_html(path):
    # <X> would be one, and vanish; ⟨X⟩ is none.
    text = re.sub(r"^```.*?^```|<!--.*?-->", "", path.read_text(), flags=re.M | re.S)
    outside_code = re.sub(r"`[^`]*`", "", text)
    tags = re.findall(r"<[A-Za-z][A-Za-z0-9]*>", outside_code)
    assert set(tags) <= {"<details>", "<summary>", "<br>"}


@pytest.mark.long
def test_pictures_open_in_full_size(site, pages):
    targets = pages[site / "results.html"].targets
    assert "_images/results_losses.png" in targets
    assert 'class="number"' in (site / "results.html").read_text()


@pytest.mark.long
def test_the_search_needs_no_server(site):
    index = (site / "searchindex.js").read_text()
    assert index.startswith("Search.setIndex(")
    assert "ground_states" in index


def test_equations_of_docstrings_stay_as_they_are_and_bars_are_no_markup():
    lines = [
        "The size |r| of a * b, see `a|b`.",
        "",
        "    r = exp(h L) p - q",
        "    s = 2 * r",
        "",
        "Args:",
        "    x_: One of |psi>.",
        "",
        "    Not a block.",
        "",
        "Example:",
        "    >>> a * b",
    ]
    prepare(None, "", "", None, None, lines)
    assert lines[0] == r"The size \|r\| of a \* b, see `a|b`."
    assert lines[2:7] == ["", "::", "", "    r = exp(h L) p - q", "    s = 2 * r"]
    assert r"    x\_: One of \|psi>." in lines
    assert lines.count("::") == 1
    assert lines[-1] == "    >>> a * b"
