from .channels_last import ChannelsLastHook
from .collapse_monitor import CollapseMonitorHook
from .data_check import DataCheckHook
from .exact_resume import ExactResumeHook
from .save_metrics import SaveMetricsHook

__all__ = [
    'ChannelsLastHook',
    'CollapseMonitorHook',
    'DataCheckHook',
    'ExactResumeHook',
    'SaveMetricsHook',
]
