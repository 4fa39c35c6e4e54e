"""The templates as text: `sheet-1.typ`, the drawing that never changes, and one template a kind on top of
it."""
