"""The paper's figures, drawn from our numbers, with the trivial predictors in each."""
