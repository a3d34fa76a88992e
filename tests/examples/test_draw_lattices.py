import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_lattice_is_drawn_for_its_page(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["draw_lattices.py", str(tmp_path)])
    runpy.run_path(str(ROOT / "examples" / "draw_lattices.py"), run_name="__main__")
    drawn = {path.name for path in tmp_path.iterdir()}
    page = (ROOT / "docs" / "lattices.md").read_text()
    assert len(drawn) == 6
    assert all(f"(figures/{name})" in page for name in drawn)
