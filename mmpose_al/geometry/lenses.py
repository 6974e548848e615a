"""Which lens model a calibration file says it is of.

Only a pinhole with OpenCV's distortion can be written in the multi-view format. Files say
otherwise in many ways: a flag (``fisheye = true``, ``fisheye_model: 1``), a name
(``distortion_model: equidistant``), or a parameter that only another model has (``xi``).
"""

import re
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
    for field, value in _flat(fields):
        if OTHER.search(field) or PARAMETERS.fullmatch(field) or MODEL.fullmatch(field):
            says = _is_set(value)
        elif MODEL_OR_PRODUCT.fullmatch(field):
            is_name = isinstance(value, str)
            says = _is_other(value) if is_name else _is_set(value) and 'type' not in field
        else:
            says = False
        if says:
            return field, value
    return None


def _flat(fields: Mapping[str, Any]) -> Iterator[Tuple[str, Any]]:
    """Fields, those of nested mappings too, lists entry by entry."""
    for field, value in fields.items():
        if isinstance(value, Mapping):
            if OTHER.search(str(field)):
                yield str(field), True
            yield from _flat(value)
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield from _flat({field: item})
        else:
            yield str(field), value


def _is_set(value: Any) -> bool:
    """Whether a value is anything but the pinhole's name, or no, or OpenCV's 0."""
    return _plain(value) not in PINHOLE if isinstance(value, str) else bool(value)


def _is_other(name: str) -> bool:
    return OTHER.search(name) is not None or _plain(name) in SHORT


def _plain(name: str) -> str:
    return re.sub('[^a-z0-9]', '', name.lower())
