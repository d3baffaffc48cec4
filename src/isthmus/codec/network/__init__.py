"""Neural networks in fixed-point arithmetic, and their translation from ONNX graphs."""
