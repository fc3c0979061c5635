"""
What depth does to fine-tuning
==============================

Outside the span of the data a deep linear network keeps its source, but for a factor that
depends on its depth. Trained networks against the formula of the catalog.
"""

import matplotlib.pyplot as plt
import numpy as np

from ftproofs import claims
from ftproofs.check.judge import Judge
from ftproofs.names import complete
from ftproofs.numeric.experiments import run
from ftproofs.settings import Block, Setting

claim = claims["deep-linear-endpoint"]
statement = next(s for s in claim.statements if str(s.lhs) == "perp_ratio")
print(statement)

# %%
# Networks of four depths, trained by gradient flow until what is left of the way is certified
# to be small, on tasks whose targets grow. Along the axis is what the formula predicts for
# each of them, from its data.

for depth in (1, 2, 3, 5):
    settings = []
    for norm in np.linspace(0.3, 3, 12):
        values = {"L": depth, "n": 6, "d": 20, "theta": 1, "target_norm": float(norm)}
        values = complete(claim.experiment, values)
        settings.append(Setting.of(claim.experiment, values, root=0, stage="explore", index=0))
    rows = run(Block(tuple(settings), "flow"), device="cpu")
    gaps = Judge(statement).each(rows)
    plt.plot(gaps.predicted, gaps.observed, "o", label=f"L = {depth}")
    print(f"L = {depth}: largest error {gaps.gap.max():.1e}, known to {gaps.half_width.max():.1e}")

plt.axline((1, 1), slope=1, color="gray", linewidth=1, zorder=0)
plt.xlabel("predicted factor")
plt.ylabel("factor that training left")
plt.legend()
plt.show()
