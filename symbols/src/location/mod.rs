//! Locations: where DWARF says a variable is, evaluated on a stopped guest.
