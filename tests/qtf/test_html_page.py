from matplotlib.figure import Figure

from qtf.html_page import facts_table, figure_section, make_page, number_table, png_of


def test_words_of_users_are_no_tags():
    parts = [
        facts_table({"a<b": "<script>"}),
        number_table(["<i>"], [["<b>"]]),
        figure_section("<u>", "<s>", b"1"),
    ]
    text = make_page("<h1>", parts)
    for tag in ("script", "i", "b", "u", "s", "h1"):
        assert f"<{tag}>" not in text
        assert f"&lt;{tag}&gt;" in text


def test_a_page_needs_no_other_file():
    figure = Figure(figsize=(1.0, 1.0))
    text = make_page("x", [figure_section("y", "z", png_of(figure))])
    assert "src='data:image/png;base64," in text
    assert "http" not in text
    assert png_of(figure) == png_of(figure)
