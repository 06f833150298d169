//! Steps by source lines and by opcodes: which places to arm, and when a step is over.
