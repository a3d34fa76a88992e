from benchmarks.figures import write_figures
from benchmarks.page import page
from benchmarks.rows import BOUND, PEER, compare, rate, stamp
from benchmarks.timing import Timings

ROWS = stamp(
    [
        rate("machine", "disk", 50.0, "MB/s", Timings((0.5,))),
        compare("rollout", "n = 7", Timings((0.5,)), "products", Timings((0.4,)), BOUND, 1.5),
        compare("rollout", "n = 7", Timings((0.5,)), "a peer", Timings((1.0,)), PEER, 3.0),
        compare("reading", "files", Timings((0.5,)), "copying", Timings((0.1,)), BOUND),
    ],
    "a machine, no GPU used",
)


def test_page_says_what_holds_and_what_falls_short():
    text = page(ROWS)
    assert "1 of 2 promises hold; each stands beside" in text
    assert "Falls short: rollout, n = 7, 2 times faster than a peer; asked for: at least 3." in text
    assert "| n = 7 | 500 ms | 1.25 times the time of products | at most 1.5: holds |" in text
    assert "|  |  | 2 times faster than a peer | at least 3: **falls short** |" in text
    assert "| disk | 100 MB/s |  |  |" in text
    assert "## a machine, no GPU used" in text
    assert "Nothing was measured on a GPU" in text


def test_figures_are_drawn_for_rooms_that_were_measured(tmp_path):
    write_figures(ROWS, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["benchmarks_rollout.png"]
    assert (tmp_path / "benchmarks_rollout.png").stat().st_size > 5000
