//! What a function does to the shadow stack on entry, read from its opcodes.
