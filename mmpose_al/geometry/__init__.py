"""Pure tensor functions: no registry, no configuration, no file access."""

# Numbers of distortion coefficients that OpenCV's order has. Here, and not beside the tensor
# functions, because files are checked where PyTorch is not loaded.
DIST_LENGTHS = (0, 4, 5, 8, 12, 14)
# What views may weigh in a triangulation: alike, or by their confidence (evidence.py).
WEIGHTS = (None, 'confidence', 'confidence2')
