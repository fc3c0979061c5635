"""The numeric wing: tasks, training to the limit with an error bound, oracles, statistics.  Never imports SymPy."""

import os

# MKL's products round by how arrays lie in memory, which depends on a row's place in its batch: a row would not
# replay alone.  Read at its first call; costs nothing measurable.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
