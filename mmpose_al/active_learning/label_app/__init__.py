"""The annotator of our own: labels for the open query of an experiment, in a browser.

``journal`` keeps every change, ``tasks`` says what is labelled, ``propagation`` lets clicks
in two views say where a joint is in the others, ``session`` is what people did so far,
``handover`` gives it to ``ingest``, and ``server`` shows it to a browser on this machine.
"""

from ...lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__, dict(server=['LabelServer'], session=['Session'])
)
