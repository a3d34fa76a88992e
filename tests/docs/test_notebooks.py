"""Notebooks run from top to bottom, and what is stored of them is what their sources say."""

import base64
import io
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from documentation.notebooks import sources, stored
from documentation.notebooks.execution import unexecuted
from documentation.notebooks.sources import FOLDER, NAMES, Cell, read_cells

ROOT = Path(__file__).resolve().parents[2]
LARGEST_NOTEBOOK = 200_000


def kinds(notebook):
    """Returns what each cell of code has put out: text, pictures, results."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [
        [(output["output_type"], *sorted(output.get("data", {}))) for output in cell["outputs"]]
        for cell in cells
    ]


def test_the_index_has_every_notebook_and_there_are_no_others():
    page = (ROOT / "docs/notebooks.md").read_text()
    for name in NAMES:
        assert f"({'../examples/notebooks/'}{name}.ipynb)" in page
        assert f"\nnotebooks/{name}\n" in page
    for ending in ("py", "ipynb"):
        assert {path.stem for path in FOLDER.glob(f"*.{ending}")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_notebook_has_the_cells_of_its_source_and_was_run_in_their_order(name):
    assert stored.stored_cells(name) == read_cells(FOLDER / f"{name}.py")
    notebook = stored.read_notebook(name)
    nbformat.validate(nbformat.from_dict(notebook))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    assert not any("error" in kind for cell in kinds(notebook) for kind in cell)
    assert (FOLDER / f"{name}.ipynb").stat().st_size < LARGEST_NOTEBOOK


@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_the_page_and_of_the_gallery_are_those_of_the_notebook(name):
    found = stored.figures(name)
    assert len(found) >= 2
    for figure in found:
        assert (stored.FIGURES / figure.file).read_bytes() == figure.png
        assert Image.open(io.BytesIO(figure.png)).width > 300
    files = {path.name for path in stored.FIGURES.glob(f"notebook_{name}_[0-9]*.png")}
    assert files == {figure.file for figure in found}


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_from_top_to_bottom_and_shows_what_is_stored(name, tmp_path):
    command = [sys.executable, "-m", "documentation.notebooks", name, f"--out_dir={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    fresh = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4)
    assert kinds(fresh) == kinds(stored.read_notebook(name))


def test_a_script_is_divided_into_cells(tmp_path):
    script = tmp_path / "a.py"
    script.write_text("# %% [markdown]\n# # Title\n#\n# Words.\n\n# %%\nx = 1\n\n\ny = 2\n")
    cells = [Cell(False, "# Title\n\nWords."), Cell(True, "x = 1\n\n\ny = 2")]
    assert sources.read_cells(script) == cells
    notebook = unexecuted(cells)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code"]
    assert [cell.id for cell in notebook.cells] == ["cell-1", "cell-2"]
    nbformat.validate(notebook)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n# %%\ny = 2\n", "`a.py` must begin with a line `# %%`, but does not"),
        ("", "`a.py` must begin with a line `# %%`, but does not"),
        ("# %% [raw]\n# x\n", r"must be `# %%`, but is `# %% \[raw\]`"),
        ("# %% [markdown]\nx = 1\n", "must be comments, but has the line 'x = 1'"),
    ],
)
def test_a_script_that_is_no_notebook_is_named(text, message, tmp_path):
    script = tmp_path / "a.py"
    script.write_text(text)
    with pytest.raises(ValueError, match=message):
        sources.read_cells(script)


@pytest.mark.long
def test_a_cell_that_fails_ends_the_run_and_figures_need_no_pyplot():
    from nbclient.exceptions import CellExecutionError

    from documentation.notebooks.execution import execute

    shown = "import numpy as np\nimport qtf\n\nqtf.plot_profile(np.arange(3.0))"
    noisy = "import sys\n\nprint('one')\nprint('progress', file=sys.stderr)\nprint('two')"
    kernel = "from ipykernel import get_connection_info\n\nprint(get_connection_info())"
    notebook = execute([Cell(True, shown), Cell(True, noisy), Cell(True, kernel)])
    picture, text, connection = (cell.outputs for cell in notebook.cells)
    assert '"transport": "ipc"' in connection[0].text
    png = base64.b64decode(picture[0].data["image/png"])
    assert Image.open(io.BytesIO(png)).mode == "P"
    assert [output.text for output in text] == ["one\ntwo\n"]
    with pytest.raises(CellExecutionError, match="two times two"):
        execute([Cell(True, "assert 2 * 2 == 5, 'two times two'")])


def test_an_unknown_notebook_is_named(capsys):
    from documentation.notebooks.__main__ import main

    with pytest.raises(SystemExit):
        main(["quenches"])
    assert "NAME must be one of quench, j1j2" in capsys.readouterr().err


def test_a_page_of_the_site_has_cells_outputs_and_links_that_lead_from_there():
    page = stored.page("quench")
    assert page.startswith("# Quench and spread of correlations\n")
    assert "```python\nimport numpy as np\n" in page
    assert "](../figures/notebook_quench_1.png)" in page
    assert "```text\nLargest difference of all correlations" in page
    assert "(../python.md)" in page
    assert "](../../docs/" not in page
    assert page.rstrip().endswith("[quench.ipynb](../../examples/notebooks/quench.ipynb).")
