import gc

import pytest

from qtf.quiet_import import _nothing_collected


def failing_import():
    with _nothing_collected():
        assert not gc.isenabled()
        raise ImportError


@pytest.mark.parametrize("collecting", [True, False])
def test_garbage_is_collected_after_an_import_as_before_it(collecting):
    if not collecting:
        gc.disable()
    try:
        with pytest.raises(ImportError):
            failing_import()
        assert gc.isenabled() is collecting
    finally:
        gc.enable()
