"""The embedded synthetic benchmark: rendered people in the multi-view
format. Needs NumPy and OpenCV only."""

from .benchmark import PRESETS, contact_sheet, write_benchmark

__all__ = ['PRESETS', 'contact_sheet', 'write_benchmark']
