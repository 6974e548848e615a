"""The confidence of joints against the share of them that is right, as a picture."""

from typing import Dict, Sequence, Tuple

import numpy as np
from matplotlib.figure import Figure

from ..confidence import Reliability
from ..fileio import write_figure

FEWEST = 10  # joints of a bin that is drawn for a single joint


def plot_reliability(
    out_file: str, panels: Sequence[Tuple[str, Reliability, Dict[str, Reliability]]], radius: str
) -> None:
    """Draw reliability diagrams side by side.

    Args:
        out_file (str): The picture to write.
        panels (Sequence[tuple]): Title, all joints together, and each joint by name. Joints are
            thin lines, over bins with enough of them; the bars are the share of all joints in
            each bin.
        radius (str): In words, for the axis.
    """
    figure = Figure(figsize=(4.6 * len(panels), 4.6), layout='constrained')
    for position, (title, together, joints) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), position + 1)
        bins = len(together.count)
        centers = (np.arange(bins) + 0.5) / bins
        share = together.count / max(together.count.sum(), 1)
        axes.bar(centers, share, width=0.9 / bins, color='0.85', label='share of joints')
        axes.plot([0, 1], [0, 1], color='0.5', linestyle='--', linewidth=1)
        for index, (name, one) in enumerate(joints.items()):
            drawn = one.count >= FEWEST
            if drawn.any():
                axes.plot(
                    one.confidence[drawn],
                    one.right[drawn],
                    color=f'C{index % 10}',
                    linestyle=('-', '--', ':')[index // 10 % 3],
                    linewidth=0.8,
                    alpha=0.7,
                    label=name,
                )
        filled = together.count > 0
        axes.plot(
            together.confidence[filled], together.right[filled], 'k.-', linewidth=2, label='all'
        )
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel='confidence', aspect='equal')
        axes.set_title(f'{title}: ECE {100 * together.ece:.1f} %')
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel(f'share of joints within {radius}')
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize='x-small', loc='outside right center')
    write_figure(out_file, figure, dpi=110)
