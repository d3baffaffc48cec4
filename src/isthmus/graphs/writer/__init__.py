"""From Keras models to ONNX graphs, operation by operation; `README.md` has the patterns."""
