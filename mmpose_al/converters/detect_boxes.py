"""Person boxes in unlabelled images, from an mmdet detector, in shares that go on.

Each share of the images appends to a file of its own in OUT.parts/, one line an image,
with the boxes that do not score below the floor. When the last image is done the filters
are applied and OUT is written. With other filters nothing is detected twice.
"""

import json
import os
import os.path as osp
import sys
from contextlib import contextmanager
from typing import IO, Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple
from urllib.error import URLError

import numpy as np
from mmengine.utils import ProgressBar

from ..datasets.boxes import BoxFilter, box_annotations, detections_by_image
from ..datasets.format import FormatError, check_structure
from ..datasets.images import ImageError, check_image, read_picture
from ..fileio import locked, read_json, sha256, visible_names, write_json

PART_FORMAT = dict(format='mmpose_al-boxes', version=2)
EXTENSIONS = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff')


class PersonDetector:
    """An mmdet model as a function from an image to person boxes.

    Args:
        config (str): Config file.
        checkpoint (str, optional): None leaves the weights as they are initialised.
        device (str): As PyTorch names it.
        class_name (str): The class to keep.

    Raises:
        ValueError: The detector does not know the class.
    """

    def __init__(
        self,
        config: str,
        checkpoint: Optional[str],
        device: str = 'cpu',
        class_name: str = 'person',
    ):
        from mmdet.apis import inference_detector, init_detector

        try:
            self.model = init_detector(detector_config(config), checkpoint, device=device)
        except URLError as error:
            raise OSError(
                f'{checkpoint}: cannot be downloaded ({error.reason}). Download it where there is '
                'a network, and name the file'
            ) from None
        self.infer = inference_detector
        classes = tuple(self.model.dataset_meta['classes'])
        if class_name not in classes:
            raise ValueError(
                f'{config}: the detector has no class {class_name!r}; '
                f'give --class-name one of {", ".join(classes)}'
            )
        self.label = classes.index(class_name)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Boxes and scores (N, 5), x y width height score, of a BGR image (H, W, 3)."""
        found = self.infer(self.model, image).pred_instances
        found = found[found.labels == self.label].cpu().numpy()
        boxes = np.array(found.bboxes, dtype=np.float64).reshape(-1, 4)
        boxes[:, 2:] -= boxes[:, :2]
        return np.concatenate([boxes, np.reshape(found.scores, (-1, 1))], 1)


def detector_config(name: str) -> Any:
    """What MMDetection takes as a config: a file, or one of its own, ``mmdet::NAME``.

    Raises:
        OSError: There is no such config.
    """
    if '::' in name:
        from mmengine.hub import get_config

        return get_config(name)
    if not osp.isfile(name):
        raise OSError(f'{name}: no such config. Name a file, or one of MMDetection: mmdet::NAME')
    return name


class Detection(NamedTuple):
    """What is detected where, and what becomes of it."""

    images: Optional[str]  # folder
    config: Optional[str]  # of the detector
    checkpoint: Optional[str]
    out: str  # annotation file to write
    keep: BoxFilter
    ann_file: Optional[str] = None  # COCO file of the images that are meant
    detections: Optional[str] = None  # COCO detections list to write
    class_name: str = 'person'
    floor: float = 0.05  # boxes with a lower score are not even kept in the parts
    device: Optional[str] = None
    shard: Optional[str] = None  # 'I/N'; by default torchrun's


def convert_detections(job: Detection, path: str) -> None:
    """A detections list, filtered, as an annotation file."""
    images = {image['id']: image for image in ann_file_images(job.ann_file)}
    entries = detections_by_image(read_json(path), images, path)
    write(job, entries, dict(detections=osp.basename(path)), path)


def detect(job: Detection, detector: Optional[Callable] = None) -> None:
    """Run this process's share; the process that finds all shares done writes OUT.

    Args:
        job (Detection): Everything that is asked for.
        detector (Callable, optional): Image (H, W, 3) in BGR -> boxes (N, 5); by default
            the mmdet model that the job names.
    """
    shard, shards = this_shard(job.shard, os.environ)
    if job.keep.score_thr < job.floor:
        raise ValueError(
            f'--score-thr {job.keep.score_thr} is below --floor {job.floor}: '
            'such boxes are not kept; lower the floor'
        )
    images = (
        ann_file_images(job.ann_file)
        if job.ann_file
        else [dict(id=i, file_name=name) for i, name in enumerate(list_images(job.images), 1)]
    )
    names = [image['file_name'] for image in images]
    header = dict(
        PART_FORMAT,
        config=described(job.config),
        checkpoint=described(job.checkpoint),
        class_name=job.class_name,
        floor=job.floor,
    )
    folder = job.out + '.parts'
    os.makedirs(folder, exist_ok=True)
    done = load_parts(folder, header, job.images)
    todo = [name for name in names[shard::shards] if 'boxes' not in done.get(name, {})]
    if todo:
        detector = detector or PersonDetector(
            job.config, job.checkpoint, job.device or default_device(), job.class_name
        )
        show = job.shard is not None or shard == 0
        path = osp.join(folder, f'{shard}-of-{shards}.jsonl')
        run_share(detector, job.images, todo, path, header, job.floor, show)
        done = load_parts(folder, header, job.images)
    left = sum(name not in done for name in names)
    if left:
        print(
            f'share {shard} of {shards} is done; {left} of {len(names)} images are '
            'left to other shares'
        )
        return
    join(job, images, done, header, folder)


def join(job: Detection, images: List[dict], done: dict, header: dict, folder: str) -> None:
    """Write OUT from the lines of all images; say which of them are unreadable."""
    names = [image['file_name'] for image in images]
    unreadable = [name for name in names if 'boxes' not in done[name]]
    entries = [
        dict(done[image['file_name']], id=image['id'])
        for image in images
        if 'boxes' in done[image['file_name']]
    ]
    if not entries:
        raise OSError(
            f'none of the {len(names)} images of {job.images} can be read: '
            f'{done[names[0]]["error"]}'
        )
    for name in unreadable[:5]:
        print(f'left out, unreadable: {name}: {done[name]["error"]}')
    info = dict(config=header['config'], checkpoint=header['checkpoint'])
    write(job, entries, info, folder, len(unreadable))


def write(
    job: Detection, entries: List[dict], info: dict, source: str, unreadable: int = 0
) -> None:
    """Filter, write OUT (and the detections list) and say what was dropped."""
    content, boxes = box_annotations(
        entries, job.keep, dict(description='Detected persons', **info), source
    )
    if not content['annotations']:
        raise ValueError(
            f'{source}: none of {boxes["found"]} boxes is left; lower --score-thr or --min-size'
        )
    if job.detections:
        keys = ('image_id', 'category_id', 'bbox', 'score')
        found = [{key: annotation[key] for key in keys} for annotation in content['annotations']]
        write_json(job.detections, found, indent=None)
    write_json(job.out, content, indent=None)
    reasons = dict(
        score='below the score',
        small='too small',
        nms='suppressed',
        top_k='beyond the top k',
        outside='without an area in the image',
    )
    dropped = ', '.join(f'{boxes[key]} {reasons[key]}' for key in reasons if boxes[key])
    print(
        f'{job.out}: {boxes["kept"]} boxes in {len(entries)} images of '
        f'{boxes["found"]} found'
        + (f' (dropped: {dropped})' if dropped else '')
        + f'; {unreadable} images unreadable'
    )


def run_share(
    detector: Callable,
    folder: str,
    names: List[str],
    path: str,
    header: dict,
    floor: float,
    show: bool = True,
) -> None:
    """Append one line for each image to a part file."""
    with open_part(path, header) as part:
        bar = ProgressBar(len(names), file=sys.stderr) if show else None
        for name in names:
            part.write(json_line(detect_one(detector, folder, name, floor)))
            part.flush()
            if bar:
                bar.update()
        if bar:
            sys.stderr.write('\n')


def detect_one(detector: Callable, folder: str, name: str, floor: float) -> dict:
    """The line of one image: its size and the boxes that do not score below the floor,
    or why it cannot be read."""
    path = osp.join(folder, name)
    try:
        check_image(path)
        image = read_picture(path)
        if image is None:
            raise ImageError(f'{path} cannot be decoded')
    except Exception as error:  # whatever a decoder raises: the image is to blame
        return dict(file_name=name, error=f'{type(error).__name__}: {error}')
    found = np.asarray(detector(image), float)
    found = found[~(found[:, 4] < floor)]
    state = os.stat(path)
    return dict(
        file_name=name,
        bytes=state.st_size,
        time=state.st_mtime_ns,
        sha256=sha256(path),
        width=image.shape[1],
        height=image.shape[0],
        boxes=np.round(found, 4).tolist(),
    )


# --------------------------------------------------------------------------


def this_shard(text: Optional[str], environment: Dict[str, str]) -> Tuple[int, int]:
    """(index, number) from ``I/N``, else from torchrun's variables, else (0, 1)."""
    if text is None:
        text = f'{environment.get("RANK", 0)}/{environment.get("WORLD_SIZE", 1)}'
    try:
        index, number = (int(part) for part in text.split('/'))
    except ValueError:
        index, number = 0, 0
    if not 0 <= index < number:
        raise ValueError(f'--shard is I/N with 0 <= I < N, such as 0/8; got {text!r}')
    return index, number


def default_device() -> str:
    import torch

    if torch.cuda.is_available():
        return f'cuda:{os.environ.get("LOCAL_RANK", 0)}'
    return 'cpu'


def list_images(folder: str) -> List[str]:
    """Image files below a folder, relative to it with forward slashes, sorted.

    Names that begin with a dot are left out, of folders too.
    """
    if not osp.isdir(folder):
        raise OSError(f'{folder}: no such folder. Give the folder that holds the images')
    names = []
    for root, folders, _ in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith('.')]
        paths = (osp.join(root, name) for name in visible_names(root, EXTENSIONS))
        names += [
            osp.relpath(path, folder).replace(os.sep, '/') for path in paths if osp.isfile(path)
        ]
    if not names:
        raise OSError(
            f'{folder}: holds no image file ({", ".join(EXTENSIONS)}). Give the folder that holds '
            'the images'
        )
    return sorted(names)


def ann_file_images(path: str) -> List[dict]:
    """``images`` of a COCO file, which needs no annotations."""
    data = read_json(path)
    if isinstance(data, dict):  # image_info_*.json has none
        data.setdefault('annotations', [])
    images = check_structure(data, path)['images']
    if not images:
        raise FormatError(
            f'{path}: its list "images" is empty. Give the annotation file of these images, or '
            'leave --ann-file out'
        )
    return images


def json_line(content: dict) -> bytes:
    return json.dumps(content).encode() + b'\n'


@contextmanager
def open_part(
    path: str,
    header: dict,
    busy: str = 'another process is writing this share; give each its own --shard',
    anew: bool = False,
) -> Iterator[IO]:
    """A part file opened for appending, locked, without a torn last line.

    Args:
        path (str): The file.
        header (dict): Its first line.
        busy (str): What to say where another process writes it.
        anew (bool): Whether what it holds is of something else, and is dropped.

    Raises:
        OSError: Another process writes it.
    """
    with locked(path, wait=False, held=OSError(f'{path}: {busy}')), open(path, 'a+b') as file:
        file.seek(0)
        end = 0 if anew else file.read().rfind(b'\n') + 1
        file.truncate(end)
        if not end:
            file.write(json_line(header))
        yield file


def described(path: str) -> str:
    """A file's name, and a digest of what it holds where it lies on this machine."""
    if not osp.isfile(path):
        return osp.basename(path)
    return f'{osp.basename(path)} (sha256 {sha256(path)[:16]})'


def load_parts(folder: str, header: dict, images: str) -> Dict[str, dict]:
    """Lines of all parts by image name.

    A torn or damaged line counts as not done, and so does that of an image file in the
    folder ``images`` that is another one by now.

    Raises:
        FormatError: A part was made by another detector or floor.
    """
    done = {}
    for name in visible_names(folder, ['.jsonl']):
        path = osp.join(folder, name)
        with open(path, 'rb') as file:
            lines = file.read().split(b'\n')[:-1]
        if not lines:
            continue
        first = parse_line(lines[0])
        if first != header:
            raise FormatError(
                f'{path}: was made with {first}, this run is {header}. Give another '
                f'--out, or remove {folder} to detect everything again.'
            )
        for line in lines[1:]:
            entry = parse_line(line)
            if (
                entry
                and 'file_name' in entry
                and ('boxes' in entry or entry['file_name'] not in done)
                and (not has_changed(entry, images))
            ):
                done[entry['file_name']] = entry
    return done


def has_changed(entry: dict, images: str) -> bool:
    """Whether an image is another one than when it was looked at, or of another folder.

    Its bytes are compared where its time is another. Earlier versions noted the length alone.
    """
    path = osp.join(images, entry['file_name'])
    try:
        state = os.stat(path)
        if entry.get('bytes', state.st_size) != state.st_size:
            return True
        if entry.get('time', state.st_mtime_ns) == state.st_mtime_ns:
            return False
        return entry.get('sha256') != sha256(path)
    except OSError:  # taken away: what was found stands
        return False


def parse_line(line: bytes) -> Optional[dict]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None
