"""Trajectories as files and as batches: the format, the readers, the in-memory source.

The package itself imports nothing, so that processes without TensorFlow can use
`qtf.data.schema`, `qtf.data.loading` and `qtf.data.exact_source`.
"""
