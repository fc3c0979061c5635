"""How fine-tuned ReLU networks approach their kernel prediction as the width grows: the handbook's setting, and wider.

Networks of each width are pretrained on source points, fine-tuned by gradient descent, and compared with kernel
regression of what their start leaves.  Printed: the rms distance times the root of the width, the squared movement
over r'H^-1 r, how many steps training took, and how many networks have a certified bound on the distance to the limit
of their training.  The last line is the least-squares slope of the mean logarithm of the distance, with 95 %.

    python benchmarks/relu_widths.py --d 8 --n 6 --networks 24 --widths 64 128 256 512 1024
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np

from ftproofs.names import complete
from ftproofs.numeric.device import single_threaded
from ftproofs.numeric.experiments import run
from ftproofs.settings import Block, Setting


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--d", type=int, default=8)
    parser.add_argument("--n", type=int, default=6)
    parser.add_argument("--gamma-s", type=float, default=5.0, help="source samples over d")
    parser.add_argument("--networks", type=int, default=24)
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 128, 256, 512, 1024])
    options = parser.parse_args()
    print("width   rms sqrt(m)   movement/energy   steps   certified   s")
    logs = []
    single_threaded()
    for m in options.widths:
        values = {"n": options.n, "d": options.d, "m": m, "theta": math.pi / 2, "gamma_s": options.gamma_s}
        values = complete("relu.finetune", values)
        settings = tuple(Setting.of("relu.finetune", values, index=i) for i in range(options.networks))
        begin = time.perf_counter()
        rows = run(Block(settings, "descent"))
        seconds = time.perf_counter() - begin
        gap = rows.values["kernel_gap"]
        ratio = rows.values["movement"] / rows.values["label_energy"]
        logs.append(np.log(gap))
        certified = np.isfinite(rows.bounds["kernel_gap"]).sum()
        print(
            f"{m:5d}   {math.exp(np.nanmean(np.log(gap))) * math.sqrt(m):11.3f}   {np.nanmean(ratio):8.4f}"
            f" +- {np.nanstd(ratio) / math.sqrt(len(ratio)):.4f}   {rows.info['steps'].mean():5.0f}"
            f"   {certified:4d}/{len(ratio)}   {seconds:.1f}",
            flush=True,
        )
    place = np.log(options.widths)
    weights = (place - place.mean()) / ((place - place.mean()) ** 2).sum()
    rates = weights @ np.stack(logs)
    rates = rates[np.isfinite(rates)]
    half = 1.96 * rates.std(ddof=1) / math.sqrt(len(rates))
    print(f"slope {rates.mean():.3f} +- {half:.3f} over {len(rates)} networks")


if __name__ == "__main__":
    main()
