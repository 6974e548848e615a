"""A case of every strategy, for tests of what all of them promise."""

from mmengine.config import ConfigDict

from mmpose_al.active_learning.registry import QUERY_STRATEGIES

STRATEGIES = [
    dict(type='RandomSampling'),
    dict(type='BestVsSecondBest'),
    dict(type='BestVsSecondBest', aggregate='max'),
    dict(type='MultiPeakEntropy', aggregate='var'),
    dict(type='CommitteeDisagreement'),
    dict(type='MultiViewConsistency'),
    dict(type='MultiViewConsistency', squared=False),
    dict(type='MultiViewConsistency', squared=False, inliers_only=True, half=True),
    dict(type='LeastConfidence'),
    dict(type='CoreSetPoses', root=0),
    dict(type='CoreSetPoses2D', root=(0, 1)),
    dict(type='CoreSetPoses'),
    dict(type='CoreSetFeatures'),
    dict(type='Diverse'),
    dict(type='Diverse', method='k-centre'),
    dict(type='FirstFrames'),
    dict(type='Listed', files='nowhere/*.json'),
    dict(type='LeastConsensus'),
    dict(type='TemporalJump'),
    dict(type='ViewDisagreement3D'),
    dict(
        type='WeightedCombination',
        strategies=[dict(type='MultiViewConsistency'), dict(type='MultiPeakEntropy')],
        weights=[2, 1],
    ),
    dict(
        type='UncertainAndDiverse',
        uncertainty=dict(type='MultiPeakEntropy'),
        diversity=dict(type='CoreSetPoses', root=0),
        share=0.5,
    ),
]


def build(config):
    """The strategy of a config."""
    return QUERY_STRATEGIES.build(ConfigDict(config))
