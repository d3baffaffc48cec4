"""ONNX graphs of trained models."""
