import json

from reproduce.other_results import section


def test_rows_come_from_the_numbers_of_the_other_pages(tmp_path):
    assert section(tmp_path) == ""
    ground = {"cases": {"chain_20": {"relative_error": 2.34e-5}}}
    (tmp_path / "ground_state_results.json").write_text(json.dumps(ground))
    rows = [{"size": 6, "relative_error": 1.4e-3, "relative_error_with_symmetries": 3.7e-4}]
    growths = {"growths": {"square": {"rows": rows}}}
    (tmp_path / "growth_results.json").write_text(json.dumps(growths))
    systems = {"cases": {"ising_chain_6_1": {"off_by": 0.01234}}}
    (tmp_path / "open_system_results.json").write_text(json.dumps(systems))
    text = section(tmp_path)
    assert "| Heisenberg chain of 20 | 2.3e-05 | 1e-04 |" in text
    assert "| Heisenberg square grown to 6 | 1.4e-03 and, with symmetries, 3.7e-04 |  |" in text
    assert "| Ising chain of 6, g = 1, steady | 0.0123 | 0.02 |" in text
