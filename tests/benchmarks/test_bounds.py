import keras

from benchmarks.bounds import Product, both_passes, network_products, plain_write, repeat
from qtf.dynamics.transferable_sru import TransferableSRU


def test_products_count_every_weight_matrix_once():
    keras.utils.set_random_seed(0)
    model = TransferableSRU.from_preset("increment", n_max=3, units=8, n_layers=2)
    products = network_products(model, rows=5, n_sites=3)
    matrices = [v for v in model.trainable_variables if len(v.shape) == 2 and v.shape[0] > 3]
    # The chain encoding's tables have a row for each n and are no matrices.
    weights = sum(p.inner * p.columns for p in products)
    assert weights == sum(v.shape[0] * v.shape[1] for v in matrices)
    assert {p.rows for p in products} == {5}


def test_bounds_run(tmp_path):
    products = [Product(4, 3, 2, of_data=True), Product(4, 2, 5)]
    assert both_passes(products)() > 0.0
    assert repeat(products, 3)() > 0.0
    plain_write(tmp_path / "plain", 10_000_000)()
    assert list(tmp_path.iterdir()) == []
