from .channels_last import ChannelsLastHook
from .collapse_monitor import CollapseMonitorHook
from .data_check import DataCheckHook
from .exact_resume import ExactResumeHook
from .finite import FiniteHook
from .save_metrics import SaveMetricsHook

__all__ = [
    'ChannelsLastHook',
    'CollapseMonitorHook',
    'DataCheckHook',
    'ExactResumeHook',
    'FiniteHook',
    'SaveMetricsHook',
]
