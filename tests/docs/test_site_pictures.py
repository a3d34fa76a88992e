"""Pictures of the site at two widths, and what they are looked through for."""

import pytest
from PIL import Image

from documentation import site_pictures
from documentation.chromium import find_chromium

needs_browser = pytest.mark.skipif(find_chromium() is None, reason="No browser on PATH.")
HEAD = '<!doctype html><meta name="viewport" content="width=device-width"><body style="margin:0">'
WIDE = '<div style="width: 800px">A wide table</div>'


@pytest.fixture
def site(tmp_path):
    (tmp_path / "reference").mkdir()

    def write(name, body):
        (tmp_path / f"{name}.html").write_text(HEAD + body)
        return tmp_path

    return write


def take(site, *pages):
    site_pictures.main([*pages, f"--site={site}", f"--out_dir={site / 'pictures'}"])


@needs_browser
def test_each_page_is_pictured_at_each_width(site):
    folder = site("reference/qtf", f'<p>Text</p><div style="overflow-x: auto">{WIDE}</div>')
    take(folder, "reference/qtf")
    for width in site_pictures.WIDTHS:
        with Image.open(folder / "pictures" / f"reference-qtf-{width}.png") as image:
            assert image.size[0] == width


@needs_browser
def test_what_is_too_wide_or_does_not_load_is_named(site):
    site("wide", f"<p>Text</p>{WIDE}")
    folder = site("torn", '<img src="figure.png">')
    with pytest.raises(SystemExit) as raised:
        take(folder, "wide", "torn")
    said = raised.value.code
    assert "wide, 390 pixels wide: 410 pixels stick out, of <div> A wide table" in said
    assert "wide, 1280" not in said
    assert "torn, 1280 pixels wide: picture figure.png does not load" in said


def test_a_page_that_is_not_built_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit, match="^2$"):
        take(tmp_path, "index")
    assert f"No page index in {tmp_path}; make docs builds the site." in capsys.readouterr().err


def test_ten_pages_are_looked_at():
    assert len(set(site_pictures.PAGES)) == 10
