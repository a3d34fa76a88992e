import json
from pathlib import Path

from reproduce.other_results import describe_others

DOCS = Path(__file__).parents[2] / "docs"


def test_rows_come_from_the_numbers_of_the_other_pages(tmp_path):
    assert describe_others(tmp_path) == ""

    def write(name, change):
        numbers = json.loads((DOCS / name).read_text())
        change(numbers)
        (tmp_path / name).write_text(json.dumps(numbers))

    def keep_chain(numbers):
        numbers["cases"] = {"chain_20": {**numbers["cases"]["chain_20"], "relative_error": 2.34e-5}}

    def keep_square(numbers):
        square = numbers["growths"]["square"]
        asked = {"key": "relative_error", "words": "error", "sizes": 6, "found": 1.4e-3}
        asked |= {"limit": 1e-3, "holds": False}
        square["requirements"] = [asked, {**asked, "key": "minutes"}]
        numbers["growths"] = {"square": square}

    def keep_field(numbers):
        entry = {**numbers["cases"]["ising_chain_6_1"], "off_by": 0.01234}
        numbers["cases"] = {"ising_chain_6_1": entry}

    write("ground_state_results.json", keep_chain)
    write("growth_results.json", keep_square)
    write("open_system_results.json", keep_field)
    text = describe_others(tmp_path)
    assert "| Heisenberg chain of 20 | 2.3e-05 | 1e-04 |" in text
    assert "| growing Heisenberg square, error, size 6 | 1.4e-03 | 1e-03 |" in text
    assert text.count("growing") == 2
    assert "| Ising chain of 6, g = 1, steady | 0.0123 | 0.02 |" in text
