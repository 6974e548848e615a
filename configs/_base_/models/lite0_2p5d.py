"""EfficientNet-Lite0 to stride 16 with the 2.5D head of Iqbal20, COCO-17 joints.

COCO has neither neck nor pelvis: the reference pair is the left shoulder and hip.
"""
_base_ = './lite0_heatmap.py'
pair, root = (5, 11), 11
limbs = [(5, 6), (11, 12), (6, 12), (5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15),
         (12, 14), (14, 16)]
model = dict(head=dict(type='Heatmap2p5DHead', pair=pair, limbs=limbs))
