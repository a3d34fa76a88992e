"""Notebooks: their sources, their execution, and their pages of the site.

A source is `examples/notebooks/NAME.py`, a script whose comments `# %%` divide it into cells. So
changes are read line by line, ruff formats and checks the code, and editors that know such cells
(VS Code, Spyder, PyCharm) run them one by one. `python -m documentation.notebooks [NAME ...]` runs
them in a Jupyter kernel and writes `NAME.ipynb` with its outputs beside it, which is what readers
open; the site shows what is stored there, and runs nothing.
"""
