import re

import pytest

from reports.figures import write_set
from reports.records import read_record
from reports.tables import table
from reproduce.sections.dynamics.figures.all import all_figures
from reproduce.sections.dynamics.page import page
from reproduce.sections.dynamics.requirements import all_requirements
from reproduce.sections.dynamics.results import Results, measure
from reproduce.sections.dynamics.tables import metric_table, number, transfer_table
from tests.figure_checks import check_texts
from tests.reproduce.dynamics.conftest import material_of


@pytest.fixture(scope="module")
def drawn(material):
    return all_figures(material)


@pytest.fixture(scope="module")
def drawn_in_full():
    """For as many chains as the paper has panels."""
    return all_figures(material_of([2, 3, 4, 5, 6], [7]))


def test_every_figure_of_the_paper_is_drawn(drawn):
    assert set(drawn) == {
        "losses",
        "mre_100",
        "mre_250",
        "fidelity",
        "amplitudes",
        "components_2",
        "components_3",
        "magnetization",
        "times",
        "transfer",
    }


@pytest.mark.parametrize("name", ["losses", "mre_100", "mre_250", "fidelity", "transfer"])
def test_the_trivial_predictors_are_in_every_figure_of_errors(drawn, name):
    figure = drawn[name]
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    words = {text.get_text() for legend in legends if legend for text in legend.get_texts()}
    assert {"straight line", "persistence"} <= words


@pytest.mark.parametrize(
    "name",
    [
        *("losses", "mre_100", "mre_250", "fidelity", "amplitudes", "components_5", "components_6"),
        *("magnetization", "times", "transfer"),
    ],
)
def test_no_texts_of_a_figure_overlap(drawn_in_full, name):
    check_texts(drawn_in_full[name])


def test_what_lies_below_an_axis_is_told_in_the_legend(drawn):
    words = [text.get_text() for text in drawn["mre_100"].legends[0].get_texts()]
    (told,) = (text for text in words if text.startswith("local generator"))
    assert re.fullmatch(r"local generator, at most \de-\d\d", told)


def test_figures_that_are_not_drawn_any_more_are_removed(drawn, tmp_path):
    (tmp_path / "results_components_9.png").write_bytes(b"old")
    (tmp_path / "demo.png").write_bytes(b"not ours")
    write_set(tmp_path, "results", {"times": drawn["times"]}, whole=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.png", "results_times.png"]


def test_the_page_links_every_figure_and_quotes_the_paper(material, drawn):
    found = read_record(Results, measure(material))
    text = page(found, all_requirements(found), sorted(drawn), {"increment": 87.6})
    assert set(re.findall(r"figures/results_(\w+)\.png", text)) == set(drawn)
    assert "at most 0.0002" in text
    assert re.search(r"`increment` after 100 steps is at most \S+, where the paper claims", text)
    assert "at most 0.03" in text
    assert "292.5" in text
    assert "| `increment` | 87.6 |" in text
    assert "**falls short**" in text
    assert "None" not in text
    assert "nan" not in text.split()


def test_the_page_of_one_network_only_is_whole(material):
    numbers = measure(material)
    kept = {key: numbers[key] for key in ("increment", "machine", "date", "versions")}
    found = read_record(Results, kept)
    text = page(found, all_requirements(found), [], {})
    assert "transfer" not in text.lower().split("## how")[0].split("## ")[2]
    assert "![" not in text


def test_tables_have_a_row_for_each_n_and_a_column_for_each_predictor(material):
    lines = metric_table(read_record(Results, measure(material)), "mre_100").splitlines()
    assert len(lines) == 2 + 4
    assert lines[0].count("|") == 8
    assert "straight line" in lines[0]
    # The local generator alone knows n = 5.
    assert lines[-1].startswith("| 5 | - | - | ")


def test_the_transfer_table_has_a_row_for_each_epoch(material):
    lines = transfer_table(read_record(Results, measure(material)).transfer_8).splitlines()
    assert len(lines) == 2 + 2
    expected = "| 1 | 1.00e-04 | 1.00e-02 | 8.00e-03 | 1.00e-04 | 1.00e-03 | 1.00e-02 | 0.100 |"
    assert lines[2] == expected


def test_numbers_and_tables_as_markdown():
    assert number(99.9) == "99.900"
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"
