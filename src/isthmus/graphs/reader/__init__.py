"""Reading ONNX graphs without Keras: those that `writer` wrote, and those that exporters wrote for earlier runs."""
