"""The page in a real browser, by mouse and keys.

It needs the package playwright and a Chromium (tests/browsers.py); skipped without them.
"""

import glob
import os.path as osp
import shutil

import cv2
import numpy as np
import pytest

from tests.browsers import NONE, find_chromium

sync_api = pytest.importorskip(
    'playwright.sync_api', reason='the package playwright is not installed'
)
CHROMIUM = find_chromium()
if CHROMIUM is None:
    pytest.skip(NONE, allow_module_level=True)

from mmengine.config import Config
from mmpose.registry import DATASETS

from mmpose_al.active_learning.label_app.session import Session
from mmpose_al.active_learning.paths import Paths
from mmpose_al.active_learning.pool import load_pool
from mmpose_al.active_learning.state import new_state
from mmpose_al.engine.active_learning import ActiveLearningExperiment
from mmpose_al.fileio import read_json, write_text
from mmpose_al.synthetic import write_benchmark
from tests.test_active_learning.people import ROUND, inside, labelled, opened, write_pool
from tests.test_active_learning.test_label_app.serving import serving
from tests.test_cli.people import asked_experiment
from tests.test_engine.test_active_learning import config
from tests.test_projects.files import real
from tests.test_projects.test_labels import label_session
from tests.test_projects.test_writing import built, write

NOTHING, PREDICTED, PROPOSED, PLACED, ABSENT = range(5)


class Person:
    """Somebody at the page: a browser of one's own, a mouse and a keyboard."""

    def __init__(self, browser, server, name=None, size=(1366, 768)):
        self.context = browser.new_context(viewport=dict(width=size[0], height=size[1]))
        self.faults = []
        self.open(server, name)

    def open(self, server, name=None):
        self.page = self.context.new_page()
        self.page.on('pageerror', lambda error: self.faults.append(str(error)))
        self.page.goto(server.address)
        if name is not None:
            self.page.fill('dialog input', name)
            self.page.keyboard.press('Enter')
            self.page.wait_for_selector('.view')
            self.settled()

    def look(self, expression):
        """What the page holds; nothing is done by it."""
        return self.page.evaluate(expression)

    def settled(self):
        """Wait until the page says saved."""
        for _ in range(1500):
            if self.look(
                "document.getElementById('saved').textContent !== 'saving …' && "
                'Boolean(labelApp.unit) && !labelApp.changes.running'
            ):
                return
            self.page.wait_for_timeout(10)
        raise AssertionError(self.page.inner_text('#saved'))

    def place(self, view, x, y):
        """Where a pixel of a view is on the screen."""
        box = self.page.locator(f'.view[data-view="{view}"]').bounding_box()
        left, top = self.look(
            f'labelApp.views.find((view) => view.data.id === {view}).at({x}, {y})'
        )
        border = 2
        return box['x'] + border + left, box['y'] + border + top

    def click(self, view, x, y, **options):
        self.page.mouse.click(*self.place(view, x, y), **options)
        self.settled()

    def drag(self, view, start, end):
        self.page.mouse.move(*self.place(view, *start))
        self.page.mouse.down()
        x, y = self.place(view, *end)
        self.page.mouse.move(x + 15, y + 15)
        self.page.mouse.move(x, y)
        self.page.mouse.up()
        self.settled()

    def point(self, view, x, y):
        self.page.mouse.move(*self.place(view, x, y))

    def key(self, key):
        self.page.keyboard.press(key)
        self.settled()

    def choose(self, joint):
        self.page.click(f'#joints button[data-joint="{joint}"]')

    def joints(self, view):
        return self.look(
            'labelApp.unit.persons.flatMap((person) => person.views)'
            f'.find((view) => view.id === {view}).joints'
        )

    def states(self, view):
        return [joint[3] for joint in self.joints(view)]

    def finish(self):
        self.key('u')
        self.hand_over()

    def hand_over(self):
        """From the list of units, which the page shows by itself when the last one is done."""
        self.page.click('#finish')
        self.page.click('#hand-over')
        self.page.wait_for_selector('dialog h2:has-text("Handed over")')


@pytest.fixture(scope='module')
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox'])
        yield browser
        browser.close()


@pytest.fixture
def experiment(tmp_path):
    return asked_experiment(tmp_path)


def test_two_views_are_clicked_and_all_views_are_labelled(browser, experiment):
    work, pixels = experiment
    with serving(work) as server:
        anna = Person(browser, server, 'Anna')
        anna.page.select_option('#need', '2')
        shown = [k for k in range(5) if inside(pixels[80])[k] and inside(pixels[81])[k]]
        for joint in shown:
            anna.choose(joint)
            for view in (80, 81):
                anna.click(view, *pixels[view][joint])
        for view in (82, 83):
            for joint in shown:
                values = anna.joints(view)[joint]
                if inside(pixels[view])[joint]:
                    assert values[3] == PROPOSED
                    np.testing.assert_allclose(values[:2], pixels[view][joint], atol=0.05)
        anna.key('a')
        anna.key('Enter')
        anna.page.wait_for_selector('.view[data-view="0"]')
        anna.finish()
        assert anna.faults == []
        anna.context.close()
    labels, _ = labelled(Paths(work).labels)
    assert sorted(labels) == [80, 81, 82, 83]
    for view, points in labels.items():
        close = 0.01 if view in (80, 81) else 0.05
        for joint in shown:
            if inside(pixels[view])[joint]:
                np.testing.assert_allclose(points[joint, :2], pixels[view][joint], atol=close)


def test_what_is_filled_in_is_corrected_hidden_swapped_and_taken_back(browser, experiment):
    work, pixels = experiment
    with serving(work) as server:
        anna = Person(browser, server, 'Anna')
        before = anna.joints(80)
        assert PREDICTED in anna.states(80)
        start = before[2][:2]
        anna.drag(80, start, (start[0] - 21, start[1] + 13))
        dragged = anna.joints(80)[2]
        assert dragged[3] == PLACED
        np.testing.assert_allclose(dragged[:2], [start[0] - 21, start[1] + 13], atol=0.01)
        anna.choose(2)
        anna.key('h')
        assert anna.joints(80)[2][2] == 1
        anna.key('Shift+ArrowLeft')
        np.testing.assert_allclose(anna.joints(80)[2][0], start[0] - 22, atol=0.01)
        assert anna.joints(80)[2][2] == 1  # it is hidden still
        anna.click(80, *anna.joints(80)[2][:2], button='right')
        assert anna.joints(80)[2][2] == 2
        anna.key('x')
        assert anna.states(80)[2] == ABSENT
        for _ in range(5):
            anna.key('z')
        assert anna.joints(80) == before
        for _ in range(5):
            anna.key('Shift+Z')
        anna.key('z')
        assert anna.states(80)[2] == PLACED
        left, right = anna.joints(80)[3], anna.joints(80)[4]
        anna.key('s')
        swapped = anna.joints(80)
        assert swapped[3][:2] == right[:2] and swapped[4][:2] == left[:2]
        anna.key('c')
        anna.page.click('dialog button:has-text("covered")')
        anna.page.wait_for_selector('.view[data-view="80"] .reason:has-text("covered")')
        assert anna.faults == []
        anna.context.close()
    assert Session(work).progress[20].reason(80) == 'covered'


def test_enter_leads_to_each_person_of_a_unit_before_it_is_done(browser, tmp_path):
    path, _, _ = write_pool(tmp_path / 'data', persons=3)
    work = str(tmp_path / 'work')
    opened(work, path).ask(ROUND, [20, 0], [2.0, 1.0])
    new_state(work, load_pool(path, 'frames'), 'digest', 0).write()
    with serving(work) as server:
        anna = Person(browser, server, 'Anna')
        anna.click(80, 100, 100)
        anna.key('Enter')
        assert 'person 2 of 3' in anna.page.inner_text('#people')
        anna.page.wait_for_selector('#toast:has-text("Person 2 of 3 has no label yet")')
        anna.key('Enter')  # left out
        assert 'person 3 of 3' in anna.page.inner_text('#people')
        anna.click(2080, 700 - 60, 100)
        anna.key('Enter')
        anna.page.wait_for_selector('.view[data-view="0"]')
        assert anna.faults == []
        anna.context.close()
    progress = Session(work).progress[20]
    assert progress.done and {a for a, _ in progress.cells} == {80, 2080}


def test_a_click_that_disagrees_is_named_and_found(browser, experiment):
    work, pixels = experiment
    joint = next(k for k in range(5) if all(inside(pixels[view])[k] for view in (80, 81, 82, 83)))
    with serving(work) as server:
        anna = Person(browser, server, 'Anna')
        anna.page.select_option('#need', '4')
        anna.choose(joint)
        anna.key('p')  # suggestions would be in the way of a click beside one
        anna.click(80, *pixels[80][joint])
        line = anna.look(f'labelApp.person.lines[{joint}]')
        assert sorted(line) == ['81', '82', '83']
        for view in (81, 82):
            anna.click(view, *pixels[view][joint])
        x, y = pixels[83][joint]
        anna.click(83, x + (60 if x < 320 else -60), y)
        note = anna.page.inner_text('#notes')
        assert 'cam3 is 60 px from where the other views put it' in note
        anna.page.click('#notes button')
        assert anna.look('labelApp.active') == 83
        anna.key('z')
        assert anna.page.inner_text('#notes') == ''
        anna.context.close()


def test_a_closed_tab_and_two_people_at_once(browser, experiment):
    work, pixels = experiment
    with serving(work) as server:
        anna, ben = Person(browser, server, 'Anna'), Person(browser, server, 'Ben')
        assert anna.look('labelApp.unit.unit') == 20 and ben.look('labelApp.unit.unit') == 0
        anna.choose(0)
        anna.click(80, *pixels[80][0])
        kept = anna.joints(80)
        anna.page.close()
        anna.open(server)  # a new tab, as after a crash
        anna.page.fill('dialog input', 'Anna')
        anna.page.keyboard.press('Enter')
        anna.page.wait_for_selector('dialog h2:has-text("Another tab")')
        anna.page.click('dialog button:has-text("Go on here")')
        anna.page.wait_for_selector('.view')
        anna.settled()
        assert anna.look('labelApp.unit.unit') == 20 and anna.joints(80) == kept
        old = anna.page
        anna.open(server)
        anna.page.fill('dialog input', 'Anna')
        anna.page.keyboard.press('Enter')
        anna.page.click('dialog button:has-text("Go on here")')
        anna.page.wait_for_selector('.view')
        old.keyboard.press('x')
        old.wait_for_selector('#banner:has-text("another tab")')
        ben.page.keyboard.press('PageUp')  # looks at what Anna has
        ben.page.wait_for_selector('#banner:has-text("Anna has this unit")')
        ben.page.keyboard.press('x')
        ben.page.wait_for_selector('#toast:has-text("Nothing can be changed")')
        assert anna.joints(80) == kept
        for each in (anna, ben):
            each.context.close()


def test_why_labels_are_not_handed_over_stays_until_it_is_read(browser, experiment):
    work, pixels = experiment
    with serving(work) as server:
        anna = Person(browser, server, 'Anna')
        anna.click(80, *pixels[80][0])
        write_text(Paths(work).answers(1), '{}')
        anna.page.keyboard.press('u')
        anna.page.click('#finish')
        anna.page.wait_for_selector('dialog p:has-text("holds no answers of mmpose_al")')
        assert anna.faults == []
        anna.context.close()


@pytest.mark.parametrize('size', [(1366, 768), (390, 844)])
def test_the_page_fits_the_screen(browser, experiment, size):
    with serving(experiment[0]) as server:
        anna = Person(browser, server, 'Anna', size)
        wide = anna.look('document.documentElement.scrollWidth')
        assert wide <= size[0]
        for view in (80, 81, 82, 83):
            box = anna.page.locator(f'.view[data-view="{view}"]').bounding_box()
            assert box['x'] >= 0 and box['x'] + box['width'] <= size[0] and box['width'] > 150
        anna.page.evaluate('window.scrollTo(0, document.body.scrollHeight / 3)')
        box = anna.page.locator('#ask').bounding_box()  # what is asked for is always seen
        assert box['y'] >= 0 and box['y'] + box['height'] <= size[1]
        assert (
            anna.page.evaluate(
                '([x, y]) => document.elementFromPoint(x, y).id', [box['x'] + 20, box['y'] + 9]
            )
            == 'ask'
        )
        anna.page.evaluate('window.scrollTo(0, 0)')
        anna.key('2')
        assert anna.page.locator('.view:visible').count() == 1
        anna.key('0')
        anna.page.keyboard.press('?')
        assert anna.page.locator('dialog').bounding_box()['width'] <= size[0]
        anna.page.keyboard.press('Escape')
        anna.page.keyboard.press('ArrowLeft')
        anna.page.wait_for_timeout(500)
        assert '-1' in anna.page.inner_text('.view[data-view="80"] .name')
        anna.page.keyboard.press('Escape')
        assert anna.page.inner_text('.view[data-view="80"] .name') == '1 cam0'
        assert anna.faults == []
        anna.context.close()


def test_eight_views_by_three_clicks_and_train_goes_on_with_these_labels(browser, tmp_path):
    """A rendered frame of eight cameras: three views are clicked, the other five follow."""
    data = tmp_path / 'data'
    write_benchmark(str(data), 'tiny', seed=3, num_cameras=8, workers=1, progress=False)
    annotator = dict(type='FileAnnotator', formats=['coco'], images='link')
    cfg = config(str(data), tmp_path / 'work', initial=1, budget=1, annotator=annotator)
    with pytest.raises(SystemExit):
        ActiveLearningExperiment(cfg).run()
    truth = {
        a['id']: np.reshape(a['keypoints'], (-1, 3))
        for a in read_json(str(data / 'train.json'))['annotations']
    }
    with serving(cfg.work_dir) as server:
        anna = Person(browser, server, 'Anna')
        anna.page.select_option('#need', '3')
        anna.key('p')  # joints of a face are close together
        views = anna.look('labelApp.views.map((view) => view.data.id)')
        assert len(views) == 8
        for joint in (0, *range(5, 17)):
            shown = [view for view in views if truth[view][joint, 2] > 0]
            anna.choose(joint)
            for view in shown[:3]:
                anna.click(view, *truth[view][joint, :2])
        anna.key('p')
        states = [state for view in views for state in anna.states(view)]
        clicked, proposed = states.count(PLACED), states.count(PROPOSED)
        assert clicked == 39 and proposed > 50
        anna.key('a')
        said = {view: anna.joints(view) for view in views}
        anna.key('Enter')
        anna.hand_over()
        assert anna.faults == []
        anna.context.close()
    with pytest.raises(SystemExit):  # round 0 is trained, and the next query is out
        ActiveLearningExperiment(cfg).run()
    (dumped,) = glob.glob(osp.join(cfg.work_dir, 'round_00', '*.py'))
    trained = DATASETS.build(Config.fromfile(dumped).train_dataloader.dataset)
    found = {}
    for index in range(trained.num_labeled):
        info = trained.get_data_info(index)
        found[info['id']] = np.c_[info['keypoints'][0], info['keypoints_visible'][0].ravel()]
    assert sorted(found) == sorted(views)
    errors = []
    for view in views:
        for joint, (x, y, _, state, *_) in enumerate(said[view]):
            assert (state == PLACED) == (found[view][joint, 2] > 0)
            if state == PLACED:
                np.testing.assert_allclose(found[view][joint, :2], [x, y], atol=0.01)
                errors.append(np.hypot(*(np.array([x, y]) - truth[view][joint, :2])))
    assert len(errors) == clicked + proposed and np.median(errors) < 0.5


def test_at_the_end_nothing_is_left_and_one_enter_too_many_goes_nowhere(browser, experiment):
    work, _ = experiment
    with serving(work) as server:
        anna = Person(browser, server, 'Anna')
        for following in ('.view[data-view="0"]', 'dialog #finish'):
            anna.key('a')
            anna.page.keyboard.press('Enter')
            anna.page.wait_for_selector(following)
            anna.settled()
        said = anna.page.inner_text('#progress')
        assert '2 of 2 · 2 done' in said and 'left' not in said
        anna.page.keyboard.press('Enter')
        anna.page.wait_for_selector('dialog #finish', state='hidden')
        assert anna.look('labelApp.unit.place') == 1 and anna.faults == []
        anna.context.close()


def test_photographs_of_a_project_without_an_experiment(browser, tmp_path):
    """Joints of LSPET are placed in order, one is hidden, one taken back; training has them."""
    source = real('lspet')
    (tmp_path / 'photos').mkdir()
    for name in ('im00001.jpg', 'im00002.jpg'):
        shutil.copy(osp.join(source, 'images', name), str(tmp_path / 'photos' / name))
    content = read_json(osp.join(source, 'train.json'))
    joints = content['categories'][0]['keypoints']
    write(tmp_path / 'p', tmp_path / 'photos', names=joints)
    session = label_session(tmp_path / 'p')
    with serving(session.folder, session) as server:
        ben = Person(browser, server, 'Ben')
        (view,) = ben.look('labelApp.views.map((view) => view.data.id)')
        width, height = ben.look('[labelApp.views[0].data.width, labelApp.views[0].data.height]')
        places = [(10.0 + (width - 20) * k / 14, 12.0 + (height - 20) * k / 14) for k in range(14)]
        for x, y in places:  # the page asks for one joint after the other
            ben.click(view, x, y)
        assert ben.states(view) == [PLACED] * 14
        for joint, (x, y) in enumerate(places):
            np.testing.assert_allclose(ben.joints(view)[joint][:2], [x, y], atol=0.6)
        ben.choose(3)
        ben.key('h')
        ben.choose(5)
        ben.key('x')
        assert ben.states(view)[5] == ABSENT
        ben.key('z')
        said = ben.joints(view)
        assert said[3][2] == 1 and said[5][3] == PLACED
        ben.key('Enter')
        ben.page.wait_for_selector('.view .name:has-text("im00002.jpg")')
        for _ in range(2):  # asked for twice at once, the list of units answers still
            ben.page.keyboard.press('u')
        ben.hand_over()
        assert 'configs/supervised.py' in ben.page.inner_text('dialog')
        assert ben.faults == []
        ben.context.close()
    _, data = built(tmp_path / 'p', 'supervised')
    assert data.num_labeled == 1
    info = data.get_data_info(0)
    for joint, values in enumerate(said):
        np.testing.assert_allclose(info['keypoints'][0, joint], values[:2], atol=0.01)


def test_an_image_that_cannot_be_read_is_said_and_answered(browser, tmp_path):
    """One is gone, one is no JPEG, one is whole; the page of a plain project has no rounds."""
    (tmp_path / 'photos').mkdir()
    for name in ('a.jpg', 'b.jpg', 'c.jpg'):
        cv2.imwrite(str(tmp_path / 'photos' / name), np.full((60, 80, 3), 99, 'u1'))
    write(tmp_path / 'p', tmp_path / 'photos', names=['nose', 'left_ear', 'right_ear'])
    (tmp_path / 'photos' / 'a.jpg').unlink()
    (tmp_path / 'photos' / 'b.jpg').write_bytes(b'\xff\xd8\xff\xe0 no more')
    session = label_session(tmp_path / 'p')
    with serving(session.folder, session) as server:
        ben = Person(browser, server, 'Ben')
        said = ben.page.wait_for_selector('.fault:visible').inner_text()
        assert 'photos/a.jpg cannot be shown: the file is not there' in said
        ben.click(ben.look('labelApp.views[0].data.id'), 30, 30)
        assert ben.states(ben.look('labelApp.views[0].data.id')) == [NOTHING] * 3
        assert 'cannot be shown' in ben.page.inner_text('#toast')
        ben.key('c')
        ben.page.click('dialog button:has-text("the image cannot be read")')
        ben.page.wait_for_selector('.reason:visible')
        ben.key('Enter')
        ben.page.wait_for_selector('.view .name:has-text("b.jpg")')
        assert 'photos/b.jpg cannot be shown' in ben.page.inner_text('.fault:visible')
        ben.key('PageDown')
        ben.page.wait_for_selector('.view .name:has-text("c.jpg")')
        ben.page.wait_for_timeout(200)
        assert ben.page.locator('.fault:visible').count() == 0
        ben.key('u')
        ben.page.wait_for_selector('dialog h2:text-is("3 images")')  # the server is asked first
        assert '1 cannot be labelled' in ben.page.inner_text('dialog')
        ben.page.click('#finish')
        ben.page.wait_for_selector('#hand-over')
        said = ben.page.inner_text('dialog')
        assert 'round' not in said and 'pool' not in said
        assert '2 not labelled yet, they stay for the next time: 2, 3' in said
        assert ben.page.title() == 'Label' and ben.faults == []
        ben.context.close()
