"""When a presynaptic spike releases: before it raises the facilitation u, or after."""

# A module of its own, for sheets are read without what their formulas need.
BEFORE_JUMP, AFTER_JUMP = "before_jump", "after_jump"
CONVENTIONS = (BEFORE_JUMP, AFTER_JUMP)
