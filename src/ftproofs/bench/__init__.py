"""What ftproofs costs beside what one would otherwise run: both sides in one process, by turns, at equal error."""
