"""What somebody tried against the product: breaks that must close, and attacks that must keep failing."""
