"""What the server is told: flags and text files, read without TensorFlow."""
