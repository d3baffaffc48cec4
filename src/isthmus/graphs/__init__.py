"""ONNX graphs: written from Keras models, and read without Keras."""
