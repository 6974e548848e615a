from .channels_last import ChannelsLastHook
from .check_weights import CheckWeightsHook
from .collapse_monitor import CollapseMonitorHook
from .data_check import DataCheckHook
from .exact_resume import ExactResumeHook
from .finite import FiniteHook
from .safe_checkpoint import SafeCheckpointHook
from .save_metrics import SaveMetricsHook

__all__ = [
    'ChannelsLastHook',
    'CheckWeightsHook',
    'CollapseMonitorHook',
    'DataCheckHook',
    'ExactResumeHook',
    'FiniteHook',
    'SafeCheckpointHook',
    'SaveMetricsHook',
]
