"""COCO: of the most uncertain tenth, images whose features are far from each other."""
_base_ = './random_res18_coco-256x192.py'
active_learning = dict(
    strategy=dict(
        type='UncertainAndDiverse',
        uncertainty=dict(type='MultiPeakEntropy'),
        diversity=dict(type='CoreSetFeatures'),
        share=0.1))
