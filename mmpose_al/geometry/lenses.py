"""Which lens model a calibration file says it is of.

Only a pinhole with OpenCV's distortion can be written in the multi-view format. Files say
otherwise in many ways: a flag (``fisheye = true``, ``fisheye_model: 1``), a name
(``distortion_model: equidistant``), or a parameter that only another model has (``xi``).
"""

import re
from functools import lru_cache
from typing import Any, Iterator, Mapping, Optional, Tuple

# Names of the pinhole and of distortions that are OpenCV's, letters and digits only.
PINHOLE = {
    '',
    'none',
    'false',
    'no',
    'off',
    '0',
    'null',
    'pinhole',
    'simplepinhole',
    'perspective',
    'perspectivecamera',
    'rectilinear',
    'linear',
    'normal',
    'standard',
    'regular',
    'opencv',
    'fullopencv',
    'radial',
    'simpleradial',
    'radtan',
    'pinholeradtan',
    'radialtangential',
    'plumbbob',
    'brown',
    'brownconrady',
    'rationalpolynomial',
    'rational',
    'thinprism',
}
# Other models by their abbreviations, which must be the whole value.
SHORT = {
    'bal',
    'cahvor',
    'cahvore',
    'division',
    'ds',
    'equi',
    'eucm',
    'fov',
    'ftheta',
    'inversebrownconrady',
    'kb',
    'kb4',
    'kb8',
    'mei',
    'ocam',
    'orthogonal',
    'radialfisheye',
    'ucm',
    'unified',
}
OTHER = re.compile(
    r'fish.?eye|omni.?(dir|cam|$)|equi.?dist|equi.?rect|equi.?solid|stereo.?graph|'
    r'ortho.?graph|kannala|spherical|panorami|cylindric|scaramuzza|double.?sphere',
    re.IGNORECASE,
)
# Fields whose value is the name of a lens model, and fields that may name a product too.
MODEL = re.compile(
    r'(distortion|dist|lens|projection|intrinsics?)_?(model|type)(_?name)?|projection',
    re.IGNORECASE,
)
MODEL_OR_PRODUCT = re.compile(r'((camera|cam)_?)?(models?|type)(_?name)?|lens', re.IGNORECASE)
# Parameters of the models of Mei, of Kannala and Brandt, and of Scaramuzza.
PARAMETERS = re.compile(r'xi|mu0|poly_?coeffs?|mapping_?coefficients', re.IGNORECASE)


def other_model(fields: Mapping[str, Any]) -> Optional[Tuple[str, Any]]:
    """The first (field, value) that says another model than a pinhole; None if none does.

    Args:
        fields (Mapping): Name -> number, string, or list or mapping of such.
    """
    for field, content in fields.items():
        kind = _kind(str(field))
        if isinstance(content, Mapping):
            found = (field, True) if kind == 'another' else other_model(content)
            if found is not None:
                return found
        elif kind is not None:
            for value in _flat(content):
                if _says_another(kind, value):
                    return field, value
    return None


@lru_cache(maxsize=1024)
def _kind(field: str) -> Optional[str]:
    """What a field is: a flag or number of another model, a model's name, perhaps one."""
    if OTHER.search(field):
        return 'another'
    if PARAMETERS.fullmatch(field) or MODEL.fullmatch(field):
        return 'model'
    if MODEL_OR_PRODUCT.fullmatch(field):
        return 'type or product' if 'type' in field.lower() else 'model or product'
    return None


def _says_another(kind: str, value: Any) -> bool:
    if kind in ('another', 'model'):
        return _is_set(value)
    if isinstance(value, str):
        return _is_other(value)
    return kind == 'model or product' and _is_set(value)


def _flat(value: Any) -> Iterator[Any]:
    """A value, or those of lists in lists."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _is_set(value: Any) -> bool:
    """Whether a value is anything but the pinhole's name, or no, or OpenCV's 0."""
    return _plain(value) not in PINHOLE if isinstance(value, str) else bool(value)


def _is_other(name: str) -> bool:
    return OTHER.search(name) is not None or _plain(name) in SHORT


def _plain(name: str) -> str:
    return re.sub('[^a-z0-9]', '', name.lower())
