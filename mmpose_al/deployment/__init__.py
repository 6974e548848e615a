"""Trained networks as files that run without MMPose."""

OPSET = 17  # of ONNX: the newest that PyTorch 2.1 writes; onnxruntime reads it since 1.12
