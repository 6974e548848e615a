"""The report: numbers by hand, and the page in a browser,
or read as a browser would."""

import base64
import csv
import json
import math
import os.path as osp
import re
import shutil
import subprocess
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from mmpose_al.active_learning.experiment import Metric, Missing, main_metric
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.report import analysis, write_report
from mmpose_al.active_learning.report.experiment import full_supervision, group_name
from mmpose_al.active_learning.state import StateError, new_state
from mmpose_al.active_learning.statistics import save_views
from tests.test_active_learning.rig import JOINTS, NUM_VIEWS, make_views, ring

FRAMES = 12
EVIL = '<script>alert("no")</script>'
BROWSERS = (
    'chromium',
    'chromium-browser',
    'google-chrome',
    'google-chrome-stable',
    'chrome',
    'headless_shell',
    'msedge',
)


def write_pool(folder, cameras=True):
    """A pool of 12 frames of one person, 4 views each, and its predictions."""
    views, points = make_views(FRAMES, noise=np.linspace(0.5, 6, FRAMES), seed=1)
    exact, _ = make_views(FRAMES, noise=0.0, seed=1)
    K, R, t = ring()
    data = dict(
        info=dict(format='mmpose_al-multiview', version=1, world_unit='mm'),
        categories=[
            dict(
                id=1,
                name='person',
                supercategory='person',
                keypoints=['left_hip', 'right_hip', 'a', 'b', 'c'],
                skeleton=[[1, 2], [1, 3], [3, 4], [4, 5]],
            )
        ],
        cameras=[
            dict(
                id=i,
                name=EVIL if i == 0 else f'cam{i}',
                width=640,
                height=480,
                K=K[i].tolist(),
                dist=[],
                R=R[i].tolist(),
                t=t[i].tolist(),
            )
            for i in range(NUM_VIEWS)
        ],
        frames=[dict(id=10 * i, sequence='s', index=i) for i in range(FRAMES)],
        images=[],
        annotations=[],
        poses_3d=[
            dict(frame_id=10 * i, person_id=0, keypoints_3d=[[*p, 1] for p in points[i].tolist()])
            for i in range(FRAMES)
        ],
    )
    cv2.imwrite(str(folder / 'picture.png'), np.full((480, 640, 3), 90, np.uint8))
    for row, number in enumerate(exact.id.tolist()):
        xy = exact.keypoints[row]
        seen = (xy >= 0).all(1) & (xy <= [639, 479]).all(1)
        data['images'].append(
            dict(
                id=number,
                file_name='picture.png',
                width=640,
                height=480,
                frame_id=int(exact.unit[row]),
                camera_id=int(exact.camera_id[row]),
            )
        )
        data['annotations'].append(
            dict(
                id=number,
                image_id=number,
                category_id=1,
                bbox=[200, 100, 240, 280],
                area=67200,
                iscrowd=0,
                person_id=0,
                num_keypoints=int(seen.sum()),
                keypoints=np.concatenate([xy * seen[:, None], 2.0 * seen[:, None]], 1)
                .ravel()
                .tolist(),
            )
        )
    if not cameras:
        del data['cameras'], data['frames'], data['poses_3d'], data['info']
        for image in data['images']:
            del image['frame_id'], image['camera_id']
    path = str(folder / 'pool.json')
    with open(path, 'w') as file:
        json.dump(data, file)
    return path, views


def write_experiment(
    folder, pool_file, views, seed=0, values=(60.0, 45.0, 30.0), finished='3 rounds are done'
):
    """The folder that an experiment of three rounds leaves; 3, 5, 7 labels of 12."""
    folder.mkdir(parents=True)
    state = new_state(str(folder), load_pool(pool_file, 'frames'), 'digest', seed)
    picks = [[0, 50, 110], [100, 90], [80, 20]]
    for number, value in enumerate(values):
        state.add_labels(number, picks[number], 'test')
        state.finish(number, 'annotate', dict(labels=3 + 2 * number, views=0, joints=0))
        state.finish(
            number,
            'train',
            dict(
                metrics={
                    'multiview/MKPE': value,
                    'multiview/failed': 0.5,
                    'multiview/residual/cam1/x': 9.0,
                }
            ),
        )
        if number < 2:
            (folder / f'round_{number:02d}').mkdir()
            save_views(views, str(folder / f'round_{number:02d}' / 'scores.npz'))
            state.finish(number, 'score', dict(file=f'round_{number:02d}/scores.npz', views=48))
            state.finish(
                number, 'select', dict(strategy=EVIL, ids=picks[number + 1], utilities=[1e300, 2.5])
            )
            state.finish(number, 'pseudo', dict(ids=[30], mkpe=1.25 + number))
    state.content['finished'] = finished
    state.write()
    return str(folder)


class Page(HTMLParser):
    """What a reader of the page gets: links, pictures, tables, scripts."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.links, self.pictures, self.tables = [], [], [], []
        self.headings, self.text, self.inside = [], [], []
        with open(path, encoding='utf-8') as file:
            self.source = file.read()
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.inside.append(tag)
        attrs = dict(attrs)
        for key in ('href', 'src', 'srcset', 'action', 'data', 'poster'):
            if key in attrs:
                self.links.append(attrs[key])
        if tag == 'img':
            self.pictures.append(attrs['src'])
        if tag == 'table':
            self.tables.append([])
        if tag == 'tr':
            self.tables[-1].append([])
        if tag in ('td', 'th'):
            self.tables[-1][-1].append('')

    def handle_endtag(self, tag):
        self.inside = self.inside[: len(self.inside) - self.inside[::-1].index(tag) - 1]

    def handle_data(self, data):
        self.text.append(data)
        if 'td' in self.inside[-2:] or 'th' in self.inside[-2:]:
            self.tables[-1][-1][-1] += data
        if self.inside and self.inside[-1] == 'h2':
            self.headings.append(data)


def check_self_contained(page):
    assert 'script' not in page.tags and 'alert(' not in ''.join(page.tags)
    for link in page.links:
        assert link.startswith('data:') or re.fullmatch(r'[\w./%-]+\.html', link), link
    assert not re.search(r'url\(|@import|https?://', page.source)
    for picture in page.pictures:
        head, data = picture.split(',', 1)
        assert head == 'data:image/png;base64'
        image = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), 1)
        assert image is not None and image.size > 100
    assert len(page.source) < 8 * 2**20


@pytest.fixture(scope='module')
def reports(tmp_path_factory):
    """The report of one experiment, and of three with two strategies."""
    folder = tmp_path_factory.mktemp('report')
    pool_file, views = write_pool(folder)
    one = write_experiment(folder / 'mvc_seed0', pool_file, views)
    two = write_experiment(folder / 'mvc_seed1', pool_file, views, 1, (64.0, 41.0, 34.0))
    other = write_experiment(folder / 'random_seed0', pool_file, views, 0, (60.0, 50.0), None)
    full = str(folder / 'full.json')
    with open(full, 'w') as file:
        json.dump({'metrics': {'multiview/MKPE': [37.0, 39.0]}}, file)
    single = write_report([one], str(folder / 'single'), full)
    several = write_report([one, two, other], str(folder / 'several'), full)
    return single, several


def test_the_page_of_an_experiment(reports):
    page = Page(reports[0])
    check_self_contained(page)
    assert page.headings == [
        'Metric against labels',
        'What was picked, and why',
        'Poses of what was picked',
        'What the scores can tell',
        'Pseudo-labels',
        'Cameras',
    ]
    # curve, 2 + 2 picks, clusters, correlation, pseudo-labels, cameras
    assert len(page.pictures) == 9
    facts, curve, picked = page.tables[:3]
    assert dict(facts)['State'] == 'finished: 3 rounds are done'
    assert curve[0] == [
        'round',
        'frames labelled',
        'share [%]',
        'multiview/MKPE',
        'multiview/failed',
    ]
    assert curve[1:] == [
        ['0', '3', '25', '60', '0.5'],
        ['1', '5', '41.6667', '45', '0.5'],
        ['2', '7', '58.3333', '30', '0.5'],
    ]
    assert picked[1] == ['0', '1', '100', 'could not be judged', EVIL]
    assert picked[4] == ['1', '2', '20', '2.5', EVIL]
    text = ' '.join(page.text)
    # target 38 / 0.95 = 40: a third of the way from 45 to 30
    assert 'Full supervision has 38.' in text
    assert f'95 % of it needs {5 + 2 / 3:.0f} frames' in text
    assert 'over its width (the mean): 45.' in text


def test_numbers_and_pictures_lie_beside_the_page(reports):
    folder = osp.dirname(reports[0])
    for name in ('curve', 'pose_clusters', 'score_correlation', 'pseudo_labels', 'cameras'):
        assert cv2.imread(osp.join(folder, f'{name}.png')) is not None, name
        assert osp.getsize(osp.join(folder, f'{name}.csv')) > 20, name
    with open(osp.join(folder, 'pseudo_labels.csv')) as file:
        assert [row[1:] for row in csv.reader(file)][1:] == [['0', '1', '1.25'], ['1', '1', '2.25']]
    with open(osp.join(folder, 'score_correlation.csv')) as file:
        found = {tuple(row[:3]): float(row[3]) for row in list(csv.reader(file))[1:]}
    # noise grows with the frame: MVC knows it, random margins do not
    assert found['0', 'MVC', '2D'] > 0.7 > found['0', 'BSB', '2D']
    with open(osp.join(folder, 'cameras.csv')) as file:
        assert [row[0] for row in csv.reader(file)][1:] == [EVIL, 'cam1', 'cam2', 'cam3']


def test_the_page_that_compares(reports):
    page = Page(reports[1])
    check_self_contained(page)
    for link in page.links:
        if not link.startswith('data:'):
            check_self_contained(Page(osp.join(osp.dirname(reports[1]), link)))
    summary = page.tables[1]
    # mvc: 62, 43, 32 on average over 2 seeds; areas over 3 to 5 labels, which random
    # covers too: (60 + 45) / 2 and (64 + 41) / 2
    assert summary[1][:7] == ['mvc', '2', '7', '32', '2.828', '52.5', '0']
    assert summary[2][:7] == ['random', '1', '5', '50', '–', '55', '–']
    # 40 is reached at 5 + 2 (45 - 40) / 15 and 5 + 2 (41 - 40) / 7
    assert float(summary[1][7]) == pytest.approx((5 + 2 / 3 + 5 + 2 / 7) / 2, abs=1e-3)
    assert summary[2][7] == '–' and 'random: 0 of 1 runs' in ' '.join(page.text)


def browse(path, tmp_path):
    """The page's own account of itself, from a browser without a network."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip('no headless browser here: none of ' + ', '.join(BROWSERS))
    probe = """<script>
    const seen = []; window.alert = m => { seen.push('alert'); };
    for (const kind of ['error', 'warn']) console[kind] = m => { seen.push(m); };
    // also what an image or a stylesheet fails to load, which does not bubble
    addEventListener('error', e => { seen.push(
      e.message || 'failed: ' + (e.target.src || e.target.href)); }, true);
    for (const kind of ['unhandledrejection', 'securitypolicyviolation'])
      addEventListener(kind, e => { seen.push(kind); });
    window.onload = () => { const all = [...document.images];
      const wide = e => e.getBoundingClientRect().width;
      document.title = JSON.stringify({
        pictures: all.length, drawn: all.filter(i => i.complete && i.naturalWidth > 9
          && wide(i) > 9).length,
        tables: [...document.querySelectorAll('table')].filter(
          t => wide(t) > 9 && t.rows.length > 1).length,
        overflow: document.documentElement.scrollWidth > innerWidth,
        sections: document.querySelectorAll('section').length, errors: seen,
        loaded: performance.getEntriesByType('resource').map(e => e.name.slice(0, 60))
          .filter(n => !n.startsWith('data:')) }); };</script>"""
    with open(path, encoding='utf-8') as file:
        text = file.read()
    copy = tmp_path / 'page.html'
    copy.write_text(text.replace('<head>', '<head>' + probe, 1), encoding='utf-8')
    done = subprocess.run(
        [
            browser,
            '--headless',
            '--no-sandbox',
            '--disable-gpu',
            '--no-first-run',
            f'--user-data-dir={tmp_path / "profile"}',
            '--disable-dev-shm-usage',
            '--disable-background-networking',
            '--proxy-server=127.0.0.1:9',
            '--enable-logging=stderr',
            '--window-size=1200,900',
            '--virtual-time-budget=20000',
            '--dump-dom',
            copy.as_uri(),
        ],
        capture_output=True,
        timeout=300,
    )
    title = re.search(r'<title>(.*?)</title>', done.stdout.decode(), re.S)
    assert title, done.stderr.decode()[-2000:]
    # console: what the browser itself says of the page, refused requests too
    return dict(
        json.loads(title.group(1).replace('&amp;', '&')),
        console=[line for line in done.stderr.decode().split('\n') if ':CONSOLE' in line],
    )


@pytest.mark.parametrize('which, pictures, sections', [(0, 9, 6), (1, 3, 3)])
def test_in_a_real_browser(which, pictures, sections, reports, tmp_path):
    tables = len(Page(reports[which]).tables)
    assert tables > 2
    assert browse(reports[which], tmp_path) == dict(
        pictures=pictures,
        drawn=pictures,
        sections=sections,
        tables=tables,
        overflow=False,
        errors=[],
        console=[],
        loaded=[],
    )


def test_the_browser_test_can_fail(tmp_path):
    """A script that fails, a picture that is not there, one from the network."""
    page = tmp_path / 'bad.html'
    page.write_text(
        '<html><head><title>x</title></head><body>'
        '<script>nothing()</script><img src="gone.png"></body></html>'
    )
    found = browse(str(page), tmp_path)
    assert any('nothing' in error for error in found['errors'])
    assert any('gone.png' in error for error in found['errors'])
    assert 'nothing' in found['console'][0]
    assert (found['pictures'], found['drawn']) == (1, 0)


def test_what_is_missing_is_said(tmp_path):
    """A first round without scores, and a pool whose file is gone."""
    (tmp_path / 'pool').mkdir()
    pool_file, _ = write_pool(tmp_path / 'pool')
    folder = tmp_path / 'new'
    folder.mkdir()
    state = new_state(str(folder), load_pool(pool_file, 'frames'), 'digest', 0)
    state.write()
    text = ' '.join(Page(write_report([str(folder)], str(tmp_path / 'a'))).text)
    for words in (
        'not finished',
        'no round has been evaluated yet',
        'no round has picked anything yet',
        'no round has been scored yet',
        'there is no self-training',
    ):
        assert words in text
    shutil.rmtree(tmp_path / 'pool')
    text = ' '.join(Page(write_report([str(folder)], str(tmp_path / 'b'))).text)
    assert "the pool's file cannot be read" in text
    with pytest.raises(StateError, match='active_learning.json'):
        write_report([str(tmp_path)], str(tmp_path / 'c'))
    with pytest.raises(ValueError, match='list'):
        write_report(str(folder), str(tmp_path / 'c'))


def test_a_pool_without_categories_is_drawn_without_a_skeleton(tmp_path):
    pool_file, views = write_pool(tmp_path)
    with open(pool_file) as file:
        data = dict(json.load(file), categories=[])
    with open(pool_file, 'w') as file:
        json.dump(data, file)
    folder = write_experiment(tmp_path / 'work', pool_file, views)
    page = Page(write_report([folder], str(tmp_path / 'a')))
    check_self_contained(page)
    assert page.pictures


def test_single_views_and_a_broken_score_file(tmp_path):
    pool_file, views = write_pool(tmp_path, cameras=False)
    views = views.replace(
        unit=views.image_id,
        frame_id=views.frame_id * 0 - 1,
        camera_id=views.camera_id * 0 - 1,
        K=views.K * np.nan,
    )
    folder = tmp_path / 'images'
    (folder / 'round_00').mkdir(parents=True)
    state = new_state(str(folder), load_pool(pool_file, 'images'), 'digest', 0)
    state.add_labels(0, [0, 7, 80], 'test')
    state.finish(0, 'annotate', dict(labels=3))
    state.finish(0, 'train', dict(metrics={'coco/AP': 0.5, 'student0/coco/AP': 0.4}))
    save_views(views, str(folder / 'round_00' / 'scores.npz'))
    state.finish(0, 'score', dict(file='round_00/scores.npz'))
    state.finish(0, 'select', dict(strategy='x', ids=[43, 2], utilities=[2.0, 1.0]))
    page = Page(write_report([str(folder)], str(tmp_path / 'a')))
    check_self_contained(page)
    text = ' '.join(page.text)
    assert 'coco/AP, higher is better' in text and 'no cameras' in text
    assert len(page.pictures) == 4  # curve, 2 picks, correlation
    assert any(row[1:3] == ['CoreSet', '2D'] for row in sum(page.tables, []))
    (folder / 'round_00' / 'scores.npz').write_bytes(b'PK broken')
    text = ' '.join(Page(write_report([str(folder)], str(tmp_path / 'b'))).text)
    assert 'is no score file' in text and 'coco/AP, higher is better' in text


# ---- pure functions ------------------------------------------------------------------


def test_area_by_hand():
    assert analysis.area([0.1, 0.2, 0.4], [10, 20, 40]) == pytest.approx(
        (0.1 * 15 + 0.2 * 30) / 0.3
    )
    assert analysis.area([0.1, 0.2, 0.4], [10, 20, 40], (0.15, 0.3)) == pytest.approx(
        (0.05 * 17.5 + 0.1 * 25) / 0.15
    )
    assert math.isnan(analysis.area([0.1], [10]))
    assert math.isnan(analysis.area([0.1, 0.2], [1, 2], (0.1, 0.3)))


def test_labels_needed_by_hand():
    assert analysis.target_of(38.0, True) == pytest.approx(40)
    assert analysis.target_of(0.8, False) == pytest.approx(0.76)
    assert analysis.labels_needed([10, 20, 30], [60, 50, 30], 40, True) == 25
    assert analysis.labels_needed([10, 20, 30], [60, 50, 30], 70, True) == 10
    assert analysis.labels_needed([10, 20], [0.2, 0.6], 0.5, False) == pytest.approx(17.5)
    assert math.isnan(analysis.labels_needed([10, 20], [60, 50], 40, True))


def test_entropy_and_rank_correlation_by_hand():
    assert analysis.entropy([5, 5, 0]) == pytest.approx(math.log(2))
    assert analysis.entropy([7]) == 0 and math.isnan(analysis.entropy([0, 0]))
    score = np.array([1.0, 2, 3, 4, np.nan])
    rho, count = analysis.rank_correlation(score, np.array([1.0, 3, 2, 4, 9]))
    assert (rho, count) == (pytest.approx(1 - 6 * 2 / (4 * 15)), 4)
    assert math.isnan(analysis.rank_correlation(score[:2], score[:2])[0])
    assert math.isnan(analysis.rank_correlation(score, np.ones(5))[0])
    assert analysis.mean_and_deviation([1.0, 3, np.nan]) == (2, pytest.approx(2**0.5))


def test_pose_clusters():
    poses = np.zeros((9, JOINTS, 3))
    poses[:5, 2, 0], poses[5:8, 2, 0], poses[8, 1, 1] = 100, -100, np.nan
    clusters = analysis.cluster_poses(poses)
    assert clusters.tolist() == [0] * 5 + [1] * 3 + [-1]
    counts = analysis.histograms(np.arange(9), clusters, [[0, 5, 6], [8], [1, 2]])
    assert counts.tolist() == [[1, 2], [0, 0], [2, 0]]


def test_true_errors_by_hand():
    from mmpose_al.active_learning.statistics import PoolStatistics

    views, points = make_views(2, noise=0.0)
    pool = PoolStatistics(views, np.array([0, 10]), np.zeros(2, bool))
    true = {
        int(i): np.concatenate([xy + [3, 4], np.full((JOINTS, 1), 2)], 1)
        for i, xy in zip(views.id, views.keypoints)
    }
    truth = {(0, 0): np.concatenate([points[0] + [0, 0, 7], np.ones((JOINTS, 1))], 1)}
    errors = analysis.true_errors(pool, true, truth)
    assert errors['2D'] == pytest.approx([5, 5], abs=1e-3)
    assert errors['3D'][0] == pytest.approx(7, abs=1e-2) and np.isnan(errors['3D'][1])


def test_single_images_are_scored_by_what_one_view_tells():
    from mmpose_al.active_learning.statistics import PoolStatistics

    views, _ = make_views(2, noise=0.0)
    labeled = np.array([True, False])
    pool = PoolStatistics(views, np.array([0, 10]), labeled)
    assert set(analysis.scores_of(pool, (0,))) == {'BSB', 'MPE', 'MVC', 'CoreSet'}
    images = PoolStatistics(views.replace(unit=views.id), views.id, np.arange(len(views.id)) < 1)
    scores = analysis.scores_of(images, (0,), frames=False)
    assert set(scores) == {'BSB', 'MPE', 'CoreSet'}
    assert np.isfinite(scores['CoreSet']).all()
    # of a score file without them
    images.views = images.views.drop('margin', 'scores')
    assert set(analysis.scores_of(images, (0,), frames=False)) == {'MPE'}


@pytest.mark.parametrize(
    'names, expected',
    [
        (['pck/a', 'multiview/MKPE', 'coco/AP'], ('multiview/MKPE', True)),
        (['pck/a', 'coco/AP'], ('coco/AP', False)),
        (['x/y', 'pck/a', 'pck/b'], ('pck/a', False)),
    ],
)
def test_the_main_metric(names, expected):
    assert main_metric(names)[:2] == expected
    with pytest.raises(Missing):
        main_metric([])


@pytest.mark.parametrize(
    'folder, name',
    [
        ('/a/mvc_seed0', 'mvc'),
        ('/a/mvc-s12', 'mvc'),
        ('/a/mvc/seed_3', 'mvc'),
        ('/a/mvc', 'mvc'),
        ('/a/small.seed7/', 'small'),
        ('/a/mvc_res50', 'mvc_res50'),
        ('/a/mvc_res18_seed0', 'mvc_res18'),
        ('/a/mvc_res50/s2', 'mvc_res50'),
        ('/a/panoptic-views8', 'panoptic-views8'),
        ('/a/mpe-posedual', 'mpe-posedual'),
    ],
)
def test_names_without_the_seed(folder, name):
    assert group_name(folder) == name


def test_full_supervision(tmp_path):
    metric = Metric('coco/AP', False, '')
    path = tmp_path / 'full.json'
    path.write_text('{"coco/AP": 0.75}')
    assert full_supervision(str(path), metric) == 0.75
    for text in ('{"coco/AR": 1}', '[]', '{', '{"coco/AP": []}', '{"coco/AP": "x"}'):
        path.write_text(text)
        with pytest.raises(Missing, match='full.json'):
            full_supervision(str(path), metric)
    log = tmp_path / 'run' / '1' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text('{"coco/AP": 0.1, "step": 1}\n{"coco/AP": 0.6, "step": 2}\n')
    assert full_supervision(str(tmp_path / 'run'), metric) == 0.6
