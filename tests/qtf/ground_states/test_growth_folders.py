from qtf.ground_states.growth_folders import folder_name, size_folders


def test_folders_of_a_growth_ascend_by_size_and_others_are_left_out(tmp_path):
    last = "size-064-symmetric"
    for name in ("size-1000", last, "size-016", "size-064", "size-064.old", "figures"):
        (tmp_path / name).mkdir()
    found = size_folders(tmp_path)
    names = [folder_name(size) for size in (16, 64, 1000)]
    assert [path.name for path in found] == [*names[:2], last, names[2]]
    assert found[0] == tmp_path / "size-016"
    assert size_folders(tmp_path / "size-016") == []
