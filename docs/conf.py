"""The site of the documentation, as Sphinx builds it: make docs."""

import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from documentation.docstrings import prepare  # noqa: E402
from documentation.doctree import finish_page  # noqa: E402
from documentation.equations import add_to  # noqa: E402
from documentation.notebooks.stored import write_pages  # noqa: E402
from documentation.reference import link_within_site, write_reference  # noqa: E402
from qtf import __version__  # noqa: E402

project, author, copyright = "qtf", "the authors of qtf", "the authors of qtf"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["site"]
# Attributes of the same name in several classes.
suppress_warnings = ["ref.python"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
myst_dmath_double_inline = True
# A block between fences that is called math, as other readers of markdown know it.
myst_fence_as_directive = ["math"]

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring, napoleon_numpy_docstring = True, False
napoleon_use_ivar = True
napoleon_custom_sections = [("Call arguments", "params_style")]
python_use_unqualified_type_names = True
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = f"qtf {version}"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False


def setup(app: Any) -> None:
    """Adds what is ours to Sphinx."""
    add_to(app)
    # Before napoleon, whose priority is 500.
    app.connect("autodoc-process-docstring", prepare, priority=400)
    app.connect("source-read", link_within_site)
    app.connect("doctree-resolved", finish_page)
    app.connect("builder-inited", lambda _: write_reference(DOCS / "reference"))
    app.connect("builder-inited", lambda _: write_pages(DOCS / "notebooks"))
