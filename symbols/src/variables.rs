//! Variables in scope at a place.
