"""The page in a real browser, by mouse and keys.

It needs the package playwright and a Chromium on the PATH; skipped without them.
"""

import shutil

import numpy as np
import pytest

sync_api = pytest.importorskip('playwright.sync_api', reason='the package is not installed')
CHROMIUM = shutil.which('chromium') or shutil.which('google-chrome')
if CHROMIUM is None:
    pytest.skip('there is no Chromium', allow_module_level=True)

from mmpose_al.active_learning.label_app.session import Session
from mmpose_al.active_learning.paths import Paths
from tests.test_active_learning.people import inside, labelled
from tests.test_active_learning.test_label_app.serving import serving
from tests.test_cli.people import asked_experiment

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


@pytest.mark.parametrize('size', [(1366, 768), (390, 844)])
def test_the_page_fits_the_screen(browser, experiment, size):
    with serving(experiment[0]) as server:
        anna = Person(browser, server, 'Anna', size)
        wide = anna.look('document.documentElement.scrollWidth')
        assert wide <= size[0]
        for view in (80, 81, 82, 83):
            box = anna.page.locator(f'.view[data-view="{view}"]').bounding_box()
            assert box['x'] >= 0 and box['x'] + box['width'] <= size[0] and box['width'] > 150
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
