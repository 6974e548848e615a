"""Learning rates of the layers of several networks, by a constructor that knows one network."""

from typing import Any, List, Optional

from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

from mmpose_al.models.wrapper import EstimatorOfNetworks

#: Constructors of MMPose that know a layer by the beginning of a parameter's name.
BY_NAME = ('LayerDecayOptimWrapperConstructor',)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class NetworksOptimWrapperConstructor:
    """Gives each network of an estimator the learning rates that it would have alone.

    A constructor such as MMPose's ``LayerDecayOptimWrapperConstructor`` tells layers by names of
    parameters, ``backbone.layers.3...``. In an estimator of several networks they begin with
    ``students.0.``, and it would take all of them for the last layer.

    Args:
        optim_wrapper_cfg (dict): As MMEngine gives it.
        paramwise_cfg (dict): ``constructor``: the type of the constructor of one network. The
            rest is its own.

    Raises:
        ValueError: No constructor is named.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: Optional[dict] = None):
        own = dict(paramwise_cfg or {})
        kind = own.pop('constructor', None)
        if kind is None:
            raise ValueError(
                f"optim_wrapper.constructor='{type(self).__name__}': paramwise_cfg has no "
                "constructor; name that of one network, as 'LayerDecayOptimWrapperConstructor'"
            )
        config = dict(type=kind, optim_wrapper_cfg=optim_wrapper_cfg, paramwise_cfg=own)
        self.constructor: Any = OPTIM_WRAPPER_CONSTRUCTORS.build(config)

    def __call__(self, model: nn.Module) -> Any:
        """The optimiser of a model, wrapped."""
        model = getattr(model, 'module', model)
        single = self.constructor.add_params

        def add_params(params: List[dict], module: nn.Module, *args: Any, **kwargs: Any) -> None:
            for network in networks_of(module):
                single(params, network, *args, **kwargs)

        self.constructor.add_params = add_params
        try:
            return self.constructor(model)
        finally:
            del self.constructor.add_params


def networks_of(model: nn.Module) -> List[nn.Module]:
    """The parts of an estimator of networks that learn; any other model as it is.

    Raises:
        ValueError: It has weights to learn that are in none of them.
    """
    if not isinstance(model, EstimatorOfNetworks):
        return [model]
    students = getattr(model, 'students', None)
    found = list(model.predicting if students is None else students)
    inside = {id(weight) for network in found for weight in network.parameters()}
    rest = [n for n, w in model.named_parameters() if w.requires_grad and id(w) not in inside]
    if rest:
        raise ValueError(
            f'NetworksOptimWrapperConstructor: {type(model).__name__} has weights outside its '
            f'networks, first {rest[0]!r}, for which it knows no learning rate'
        )
    return found


def check_constructor(optim_wrapper: Any, model: nn.Module) -> None:
    """Refuse a constructor that would take all layers of several networks for the last one.

    Args:
        optim_wrapper (Mapping): Of the config; what is none is not judged.
        model (nn.Module): The estimator.

    Raises:
        ValueError: It is one of :data:`BY_NAME`.
    """
    kind = optim_wrapper.get('constructor') if isinstance(optim_wrapper, dict) else None
    name = str(kind).rpartition('.')[2] if isinstance(kind, str) else getattr(kind, '__name__', '')
    if name in BY_NAME and isinstance(model, EstimatorOfNetworks):
        raise ValueError(
            f'optim_wrapper.constructor is {name}, which tells layers by names that begin with '
            f'"backbone."; those of {type(model).__name__} do not, so all layers would learn as '
            "the last one does. Write optim_wrapper = dict(constructor='"
            f"{NetworksOptimWrapperConstructor.__name__}', paramwise_cfg=dict(constructor="
            f"'{name}', ...))"
        )
