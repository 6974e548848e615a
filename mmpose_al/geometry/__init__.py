"""Pure tensor functions: no registry, no configuration, no file access."""
