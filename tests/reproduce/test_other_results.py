import json

from reproduce.other_results import section


def test_rows_come_from_the_numbers_of_the_other_pages(tmp_path):
    assert section(tmp_path) == ""
    ground = {"cases": {"chain_20": {"relative_error": 2.34e-5}}}
    (tmp_path / "ground_state_results.json").write_text(json.dumps(ground))
    asked = {"key": "relative_error", "words": "error", "sizes": 6, "found": 1.4e-3, "limit": 1e-3}
    minutes = {**asked, "key": "minutes"}
    growths = {"growths": {"square": {"requirements": [asked, minutes]}}}
    (tmp_path / "growth_results.json").write_text(json.dumps(growths))
    systems = {"cases": {"ising_chain_6_1": {"off_by": 0.01234}}}
    (tmp_path / "open_system_results.json").write_text(json.dumps(systems))
    text = section(tmp_path)
    assert "| Heisenberg chain of 20 | 2.3e-05 | 1e-04 |" in text
    assert "| growing Heisenberg square, error, size 6 | 1.4e-03 | 1e-03 |" in text
    assert text.count("growing") == 2
    assert "| Ising chain of 6, g = 1, steady | 0.0123 | 0.02 |" in text
