"""Recordings in, keypoints out: in 2D, and in 3D of calibrated rigs."""
