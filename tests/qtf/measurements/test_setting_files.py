import pytest

from qtf.measurements import Setting
from qtf.measurements.setting_files import read_settings, write_settings

HEAD = "preparation,time,basis,shots\n"


def test_settings_come_back_as_they_were(tmp_path):
    settings = [Setting([[0.25, 1.5], [0.1, -2.0]], 0.1, "XZ", 7), Setting("+x", 2.0, "YY", 10**6)]
    write_settings(tmp_path / "plan.csv", settings)
    assert read_settings(tmp_path / "plan.csv") == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the header must be preparation,time,basis,shots, but is empty"),
        ("a,b\n", "line 1: the header must be preparation,time,basis,shots, but is a,b"),
        (HEAD, "must hold at least one setting"),
        (HEAD + "+z,1.0\n", "line 2: there must be 4 values, but there are 2"),
        (HEAD + "+z,soon,Z,5\n", "line 2: `time` must be a finite number, but is 'soon'"),
        (HEAD + "+z,inf,Z,5\n", "line 2: `time` must be a finite number, but is 'inf'"),
        (HEAD + "+z,1.0,Z,many\n", "line 2: `shots` must be an integer, but is 'many'"),
        (HEAD + "+z,1.0,Q,5\n", "line 2: Argument `basis` must be letters X, Y or Z"),
        (HEAD + "+z,1.0,Z,5\n+z,1.0,ZZ,5\n", 'line 3: `basis` must have 1 letters, but is "ZZ"'),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, text, message):
    path = tmp_path / "plan.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"^File {path}"):
        read_settings(path)
    with pytest.raises(ValueError, match=message):
        read_settings(path)


def test_the_number_of_sites_and_the_name(tmp_path):
    write_settings(tmp_path / "plan.csv", [Setting("+z", 1.0, "ZZ", 5)])
    with pytest.raises(ValueError, match="line 2: `basis` must have 3 letters"):
        read_settings(tmp_path / "plan.csv", n_sites=3)
    with pytest.raises(ValueError, match=r"must end with \.csv"):
        write_settings(tmp_path / "plan.json", [])
