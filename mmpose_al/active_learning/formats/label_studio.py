"""Label Studio's tasks and its JSON export.

One task a person in an image. Positions are percent of the image, from its corner.

What a click hits in Label Studio is the region there, whatever tool is chosen. So a box would
take the clicks that are meant to set joints: a task has one only where several persons are in
the image and their joints are predicted, and behind the joints.
"""

import os.path as osp
from typing import Any, Dict, List, Optional, Sequence, Tuple
from xml.sax.saxutils import quoteattr

import numpy as np

from ...datasets.joint_sides import joint_side
from ...fileio import is_int, is_number, short, write_json, write_text
from ..paths import Paths
from ..query import Query
from ..registry import ANNOTATION_FORMATS
from .base import AnnotationFormat, Answer
from .document import Document
from .faults import Faults, check_joint

TASKS_FILE, CONFIG_FILE = 'label_studio_tasks.json', 'label_studio_config.xml'
JOINTS, BOX, VISIBILITY, IMAGE = 'joint', 'person', 'visibility', 'image'
CONTROLS = (None, JOINTS, BOX, VISIBILITY)  # a lab may have others beside them
# A project of Label Studio shows the predictions of one version: that of all rounds.
MODEL = 'mmpose_al'
OWN_CONTROLS = "answers of the lab's own controls"
OTHERS = 'tasks of other queries, or of none'
OPEN = 'tasks that nobody has submitted'
DRAFT = 'tasks with a draft that was not submitted'
SKIPPED = 'tasks that were skipped'
SOMEBODY = 'somebody'  # where a tool does not say who
# Label Studio itself takes b, c, h, k, l, p, r, u, v and others for its tools.
KEYS = '1234567890qwetyasdfgzxnm'
VISIBLE_KEY, HIDDEN_KEY = 'i', 'o'
COLOURS = dict(left='#E8590C', right='#1C7ED6')  # by side
MIDDLE = '#2B8A3E'
IGNORED = ('rectanglelabels', 'rectangle', 'relation', 'textarea', 'rating')
PREFIX = '/data/local-files/?d='
MINIMAL = ('annotator', 'annotation_id', 'lead_time')  # of JSON-MIN, beside the data


@ANNOTATION_FORMATS.register_module(name='label_studio')
class LabelStudio(AnnotationFormat):
    """Tasks, the labelling interface for them, and the export called JSON.

    Args:
        prefix (str): What stands before an image's path in a task: where Label Studio
            serves it from.
    """

    help = 'tasks of Label Studio and their labelling interface; its JSON export'
    looks = 'a list of Label Studio tasks'
    options = dict(prefix=f'before the path of an image in a task; by default {PREFIX}')
    query_field = ('tasks', 'data.query')
    others = OTHERS

    def __init__(self, prefix: str = PREFIX):
        self.prefix = prefix

    def write(self, query: Query, folder: str) -> None:
        """Write ``label_studio_tasks.json`` and ``label_studio_config.xml``."""
        write_json(osp.join(folder, TASKS_FILE), label_studio_tasks(query, self.prefix), None)
        write_text(osp.join(folder, CONFIG_FILE), label_studio_config(query))

    def recognise(self, document: Document) -> bool:
        """A JSON list of objects with ``data``; an empty list is an export too."""
        tasks = document.json
        return isinstance(tasks, list) and (
            not tasks or any(isinstance(task, dict) and 'data' in task for task in tasks)
        )

    def mistaken(self, document: Document) -> Optional[Tuple[str, str, str, str]]:
        """The export called JSON-MIN."""
        tasks = document.json
        if (
            isinstance(tasks, list)
            and isinstance(tasks[0], dict)
            and any(key in tasks[0] for key in MINIMAL)
        ):
            what = 'is missing: this is the export "JSON-MIN" of Label Studio'
            return 'tasks', 'data', what, 'export as "JSON", not JSON-MIN'
        return None

    def query_ids(self, document: Document) -> List[str]:
        """Ids that the tasks say."""
        found = set()
        for task in document.json:
            about = task.get('data') if isinstance(task, dict) else None
            if isinstance(about, dict) and 'query' in about:
                found.add(str(about['query']))
        return sorted(found)

    def parse(self, document: Document, query: Query, faults: Faults) -> List[Answer]:
        """See :func:`parse_label_studio`."""
        return parse_label_studio(document.json, query, faults)


# ---- queries ---------------------------------------------------------------------


def label_studio_config(query: Query) -> str:
    """The labelling interface: palette and visibility beside the image, with hotkeys.

    Label Studio makes an image as high as the window allows where little is above it: with a
    palette above, its lower part would have to be scrolled to. Left joints have one colour,
    right ones another.
    """
    labels = '\n'.join(
        f'        <Label value={quoteattr(name)} hotkey={quoteattr(hotkey(place))} '
        f'background={quoteattr(COLOURS.get(joint_side(name) or "", MIDDLE))}/>'
        for place, name in enumerate(query.joints)
    )
    person = quoteattr(query.content['category']['name'])
    return (
        '<View>\n'
        '  <Header value="$note" size="6"/>\n'
        '  <View style="display: flex; gap: 12px">\n'
        '    <View style="flex: 0 0 170px">\n'
        f'      <KeyPointLabels name="{JOINTS}" toName="{IMAGE}" strokeWidth="2" opacity="0.9" '
        'showInline="false">\n'
        f'{labels}\n'
        '      </KeyPointLabels>\n'
        f'      <Choices name="{VISIBILITY}" toName="{IMAGE}" perRegion="true" '
        'choice="single" showInline="true">\n'
        f'        <Choice value="visible" hotkey="{VISIBLE_KEY}"/>\n'
        f'        <Choice value="hidden" hotkey="{HIDDEN_KEY}"/>\n'
        '      </Choices>\n'
        f'      <RectangleLabels name="{BOX}" toName="{IMAGE}">\n'
        f'        <Label value={person}/>\n'
        '      </RectangleLabels>\n'
        '    </View>\n'
        '    <View style="flex: 1 1 auto; min-width: 0">\n'
        f'      <Image name="{IMAGE}" value="$image" zoom="true" zoomControl="true"/>\n'
        '    </View>\n'
        '  </View>\n'
        '</View>\n'
    )


def hotkey(place: int) -> str:
    """The key of a joint: digits, then letters, then the same with shift."""
    turn, key = divmod(place, len(KEYS))
    return ('', 'shift+', 'ctrl+shift+')[min(turn, 2)] + KEYS[key]


def label_studio_tasks(
    query: Query, prefix: str = PREFIX, addresses: Optional[Dict[int, str]] = None
) -> List[dict]:
    """One task a person, filled with the predictions.

    Args:
        query (Query): The query.
        prefix (str): See :class:`LabelStudio`.
        addresses (dict, optional): Image id -> where the server has it, instead. Persons in
            other images are left out.
    """
    folder = f'{Paths("").query(query.round)}/images/'  # below the work directory
    tasks = []
    for entry in query.annotations.values():
        image = query.images[entry['image_id']]
        if addresses is not None and image['id'] not in addresses:
            continue
        why = entry['why'] or {}
        regions = _regions(entry, image, query)
        predictions = [
            dict(model_version=MODEL, score=why.get('confidence', 0.0), result=regions)
        ] * bool(regions)
        where = image['name'] if query.content['image_files'] == 'none' else folder + image['name']
        tasks.append(
            dict(
                data=dict(
                    image=prefix + where if addresses is None else addresses[image['id']],
                    query=query.id,
                    round=query.round,
                    annotation_id=entry['id'],
                    view=entry['view'],
                    note=_note(entry, image, query),
                    why=entry['why'],
                ),
                predictions=predictions,
            )
        )
    return tasks


def _note(entry: dict, image: dict, query: Query) -> str:
    """Who it is, told without a box, and where to look first."""
    persons = sorted(query.of_image[image['id']], key=lambda e: e['bbox'][0] + e['bbox'][2] / 2)
    text = f'{entry["view"] or image["name"]}, person {entry["person_id"]}'
    if len(persons) > 1:
        number = persons.index(entry) + 1
        text += f', number {number} of {len(persons)} from the left'
    first = ', '.join((entry['why'] or {}).get('look_first', ()))
    return text + (f': look first at {first}' if first else '')


def _regions(entry: dict, image: dict, query: Query) -> List[dict]:
    """The joints that the model predicts, and behind them the box of one of several persons."""
    width, height = image['width'], image['height']
    common = dict(to_name=IMAGE, original_width=width, original_height=height, image_rotation=0)
    regions: List[dict] = []
    for index, point in enumerate(entry['prediction'] or ()):
        if any(point):
            regions.append(
                dict(
                    common,
                    id=f'joint{index}',
                    type='keypointlabels',
                    from_name=JOINTS,
                    score=point[2],
                    value=dict(
                        x=_percent(point[0], width),
                        y=_percent(point[1], height),
                        width=0.5,
                        keypointlabels=[query.joints[index]],
                    ),
                )
            )
    if not regions or len(query.of_image[image['id']]) < 2:
        return regions
    x, y, w, h = entry['bbox']
    box = dict(
        x=_percent(x, width),
        y=_percent(y, height),
        width=round(w / width * 100, 6),
        height=round(h / height * 100, 6),
        rotation=0,
        rectanglelabels=[query.content['category']['name']],
    )
    return [*regions, dict(common, id='box', type='rectanglelabels', from_name=BOX, value=box)]


def _percent(value: float, size: int) -> float:
    return round(min(max((value + 0.5) / size * 100, 0.0), 100.0), 6)


# ---- answers ---------------------------------------------------------------------


def parse_label_studio(tasks: List[Any], query: Query, faults: Faults) -> List[Answer]:
    """Check Label Studio's JSON export against the query that it answers.

    What somebody has spent time on counts as looked at; several people may have submitted
    something about one person. Tasks of other queries, skipped ones and those that wait are
    passed over.

    Args:
        tasks (list): The parsed JSON.
        query (Query): The query.
        faults (Faults): Where faults go.
    """
    answers: List[Answer] = []
    controls = _controls(tasks)
    for index, task in enumerate(tasks):
        if not isinstance(task, dict):
            faults.add(f'tasks[{index}]', 'task', f'is {short(task)}', 'export as "JSON"')
            continue
        entry = f'tasks[{index}] (id {short(task.get("id"))})'
        number = _person(task, entry, query, faults)
        if number is None:
            continue
        image = query.images[query.annotations[number]['image_id']]
        for place, submitted in _submitted(task, entry, faults):
            where = f'{entry}.annotations[{place}]'
            regions = _own_regions(submitted['result'], controls, where, faults)
            keypoints = _keypoints(regions, where, query, image, faults)
            if keypoints is not None:
                about = _about(submitted)
                # The bulk actions that make predictions or another task's answer into
                # annotations leave no time.
                answers.append(Answer(entry, number, keypoints, bool(about['seconds']), **about))
    return answers


def _person(task: dict, entry: str, query: Query, faults: Faults) -> Optional[int]:
    """The person of the query that a task is about; None for others, and for a fault."""
    about = task.get('data')
    if not isinstance(about, dict):
        return faults.add(
            entry, 'data', 'is missing', 'export as "JSON", not JSON-MIN or another kind'
        )
    if str(about.get('query')) != query.id:
        faults.pass_over(entry, OTHERS)
        return None
    number = about.get('annotation_id')
    if not is_int(number) or number not in query.annotations:
        problem = f'{short(number)} is no annotation of query {query.id}'
        return faults.add(
            entry,
            'data.annotation_id',
            problem,
            f'import {TASKS_FILE} of the query, and leave its data as it is',
        )
    return number


def _submitted(task: dict, entry: str, faults: Faults) -> List[Tuple[int, dict]]:
    """Place and content of what people have submitted about a task."""
    annotations = task.get('annotations', [])
    if not isinstance(annotations, list) or any(
        not isinstance(a, dict)
        or not isinstance(a.get('result'), list)
        or any(not isinstance(r, dict) for r in a['result'])
        for a in annotations
    ):
        problem = 'is not a list of objects, each with a list "result"'
        faults.add(entry, 'annotations', problem, 'export as "JSON"')
        return []
    done = [(i, a) for i, a in enumerate(annotations) if not a.get('was_cancelled')]
    if not done:
        faults.pass_over(entry, SKIPPED if annotations else DRAFT if task.get('drafts') else OPEN)
    return done


def _about(submitted: dict) -> Dict[str, Any]:
    """Who has submitted something, when, and how long it took."""
    who = submitted.get('completed_by')
    if isinstance(who, dict):
        who = next((who[key] for key in ('email', 'username', 'id') if who.get(key)), None)
    when = submitted.get('updated_at') or submitted.get('created_at')
    seconds: Any = submitted.get('lead_time')
    return dict(
        by=SOMEBODY if who is None else str(who),
        at=when if isinstance(when, str) else None,
        seconds=float(seconds) if is_number(seconds) and seconds >= 0 else None,
        settled=bool(submitted.get('ground_truth')),
    )


def _controls(tasks: List[Any]) -> Optional[Tuple[Optional[str], ...]]:
    """Names of the controls that count; None where a lab's own interface has others for joints."""
    submitted = (
        region
        for task in tasks
        for annotation in _objects(task, 'annotations')
        for region in _objects(annotation, 'result')
    )
    return CONTROLS if any(each.get('from_name') == JOINTS for each in submitted) else None


def _objects(parent: Any, field: str) -> List[dict]:
    """The objects of a list in an object; none where it is something else."""
    values = parent.get(field) if isinstance(parent, dict) else None
    return [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []


def _own_regions(
    regions: List[dict], controls: Optional[Sequence[Optional[str]]], entry: str, faults: Faults
) -> List[Tuple[int, dict]]:
    """Place and content of what our controls gave; that of a lab's own is passed over."""
    found = []
    for index, region in enumerate(regions):
        name = region.get('from_name')
        joint = controls is None and region.get('type') == 'keypointlabels'
        if joint or name in CONTROLS:
            found.append((index, region))
        elif region.get('type') not in IGNORED:
            faults.pass_over(f'{entry}.result[{index}]', OWN_CONTROLS)
    return found


def _keypoints(
    regions: List[Tuple[int, dict]], entry: str, query: Query, image: dict, faults: Faults
) -> Optional[np.ndarray]:
    """The joints of a person, (K, 3); None for a fault."""
    before = len(faults.found)
    hidden = _hidden(regions, entry, faults)
    found: Dict[str, Any] = {}
    for index, region in regions:
        where = f'{entry}.result[{index}]'
        if not _is_joint(region, where, faults):
            continue
        name = _joint_name(region['value'], where, query, faults)
        if name is None:
            continue
        if name in found:
            problem = f'joint {name!r} is there twice'
            faults.add(where, 'value.keypointlabels', problem, 'keep one of them')
            continue
        visible = 1 if hidden.get(region.get('id')) else 2
        found[name] = _place(region, name, visible, where, image, faults)
    if len(faults.found) > before:
        return None
    return np.array([found.get(name, [0.0, 0.0, 0.0]) for name in query.joints])


def _hidden(regions: List[Tuple[int, dict]], entry: str, faults: Faults) -> Dict[Any, bool]:
    """Id of a region -> whether the joint is hidden, where somebody chose."""
    hidden: Dict[Any, bool] = {}
    for index, region in regions:
        if region.get('type') != 'choices':
            continue
        where, value, number = f'{entry}.result[{index}]', region.get('value'), region.get('id')
        chosen = value.get('choices') if isinstance(value, dict) else None
        if not isinstance(number, (str, int)):
            problem = f'is {short(number)}, which does not tell whose visibility it is'
            faults.add(where, 'id', problem, 'give it the id of the region of the joint')
        elif chosen in (['visible'], ['hidden']):
            hidden[number] = chosen == ['hidden']
        else:
            faults.add(
                where, 'value.choices', f'is {short(chosen)}', "choose 'visible' or 'hidden'"
            )
    return hidden


def _is_joint(region: dict, where: str, faults: Faults) -> bool:
    """Whether a region is a labelled key point; if not, it may be a fault."""
    kind = region.get('type')
    if kind == 'choices' or kind in IGNORED:
        return False
    if kind == 'keypointlabels' and isinstance(region.get('value'), dict):
        return True
    faults.add(
        where,
        'type',
        f'is {short(kind)}, not a labelled key point',
        'remove this region, or give it the name of a joint',
    )
    return False


def _joint_name(value: dict, where: str, query: Query, faults: Faults) -> Optional[str]:
    """The joint that a region labels; None for a fault."""
    names = value.get('keypointlabels')
    if isinstance(names, list) and len(names) == 1 and names[0] in query.joints:
        return names[0]
    return faults.add(
        where,
        'value.keypointlabels',
        f'is {short(names)}, not one joint of the query',
        f'use {CONFIG_FILE} of the query as labelling interface',
    )


def _place(
    region: dict, name: str, visible: int, where: str, image: dict, faults: Faults
) -> Optional[List[float]]:
    """x, y and v of a joint in pixels of the pool; None for a fault."""
    size = (image['width'], image['height'])
    sizes = [region.get('original_width'), region.get('original_height')]
    if any(told not in (None, known) for told, known in zip(sizes, size)):
        problem = f'is {short(sizes[0])}x{short(sizes[1])}, in the query {size[0]}x{size[1]}'
        return faults.add(
            where,
            'original_width, original_height',
            problem,
            'label the images as they are, without resizing',
        )
    if region.get('image_rotation') not in (None, 0):
        problem = f'is {short(region["image_rotation"])}'
        return faults.add(
            where, 'image_rotation', problem, 'turn the image back and label it upright'
        )
    place = [region['value'].get('x'), region['value'].get('y')]
    if not all(is_number(p) for p in place):
        problem = f'joint {name!r} is at {short(place)}, not two finite numbers'
        return faults.add(where, 'value', problem, 'write percent of the image')
    if any(p < 0 or p > 100 for p in place):
        problem = f'joint {name!r} is at {short(place)} percent, outside the image'
        return faults.add(where, 'value', problem, 'move it inside, or remove it')
    pixels = [p / 100 * s for p, s in zip(place, size)]
    return check_joint(faults, where, 'value', name, pixels + [visible], size, -0.5)
