"""Looking at results: tables, curves and pictures; losses and limbs of a config.

One module a question; the commands of :mod:`mmpose_al.cli` say what they print.
"""
