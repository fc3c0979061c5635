"""What is known about expressions: names as symbols, special functions, balls, kernels, proofs."""
