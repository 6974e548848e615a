"""Of the frames on whose joints fewest views agree, 3D poses far from all labelled ones.

Bootstrapping teaches what most views see; this asks for what they do not.
"""
_base_ = './coreset-bootstrap_lite0_studio-64x64.py'
active_learning = dict(
    strategy=dict(
        _delete_=True,
        type='UncertainAndDiverse',
        uncertainty=dict(type='LeastConsensus'),
        diversity=dict(type='CoreSetPoses', root=(11, 12)),
        share=0.3,
        min_seconds=1.0))
