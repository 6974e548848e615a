from .channels_last import ChannelsLastHook
from .collapse_monitor import CollapseMonitorHook
from .exact_resume import ExactResumeHook
from .save_metrics import SaveMetricsHook

__all__ = ['ChannelsLastHook', 'CollapseMonitorHook', 'ExactResumeHook', 'SaveMetricsHook']
