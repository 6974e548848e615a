"""The images of a query and those before and after them, by id."""

import mimetypes
import os.path as osp
from typing import Dict, List, Tuple

from ...datasets.format import camera_names
from ...datasets.image_paths import image_to_show
from ...fileio import read_bytes
from ..pool import Pool
from ..query import Query

#: What browsers show as it is; other images are written anew as PNG.
SHOWN = ('image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/bmp', 'image/avif')
MAX_IMAGE = 2**28
REACH = 10  # neighbours on each side


class LabelImages:
    """Images by their ids; none outside the folders that the query may show.

    Args:
        query (Query): The query.
        pool (Pool): Its pool.
    """

    def __init__(self, query: Query, pool: Pool):
        self.query = query
        self._of_pool = {image['id']: image for image in pool.data['images']}
        frames = {frame['id']: frame for frame in pool.data['frames']}
        cameras = camera_names(pool.data)
        self._place: Dict[int, Tuple[tuple, float]] = {}
        self._tracks: Dict[tuple, List[Tuple[float, int]]] = {}
        for image in pool.data['images']:
            frame = frames.get(image.get('frame_id'))
            if frame is not None:
                camera = image.get('camera_id')
                track = (frame['sequence'], cameras.get(camera, camera))
                self._place[image['id']] = track, frame['index']
                self._tracks.setdefault(track, []).append((frame['index'], image['id']))
        for images in self._tracks.values():
            images.sort()

    def path(self, number: int) -> str:
        """Where an image is.

        Raises:
            FileNotFoundError: The pool has no such image, or its file is not there.
            ValueError: Its name leads outside the image folder and those allowed.
        """
        asked = self.query.images.get(number)
        if asked is not None:
            copy = osp.join(self.query.folder, 'images', asked['name'])
            if self.query.content['image_files'] != 'none' and osp.isfile(copy):
                return copy
            return self.query.image_to_give(asked)
        image = self._of_pool.get(number)
        if image is None:
            raise FileNotFoundError('the pool has no such image')
        content = self.query.content
        root, folders = content['image_root'] or '', content.get('image_folders', ())
        return image_to_show(root, image['file_name'], folders)

    def read(self, number: int) -> Tuple[bytes, str]:
        """An image's bytes and their type.

        Raises:
            OSError: It is not there or cannot be read.
            ValueError: It is no image, too large, or outside the folders.
        """
        path = self.path(number)
        kind = mimetypes.guess_type(path)[0]
        content = read_bytes(path, MAX_IMAGE)
        if kind in SHOWN:
            return content, str(kind)
        import cv2
        import numpy as np

        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f'{osp.basename(path)} is no image that can be shown')
        return cv2.imencode('.png', image)[1].tobytes(), 'image/png'

    def neighbours(self, number: int) -> List[dict]:
        """Images of the same camera and recording around an image, in order of time.

        Returns:
            list[dict]: ``id`` and ``index`` in the recording, the image itself among them.
        """
        if number not in self._place:
            return []
        track, index = self._place[number]
        images = self._tracks[track]
        at = images.index((index, number))
        near = images[max(at - REACH, 0) : at + REACH + 1]
        return [dict(id=each, index=when) for when, each in near]
