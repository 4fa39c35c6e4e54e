"""Names, identity documents, codes and numbers: one spelling each, checked by the standards behind them."""
