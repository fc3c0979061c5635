"""The numeric wing: tasks, training to the limit with an error bound, oracles, statistics.  Never imports SymPy."""
