"""Writing SavedModels that stock TensorFlow Serving runs."""
