"""Queries as Label Studio tasks, and its JSON export back.

One task a person in an image. Positions are percent of the image, from its corner.
"""

import json
import os.path as osp
from typing import Any, List, Optional
from xml.sax.saxutils import quoteattr

import numpy as np

from ...datasets.format import is_int
from .checks import Answer, Faults, check_joint, is_number, short
from .query import Query

TASKS_FILE, CONFIG_FILE = 'label_studio_tasks.json', 'label_studio_config.xml'
JOINTS, BOX, VISIBILITY, IMAGE = 'joint', 'person', 'visibility', 'image'
IGNORED = ('rectanglelabels', 'rectangle', 'relation', 'textarea', 'rating')


def write_label_studio(query: Query, folder: str) -> None:
    """Write ``label_studio_tasks.json`` and ``label_studio_config.xml``."""
    with open(osp.join(folder, TASKS_FILE), 'w', encoding='utf-8') as file:
        json.dump(label_studio_tasks(query), file)
        file.write('\n')
    with open(osp.join(folder, CONFIG_FILE), 'w', encoding='utf-8') as file:
        file.write(label_studio_config(query))


def label_studio_config(query: Query) -> str:
    """The labelling interface: one label a joint, the person's box, visibility."""
    labels = '\n'.join(f'    <Label value={quoteattr(name)}/>' for name in query.joints)
    person = quoteattr(query.content['category']['name'])
    return (
        '<View>\n'
        '  <Header value="$note"/>\n'
        f'  <Image name="{IMAGE}" value="$image" zoom="true" zoomControl="true"/>\n'
        f'  <KeyPointLabels name="{JOINTS}" toName="{IMAGE}" strokeWidth="2">\n'
        f'{labels}\n'
        '  </KeyPointLabels>\n'
        f'  <RectangleLabels name="{BOX}" toName="{IMAGE}">\n'
        f'    <Label value={person}/>\n'
        '  </RectangleLabels>\n'
        f'  <Choices name="{VISIBILITY}" toName="{IMAGE}" perRegion="true" '
        'choice="single">\n'
        '    <Choice value="visible"/>\n    <Choice value="hidden"/>\n'
        '  </Choices>\n'
        '</View>\n'
    )


def label_studio_tasks(query: Query) -> List[dict]:
    """One task a person, filled with the predictions."""
    category = query.content['category']['name']
    folder = f'query/round_{query.round:02d}/images/'  # below the work directory
    tasks = []
    for entry in query.annotations.values():
        image = query.images[entry['image_id']]
        width, height = image['width'], image['height']
        common = dict(to_name=IMAGE, original_width=width, original_height=height, image_rotation=0)
        x, y, w, h = entry['bbox']
        regions = [
            dict(
                common,
                id='box',
                type='rectanglelabels',
                from_name=BOX,
                value=dict(
                    x=_percent(x, width),
                    y=_percent(y, height),
                    width=round(w / width * 100, 6),
                    height=round(h / height * 100, 6),
                    rotation=0,
                    rectanglelabels=[category],
                ),
            )
        ]
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
        why = entry['why'] or {}
        first = ', '.join(why.get('look_first', ()))
        where = image['name'] if query.content['image_files'] == 'none' else folder + image['name']
        tasks.append(
            dict(
                data=dict(
                    image=f'/data/local-files/?d={where}',
                    query=query.id,
                    round=query.round,
                    annotation_id=entry['id'],
                    view=entry['view'],
                    note=f'{entry["view"] or image["name"]}, person {entry["person_id"]}'
                    + (f': look first at {first}' if first else ''),
                    why=entry['why'],
                ),
                predictions=[
                    dict(
                        model_version=f'before round {query.round}',
                        score=why.get('confidence', 0.0),
                        result=regions,
                    )
                ],
            )
        )
    return tasks


def _percent(value: float, size: int) -> float:
    return round(min(max((value + 0.5) / size * 100, 0.0), 100.0), 6)


# ---- answers ---------------------------------------------------------------------


def label_studio_query_ids(data: Any) -> List[str]:
    """Ids of the queries that the tasks say they answer."""
    found = set()
    for task in data if isinstance(data, list) else ():
        about = task.get('data') if isinstance(task, dict) else None
        if isinstance(about, dict) and 'query' in about:
            found.add(str(about['query']))
    return sorted(found)


def parse_label_studio(data: Any, query: Query, faults: Faults) -> List[Answer]:
    """Check Label Studio's JSON export against the query that it answers.

    What was submitted counts as looked at. Tasks that were skipped or not done yet are
    no answers.

    Args:
        data (object): The parsed JSON.
        query (Query): The query.
        faults (Faults): Where faults go.
    """
    answers, seen = [], {}
    for index, task in enumerate(data):
        entry = f'tasks[{index}]'
        if not isinstance(task, dict):
            faults.add(entry, 'task', f'is {short(task)}', 'export as "JSON"')
            continue
        entry += f' (id {short(task.get("id"))})'
        about = task.get('data')
        if not isinstance(about, dict) or 'annotations' not in task:
            faults.add(
                entry,
                'annotations' if isinstance(about, dict) else 'data',
                'is missing',
                'export as "JSON", not JSON-MIN or another kind',
            )
            continue
        if str(about.get('query')) != query.id:
            faults.add(
                entry,
                'data.query',
                f'is {short(about.get("query"))}, not {query.id}',
                'remove the tasks of other queries',
            )
            continue
        number = about.get('annotation_id')
        if not is_int(number) or number not in query.annotations:
            faults.add(
                entry,
                'data.annotation_id',
                f'{short(number)} is no annotation of query {query.id}',
                'keep the data of the tasks',
            )
            continue
        if number in seen:
            faults.add(
                entry,
                'data.annotation_id',
                f'{number} is also that of tasks[{seen[number]}]',
                'keep one of them',
            )
            continue
        seen[number] = index
        done = _submitted(task['annotations'], entry, faults)
        if done is None:
            continue
        place, submitted = done
        image = query.images[query.annotations[number]['image_id']]
        keypoints = _keypoints(
            submitted['result'], f'{entry}.annotations[{place}]', query, image, faults
        )
        if keypoints is not None:
            answers.append(Answer(entry, number, keypoints, True))
    return answers


def _submitted(annotations: Any, entry: str, faults: Faults) -> Optional[tuple]:
    """Place and content of the one annotation that counts; None without."""
    if not isinstance(annotations, list) or any(
        not isinstance(a, dict)
        or not isinstance(a.get('result'), list)
        or any(not isinstance(r, dict) for r in a['result'])
        for a in annotations
    ):
        faults.add(
            entry,
            'annotations',
            'is not a list of objects, each with a list "result"',
            'export as "JSON"',
        )
        return None
    done = [(i, a) for i, a in enumerate(annotations) if not a.get('was_cancelled')]
    best = [(i, a) for i, a in done if a.get('ground_truth')]
    if len(done) > 1 and len(best) != 1:
        faults.add(
            entry,
            'annotations',
            f'{len(done)} were submitted for one person',
            'keep one, or mark one as ground truth',
        )
        return None
    return (best or done or [None])[0]


def _keypoints(
    regions: List[dict], entry: str, query: Query, image: dict, faults: Faults
) -> Optional[np.ndarray]:
    """The joints of a person, (K, 3); None for a fault."""
    before = len(faults.found)
    hidden = {}
    for index, region in enumerate(regions):
        if region.get('type') == 'choices':
            value = region.get('value')
            chosen = value.get('choices') if isinstance(value, dict) else None
            if (
                not isinstance(chosen, list)
                or len(chosen) != 1
                or (chosen[0] not in ('visible', 'hidden'))
            ):
                faults.add(
                    f'{entry}.result[{index}]',
                    'value.choices',
                    f'is {short(chosen)}',
                    "choose 'visible' or 'hidden'",
                )
            else:
                hidden[str(region.get('id'))] = chosen[0] == 'hidden'
    size = (image['width'], image['height'])
    found = {}
    for index, region in enumerate(regions):
        where = f'{entry}.result[{index}]'
        kind, value = region.get('type'), region.get('value')
        if kind == 'choices' or kind in IGNORED:
            continue
        if kind != 'keypointlabels' or not isinstance(value, dict):
            faults.add(
                where,
                'type',
                f'is {short(kind)}, not a labelled key point',
                'remove this region, or give it the name of a joint',
            )
            continue
        names = value.get('keypointlabels')
        if not isinstance(names, list) or len(names) != 1 or (names[0] not in query.joints):
            faults.add(
                where,
                'value.keypointlabels',
                f'is {short(names)}, not one joint of the query',
                f'use {CONFIG_FILE} of the query as labelling interface',
            )
            continue
        if names[0] in found:
            faults.add(
                where,
                'value.keypointlabels',
                f'joint {names[0]!r} is there twice',
                'keep one of them',
            )
            continue
        found[names[0]] = [0.0, 0.0, 0.0]
        sizes = [region.get('original_width'), region.get('original_height')]
        if sizes != list(size) and sizes != [None, None]:
            faults.add(
                where,
                'original_width',
                f'x original_height is '
                f'{short(sizes[0])}x{short(sizes[1])}, in the query '
                f'{size[0]}x{size[1]}',
                'label the images as they are, without resizing',
            )
            continue
        if region.get('image_rotation') not in (None, 0):
            faults.add(
                where,
                'image_rotation',
                f'is {short(region["image_rotation"])}',
                'turn the image back and label it upright',
            )
            continue
        place = [value.get('x'), value.get('y')]
        if not all(is_number(p) for p in place):
            faults.add(
                where,
                'value',
                f'joint {names[0]!r} is at {short(place)}, not two finite numbers',
                'write percent of the image',
            )
            continue
        if any(p < 0 or p > 100 for p in place):
            faults.add(
                where,
                'value',
                f'joint {names[0]!r} is at {short(place)} percent, outside the image',
                'move it inside, or remove it',
            )
            continue
        pixels = [p / 100 * s for p, s in zip(place, size)]
        visible = 1 if hidden.get(str(region.get('id'))) else 2
        found[names[0]] = check_joint(
            faults, where, 'value', names[0], pixels + [visible], size, -0.5
        )
    if len(faults.found) > before:
        return None
    return np.array([found.get(name, [0.0, 0.0, 0.0]) for name in query.joints])
