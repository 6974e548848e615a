from mmpose_al.cli import quickstart
from mmpose_al.config_files import list_configs


def test_the_configs_of_the_main_job_exist():
    assert set(quickstart.METHODS.values()) <= set(list_configs())


def test_table_has_a_line_for_each_way_to_predict():
    def metrics(prefix, ap, ap50, pck):
        return {prefix + 'coco/AP': ap, prefix + 'coco/AP .5': ap50, prefix + 'pck/bbox@0.1': pck}

    dual = metrics('', 0.3, 0.4, 0.5)
    dual.update(metrics('mean/', 0.3, 0.4, 0.5))
    dual.update(metrics('ensemble/', 0.355, 0.5, 61.25))
    lines = quickstart.table(
        dict(
            preset='small',
            seeds=dict(supervised=7, PoseDual=7),
            sizes=dict(supervised=[60, 0], PoseDual=[60, 2964], test=1400),
            metrics=dict(supervised=metrics('', 0.2, 0.25, 40.04), PoseDual=dual),
        )
    )
    assert 'Synthetic benchmark' in lines[0]
    assert '1,400 test images' in lines[0] and lines[0].endswith('seed 7')
    assert [line.split()[-5:] for line in lines[4:]] == [
        ['60', '0', '20.0', '25.0', '40.0'],
        ['60', '2,964', '30.0', '40.0', '0.5'],
        ['60', '2,964', '35.5', '50.0', '61.2'],
    ]
