"""Split files: which instances are labelled."""

import pytest

from mmpose_al.datasets.multiview import FormatError, MultiViewCocoDataset, load_split
from tests.test_datasets.annotations import META, ids, multiview_data, write_split


def test_splits(write):
    path = write(multiview_data())
    everything = [1010, 1011, 1020, 1021, 1110, 1120]
    for unit, labeled, expected in (
        ('instances', [1011, 1120], [1011, 1120]),
        ('images', [102], [1020, 1021]),
        ('frames', [10], [1010, 1011, 1020, 1021]),
    ):
        split = write_split(write, path, unit, labeled)
        build = dict(ann_file=path, metainfo=META, ids_file=split)
        assert ids(MultiViewCocoDataset(subset='labeled', **build)) == expected
        assert ids(MultiViewCocoDataset(subset='unlabeled', **build)) == [
            i for i in everything if i not in expected
        ]


def test_all_labelled_ones_without_a_number(write):
    data = multiview_data()
    for annotation in data['annotations'][:2]:
        annotation['keypoints'] = [0] * len(annotation['keypoints'])
    path = write(data)
    build = dict(ann_file=path, metainfo=META, need_keypoints=False)
    parts = [
        ids(MultiViewCocoDataset(labels=dict(unit='instances'), subset=subset, **build))
        for subset in ('labeled', 'unlabeled')
    ]
    labeled = ids(MultiViewCocoDataset(ann_file=path, metainfo=META))
    assert parts[0] == labeled and len(parts[1]) == 2 and not set(parts[0]) & set(parts[1])
    assert sorted(parts[0] + parts[1]) == ids(MultiViewCocoDataset(**build))


def test_split_errors(write):
    path = write(multiview_data())
    build = dict(ann_file=path, metainfo=META, subset='labeled')
    split = write_split(write, path, 'instances', [1010], sha256='0' * 64)
    with pytest.raises(FormatError, match='check_split=False'):
        MultiViewCocoDataset(ids_file=split, **build)
    assert ids(MultiViewCocoDataset(ids_file=split, check_split=False, **build)) == [1010]
    split = write_split(write, path, 'images', [101, 999])
    with pytest.raises(FormatError, match='1 of 2 ids are no images.*999'):
        MultiViewCocoDataset(ids_file=split, **build)
    for change in (
        dict(unit='people'),
        dict(format='coco'),
        dict(version=2),
        dict(labeled=[1, 1]),
        dict(labeled=['1']),
    ):
        with pytest.raises(FormatError, match=list(change)[0]):
            load_split(
                write_split(write, path, **dict(dict(unit='images', labeled=[101]), **change))
            )
    with pytest.raises(ValueError, match='go together'):
        MultiViewCocoDataset(**build)
