"""What is done to pages before they are written: numbers stay whole, pictures open."""

from docutils import nodes
from docutils.utils import new_document

from documentation.doctree import keep_numbers_whole, link_pictures


def page_of(*children):
    page = new_document("page")
    page += children
    return page


def test_numbers_with_exponents_are_kept_on_one_line():
    cell = nodes.paragraph("", "", nodes.Text("an error of 1.2e-04 ± 6e-05, not 1 - 2"))
    command = nodes.paragraph("", "", nodes.literal("", "--tolerance=1e-4"))
    page = page_of(cell, command)
    keep_numbers_whole(page)
    assert [node.astext() for node in page.findall(nodes.inline)] == ["1.2e-04", "± 6e-05"]
    assert all(node["classes"] == ["number"] for node in page.findall(nodes.inline))
    assert cell.astext() == "an error of 1.2e-04 ± 6e-05, not 1 - 2"


def test_pictures_link_to_their_files_unless_they_link_elsewhere():
    plain, linked, foreign = (nodes.image(uri=name) for name in ("a.png", "b.png", "c.png"))
    elsewhere = nodes.reference("", "", linked, refuri="index.html")
    page = page_of(nodes.paragraph("", "", plain, elsewhere, foreign))
    link_pictures(page, "_images", {"a.png": "a1.png", "b.png": "b.png"}, depth=1)
    assert plain.parent["refuri"] == "../_images/a1.png"
    assert plain.parent["classes"] == ["picture"]
    assert linked.parent is elsewhere
    assert isinstance(foreign.parent, nodes.paragraph)
